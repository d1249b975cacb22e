using System.Collections.Concurrent;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Sql;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;

namespace Qmtl.Messaging.Kafka;

/// <summary>Topics on a broker. The database knows which exist and how they are divided, since the outbox divides by it; the broker holds their records.</summary>
internal sealed class KafkaTopics(SqlTopics registry, IBrokerAdmin broker, KafkaReaders readers, TimeProvider clock) : ITopicAdmin
{
    // Another process may remove a topic; what its writers remember of it must not last.
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (int Partitions, DateTimeOffset At)> _known = new(StringComparer.Ordinal);

    public async Task<TopicSettings> EnsureAsync(TopicSettings settings, CancellationToken cancellationToken = default)
    {
        if (settings.Problem() is { } problem) throw new ArgumentException(problem, nameof(settings));
        // A topic that was here before, perhaps before there was a broker, keeps its division.
        var partitions = (await registry.FindAsync(settings.Name, cancellationToken))?.Partitions ?? settings.Partitions;
        var there = await broker.EnsureAsync(settings with { Partitions = partitions }, cancellationToken)
            ?? throw new StorageException(StorageFailure.Unavailable, $"Topic {settings.Name} is not on the broker, and {KafkaOptions.Section}:{nameof(KafkaOptions.CreateTopics)} is off: let the broker's operators create it with {partitions} partitions.");
        // More than ours would do no harm: a record names its partition, and keys are divided by the number that the database knows.
        if (there < partitions)
            throw new StorageException(StorageFailure.Other, $"Topic {settings.Name} has {there} partitions on the broker and {partitions} here; the broker needs at least as many.");
        var ensured = await registry.EnsureAsync(settings with { Partitions = partitions }, cancellationToken);
        _known[settings.Name] = (ensured.Partitions, clock.GetUtcNow());
        return ensured;
    }

    public async Task DeleteAsync(string topic, CancellationToken cancellationToken = default)
    {
        // Here first: from now on nobody appends to it, and a broker that is away only keeps records that nobody reads.
        await registry.DeleteAsync(topic, cancellationToken);
        _known.TryRemove(topic, out _);
        await broker.DeleteAsync(topic, cancellationToken);
    }

    public Task<IReadOnlyList<TopicSettings>> ListAsync(CancellationToken cancellationToken = default) => registry.ListAsync(cancellationToken);

    public async Task<IReadOnlyList<PartitionState>> DescribeAsync(string topic, CancellationToken cancellationToken = default)
    {
        if (await FindAsync(topic, cancellationToken) is not { } partitions) return [];
        return await Task.WhenAll(Enumerable.Range(0, partitions).Select(partition => readers.BoundsAsync(new TopicPartition(topic, partition), cancellationToken)));
    }

    public Task<IReadOnlyList<string>> GroupsAsync(CancellationToken cancellationToken = default) => broker.GroupsAsync(cancellationToken);

    public async Task<IReadOnlyList<GroupState>> DescribeGroupAsync(string group, CancellationToken cancellationToken = default)
    {
        var topics = await registry.ListAsync(cancellationToken);
        var onBroker = new List<TopicPartition>();
        foreach (var topic in topics)
        {
            // Registered with the outbox, but nothing of it has reached the broker yet.
            if (_known.ContainsKey(topic.Name) || await broker.EnsureAsync(topic, cancellationToken) is not null)
                onBroker.AddRange(Enumerable.Range(0, topic.Partitions).Select(partition => new TopicPartition(topic.Name, partition)));
        }
        return onBroker.Count == 0 ? [] : await readers.GroupAsync(group, onBroker, cancellationToken);
    }

    /// <summary>Removes what the outbox has handed on long ago. The broker trims its topics itself.</summary>
    public Task<long> TrimAsync(CancellationToken cancellationToken = default) => registry.TrimAsync(cancellationToken);

    /// <summary>How many partitions a topic has; those of the catalogue come into being here.</summary>
    /// <exception cref="UnknownTopicException">It does not exist.</exception>
    public async ValueTask<int> PartitionsAsync(string topic, CancellationToken cancellationToken) =>
        await FindAsync(topic, cancellationToken) ?? (await EnsureAsync(TopicCatalog.Settings(topic) ?? throw new UnknownTopicException(topic), cancellationToken)).Partitions;

    /// <summary>How many partitions a topic has, on the broker too; null when it does not exist.</summary>
    public async ValueTask<int?> FindAsync(string topic, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(topic, out var known) && clock.GetUtcNow() - known.At < Memory) return known.Partitions;
        if (await registry.FindAsync(topic, cancellationToken) is not { } settings)
        {
            _known.TryRemove(topic, out _);
            return null;
        }
        if (_known.ContainsKey(topic))
        {
            _known[topic] = (settings.Partitions, clock.GetUtcNow());
            return settings.Partitions;
        }
        return (await EnsureAsync(settings, cancellationToken)).Partitions;
    }
}
