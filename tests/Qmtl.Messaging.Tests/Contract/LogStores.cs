using Qmtl.Messaging.Topics;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.Contract;

/// <summary>What a log stands on, empty for each test.</summary>
internal abstract class LogStore : IAsyncDisposable
{
    /// <summary>The configuration of a process that uses it.</summary>
    public Dictionary<string, string?> Settings { get; } = [];

    /// <summary>Whether a reader learns of another process's record without polling.</summary>
    public virtual bool WakesAcrossProcesses => true;

    /// <summary>Whether a group takes commits while it is being divided anew. Brokers do until the new division is settled; the mock does not.</summary>
    public virtual bool CommitsWhileDividing => true;

    public abstract Task StartAsync();

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

internal sealed class SqliteStore : LogStore
{
    // A file tells nobody that it changed.
    public override bool WakesAcrossProcesses => false;

    public override Task StartAsync()
    {
        Settings["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-bus-").FullName;
        Settings["Storage:Fsync"] = "false";
        return Task.CompletedTask;
    }
}

internal sealed class PostgresStore : LogStore
{
    public override async Task StartAsync() => Settings["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync();
}

/// <summary>A broker, and a database that is its outbox.</summary>
internal sealed class KafkaStore(int brokers = 1) : LogStore
{
    public override bool CommitsWhileDividing => false;

    public KafkaMockCluster Cluster { get; private set; } = null!;

    public override Task StartAsync()
    {
        Cluster = KafkaMockCluster.Start(brokers);
        Settings["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-kafka-").FullName;
        Settings["Storage:Fsync"] = "false";
        Settings["ConnectionStrings:kafka"] = Cluster.BootstrapServers;
        // The mock has no topic administration; it creates topics of four partitions when it is asked about them.
        foreach (var topic in TopicCatalog.All) Cluster.CreateTopic(topic.Name, topic.Partitions);
        Settings["Messaging:Kafka:CreateTopics"] = "false";
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        Cluster.Dispose();
        return base.DisposeAsync();
    }
}
