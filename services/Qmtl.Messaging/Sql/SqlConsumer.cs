using Microsoft.Extensions.Logging;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;

namespace Qmtl.Messaging.Sql;

/// <summary>How a reader comes to its partitions.</summary>
internal interface IMembership : IAsyncDisposable
{
    string Group { get; }

    Task JoinAsync(CancellationToken cancellationToken);

    Task CommitAsync(TopicPartition partition, long nextOffset, CancellationToken cancellationToken);

    /// <summary>Records of a partition are no longer in work; a partition that waits to be given up can go now.</summary>
    void Released(TopicPartition partition);
}

/// <summary>Reads the partitions it owns, in turn.</summary>
internal sealed partial class SqlConsumer(
    IDatabase database,
    ConsumerOptions options,
    AssignmentTable assignments,
    IMembership membership,
    LogSignal signal,
    MessagingTelemetry telemetry,
    TimeProvider clock,
    ILogger<SqlConsumer> logger) : ILogConsumer
{
    private readonly LogSignal.Listener _listener = signal.Listen([.. options.Topics, LogSignal.GroupPrefix + options.Group]);

    public IReadOnlyCollection<TopicPartition> Assigned => assignments.Owned;

    public async Task<IReadOnlyList<LogRecord>> PollAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var records = await ReadAsync(cancellationToken);
            if (records.Count > 0) return records;
            telemetry.CaughtUp(options.Topics, membership.Group);
            await _listener.WaitAsync(options.PollInterval, clock, cancellationToken);
        }
    }

    public bool Owns(TopicPartition partition) => assignments.Owns(partition);

    public Task CommitAsync(TopicPartition partition, long nextOffset, CancellationToken cancellationToken = default) => membership.CommitAsync(partition, nextOffset, cancellationToken);

    public void Seek(TopicPartition partition, long offset)
    {
        assignments.Seek(partition, offset);
        _listener.Set();
    }

    public void Pause(TopicPartition partition) => assignments.SetPaused(partition, paused: true);

    public void Resume(TopicPartition partition)
    {
        assignments.SetPaused(partition, paused: false);
        membership.Released(partition);
        _listener.Set();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await membership.DisposeAsync();
    }

    private async Task<IReadOnlyList<LogRecord>> ReadAsync(CancellationToken cancellationToken)
    {
        var readable = assignments.Readable();
        if (readable.Count == 0) return [];
        var found = await database.ReadAsync(session => ReadAsync(session, readable), cancellationToken);
        var records = new List<LogRecord>();
        foreach (var (partition, from, read) in found)
        {
            // Between reading and here the partition may have been lost or moved; then these are not ours to give.
            if (assignments.Advance(partition, from, read[^1].Position.Offset + 1)) records.AddRange(read);
        }
        return records;
    }

    private async Task<List<(TopicPartition Partition, long From, IReadOnlyList<LogRecord> Records)>> ReadAsync(ISession session, Dictionary<TopicPartition, long> readable)
    {
        var bounds = await session.QueryAsync<PartitionRow>("SELECT topic, partition, low_offset, next_offset FROM bus_partition WHERE topic IN @Topics", new { options.Topics });
        var found = new List<(TopicPartition, long, IReadOnlyList<LogRecord>)>();
        foreach (var row in bounds)
        {
            var partition = new TopicPartition(row.Topic, row.Partition);
            if (options.Group is not null && assignments.Owns(partition)) telemetry.Ends(partition, membership.Group, row.NextOffset);
            if (!readable.TryGetValue(partition, out var from) || from >= row.NextOffset) continue;
            if (from < row.LowOffset) Skip(partition, from, row.LowOffset);
            var records = await SqlMessageLog.ReadAsync(session, partition, Math.Max(from, row.LowOffset), options.BatchSize);
            if (records.Count > 0) found.Add((partition, from, records));
        }
        return found;
    }

    private void Skip(TopicPartition partition, long from, long low)
    {
        telemetry.Skipped(partition.Topic, low - from);
        Log.Skipped(logger, partition, low - from, membership.Group);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Retention removed {Count} records of {Partition} before {Group} came to them")]
        public static partial void Skipped(ILogger logger, TopicPartition partition, long count, string group);
    }
}

/// <summary>Reads all partitions and remembers nothing.</summary>
internal sealed class LoneReader(IDatabase database, ConsumerOptions options, AssignmentTable assignments) : IMembership
{
    public string Group => "";

    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<PartitionRow>("SELECT topic, partition, low_offset, next_offset FROM bus_partition WHERE topic IN @Topics", new { options.Topics }, cancellationToken);
        foreach (var row in rows)
            assignments.Hold(new TopicPartition(row.Topic, row.Partition), epoch: 0, options.Start == StartAt.Earliest ? row.LowOffset : row.NextOffset, validUntil: long.MaxValue);
    }

    public Task CommitAsync(TopicPartition partition, long nextOffset, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Released(TopicPartition partition)
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
