using System.Collections.Concurrent;
using Confluent.Kafka;
using Qmtl.Messaging.Log;
using Qmtl.Storage;
using Partition = Qmtl.Messaging.Topics.TopicPartition;

namespace Qmtl.Messaging.Kafka;

/// <summary>Looks into partitions without being a member of anything: bounds, records from an offset on, what groups have committed.</summary>
/// <remarks>Clients are kept for the next question: making one costs several connections. Their calls block, so they have threads of the pool to themselves.</remarks>
internal sealed class KafkaReaders(KafkaClients clients, TimeProvider clock) : IDisposable
{
    private const int MostIdle = 4;

    // No one joins it and nothing is committed to it.
    private const string Group = "qmtl-reader";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentBag<IConsumer<string, byte[]>> _idle = [];

    /// <summary>At most <paramref name="limit"/> records from an offset on; empty at the end.</summary>
    public Task<IReadOnlyList<LogRecord>> ReadAsync(Partition partition, long fromOffset, int limit, CancellationToken cancellationToken) =>
        UseAsync<IReadOnlyList<LogRecord>>(client => Read(client, partition, fromOffset, limit, cancellationToken), cancellationToken);

    public Task<PartitionState> BoundsAsync(Partition partition, CancellationToken cancellationToken) =>
        UseAsync(client => Bounds(client, partition), cancellationToken);

    /// <summary>How far a group is in those of the partitions that it has committed to.</summary>
    public Task<IReadOnlyList<GroupState>> GroupAsync(string group, IReadOnlyList<Partition> partitions, CancellationToken cancellationToken) => Task.Run<IReadOnlyList<GroupState>>(
        () =>
        {
            try
            {
                using var client = clients.NewConsumer(group, clients.Options.ShortestSession).Build();
                return [.. Committed(client, partitions).Select(each => new GroupState(each.Key, each.Value, Bounds(client, each.Key).End, Owner: null)).OrderBy(state => state.Partition)];
            }
            catch (KafkaException error)
            {
                throw KafkaErrors.Translate(error);
            }
        },
        cancellationToken);

    /// <summary>What a client's group has committed; partitions without are left out.</summary>
    public static Dictionary<Partition, long> Committed(IConsumer<string, byte[]> client, IEnumerable<Partition> partitions) =>
        client.Committed(partitions.Select(KafkaRecords.ToKafka), Patience).Where(each => each.Offset.Value >= 0).ToDictionary(each => KafkaRecords.FromKafka(each.TopicPartition), each => each.Offset.Value);

    public static PartitionState Bounds(IConsumer<string, byte[]> client, Partition partition)
    {
        var bounds = client.QueryWatermarkOffsets(KafkaRecords.ToKafka(partition), Patience);
        return new PartitionState(partition, bounds.Low.Value, bounds.High.Value);
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var client)) client.Dispose();
    }

    private List<LogRecord> Read(IConsumer<string, byte[]> client, Partition partition, long fromOffset, int limit, CancellationToken cancellationToken)
    {
        var bounds = Bounds(client, partition);
        var next = Math.Max(fromOffset, bounds.Start);
        var records = new List<LogRecord>();
        if (next >= bounds.End) return records;
        client.Assign(KafkaRecords.At(partition, next));
        var started = clock.GetTimestamp();
        while (next < bounds.End && records.Count < limit)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (client.Consume(Step) is { } result)
            {
                records.Add(KafkaRecords.FromKafka(result));
                next = result.Offset.Value + 1;
            }
            else if (clock.GetElapsedTime(started) > Patience)
            {
                throw new StorageException(StorageFailure.Unavailable, $"Kafka: {partition} gave no record from offset {next} on within {Patience.TotalSeconds} s.");
            }
        }
        client.Unassign();
        return records;
    }

    private Task<T> UseAsync<T>(Func<IConsumer<string, byte[]>, T> use, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            if (!_idle.TryTake(out var client)) client = clients.NewConsumer(Group, clients.Options.ShortestSession).Build();
            try
            {
                var result = use(client);
                if (_idle.Count < MostIdle)
                {
                    _idle.Add(client);
                    client = null;
                }
                return result;
            }
            catch (KafkaException error)
            {
                throw KafkaErrors.Translate(error);
            }
            finally
            {
                client?.Dispose();
            }
        },
        cancellationToken);
}
