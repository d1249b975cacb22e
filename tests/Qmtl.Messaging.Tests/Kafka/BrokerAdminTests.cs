using System.Reflection;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Qmtl.Messaging.Kafka;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;

namespace Qmtl.Messaging.Tests.Kafka;

/// <summary>Topic administration against a client that only writes down what it is asked: no broker has confirmed these calls.</summary>
public sealed class BrokerAdminTests
{
    private static readonly TopicSettings Settings = new("orders", 3, TimeSpan.FromHours(24)) { RetentionBytes = 1000 };

    [Fact]
    public async Task EnsureAsync_NewTopic_IsCreatedWithItsRetention()
    {
        var client = new FakeAdmin();

        Assert.Equal(3, await Admin(client).EnsureAsync(Settings, CancellationToken.None));

        var created = Assert.Single(client.Created);
        Assert.Equal(("orders", 3, (short)-1), (created.Name, created.NumPartitions, created.ReplicationFactor));
        Assert.Equal(("86400000", "1000", "delete", "2097152"), (created.Configs["retention.ms"], created.Configs["retention.bytes"], created.Configs["cleanup.policy"], created.Configs["max.message.bytes"]));
        Assert.Empty(client.Altered);
    }

    [Fact]
    public async Task EnsureAsync_ExistingTopic_TakesTheRetentionAndKeepsWhatOperatorsSet()
    {
        var client = new FakeAdmin { Exists = true, Present = { ["min.insync.replicas"] = "2", ["retention.ms"] = "1" } };

        Assert.Equal(5, await Admin(client).EnsureAsync(Settings, CancellationToken.None));

        Assert.Equal("2", client.Altered["min.insync.replicas"]);
        Assert.Equal("86400000", client.Altered["retention.ms"]);
    }

    [Fact]
    public async Task EnsureAsync_NothingToChange_AltersNothing()
    {
        var client = new FakeAdmin { Exists = true, Present = { ["retention.ms"] = "86400000", ["retention.bytes"] = "1000", ["cleanup.policy"] = "delete", ["max.message.bytes"] = "2097152" } };

        await Admin(client).EnsureAsync(Settings, CancellationToken.None);

        Assert.Empty(client.Altered);
    }

    [Fact]
    public async Task EnsureAsync_TopicsAreTheOperators_OnlyLooks()
    {
        var client = new FakeAdmin { Exists = true };
        var admin = Admin(client, new KafkaOptions { CreateTopics = false });

        Assert.Equal(5, await admin.EnsureAsync(Settings, CancellationToken.None));
        await admin.DeleteAsync("orders", CancellationToken.None);
        client.Exists = false;
        Assert.Null(await admin.EnsureAsync(Settings, CancellationToken.None));

        Assert.Empty(client.Created);
        Assert.Empty(client.Deleted);
    }

    [Fact]
    public async Task DeleteAsync_TopicThatIsGone_IsDone()
    {
        var client = new FakeAdmin();

        await Admin(client).DeleteAsync("orders", CancellationToken.None);

        Assert.Equal(["orders"], client.Deleted);
    }

    [Fact]
    public async Task EnsureAsync_NotAllowed_IsARefusalAndNoOutage()
    {
        var client = new FakeAdmin { Problem = ErrorCode.TopicAuthorizationFailed };

        var error = await Assert.ThrowsAsync<StorageException>(() => Admin(client).EnsureAsync(Settings, CancellationToken.None));

        Assert.Equal(StorageFailure.Other, error.Failure);
    }

    private static BrokerAdmin Admin(FakeAdmin fake, KafkaOptions? options = null)
    {
        var client = DispatchProxy.Create<IAdminClient, FakeAdminProxy>();
        ((FakeAdminProxy)(object)client).Fake = fake;
        return new BrokerAdmin(() => client, options ?? new KafkaOptions());
    }
}

/// <summary>What the client was asked for, and what it answers.</summary>
public sealed class FakeAdmin
{
    public bool Exists { get; set; }

    public ErrorCode? Problem { get; init; }

    public Dictionary<string, string> Present { get; } = [];

    public List<TopicSpecification> Created { get; } = [];

    public Dictionary<string, string> Altered { get; } = [];

    public List<string> Deleted { get; } = [];

    internal Task Create(IEnumerable<TopicSpecification> topics)
    {
        var error = Problem ?? (Exists ? ErrorCode.TopicAlreadyExists : ErrorCode.NoError);
        if (error is not ErrorCode.NoError) throw new CreateTopicsException([.. topics.Select(topic => new CreateTopicReport { Topic = topic.Name, Error = new Error(error) })]);
        Created.AddRange(topics);
        return Task.CompletedTask;
    }

    internal Task Delete(IEnumerable<string> topics)
    {
        Deleted.AddRange(topics);
        throw new DeleteTopicsException([.. topics.Select(topic => new DeleteTopicReport { Topic = topic, Error = new Error(ErrorCode.UnknownTopicOrPart) })]);
    }

    internal Task<List<DescribeConfigsResult>> Describe() => Task.FromResult<List<DescribeConfigsResult>>(
        [new DescribeConfigsResult { Entries = Present.ToDictionary(each => each.Key, each => new ConfigEntryResult { Name = each.Key, Value = each.Value, Source = ConfigSource.DynamicTopicConfig }) }]);

    internal Task Alter(Dictionary<ConfigResource, List<ConfigEntry>> configs)
    {
        foreach (var entry in configs.Single().Value) Altered[entry.Name] = entry.Value;
        return Task.CompletedTask;
    }

    internal Metadata Look(string topic)
    {
        var partitions = Enumerable.Range(0, 5).Select(partition => new PartitionMetadata(partition, 1, [1], [1], new Error(ErrorCode.NoError))).ToList();
        return new Metadata([], [new TopicMetadata(topic, Exists ? partitions : [], new Error(Exists ? ErrorCode.NoError : ErrorCode.UnknownTopicOrPart))], 1, "broker");
    }
}

/// <summary>The client's interface differs between its versions; a proxy needs only the calls that are made.</summary>
public class FakeAdminProxy : DispatchProxy
{
    internal FakeAdmin Fake { get; set; } = null!;

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        nameof(IAdminClient.CreateTopicsAsync) => Fake.Create((IEnumerable<TopicSpecification>)args![0]!),
        nameof(IAdminClient.DeleteTopicsAsync) => Fake.Delete((IEnumerable<string>)args![0]!),
        nameof(IAdminClient.DescribeConfigsAsync) => Fake.Describe(),
        nameof(IAdminClient.AlterConfigsAsync) => Fake.Alter((Dictionary<ConfigResource, List<ConfigEntry>>)args![0]!),
        nameof(IAdminClient.GetMetadata) when args is [string topic, _] => Fake.Look(topic),
        _ => throw new NotSupportedException(targetMethod.Name),
    };
}
