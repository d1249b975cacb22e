using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Qmtl.Messaging.Log;
using Qmtl.Storage;
using Partition = Qmtl.Messaging.Topics.TopicPartition;

namespace Qmtl.Messaging.Kafka;

/// <summary>One reader. The client has a thread of its own, which alone fetches, seeks and takes part in the group; readers take from what it has put into the buffers.</summary>
/// <remarks>
/// A partition that goes to another member waits, inside the group's hand-over, until the handler at work on it has finished and committed: no record is
/// in work in two places. A member that the group has given up finds out by its session or at its commit, which the broker refuses.
/// </remarks>
internal sealed partial class KafkaConsumer : ILogConsumer
{
    // While partitions turn between full and hungry, the client must not sleep through it.
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestHandOver = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CommitPause = TimeSpan.FromMilliseconds(100);
    private const int Burst = 1000;
    private const int CommitAttempts = 20;

    private readonly ConsumerOptions _options;
    private readonly PartitionBuffers _buffers;
    private readonly IConsumer<string, byte[]> _client;
    private readonly MessagingTelemetry _telemetry;
    private readonly TimeProvider _clock;
    private readonly ILogger<KafkaConsumer> _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _arrived = new(0, 1);
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile StorageException? _failure;
    private Task _loop = Task.CompletedTask;

    public KafkaConsumer(KafkaClients clients, ConsumerOptions options, MessagingTelemetry telemetry, TimeProvider clock, ILogger<KafkaConsumer> logger)
    {
        (_options, _telemetry, _clock, _logger) = (options, telemetry, clock, logger);
        _buffers = new PartitionBuffers(options.BatchSize);
        var builder = clients.NewConsumer(options.Group ?? "qmtl-alone-" + Guid.NewGuid().ToString("N"), options.Lease).SetErrorHandler((_, error) => Report(error));
        if (options.Group is not null)
        {
            builder.SetPartitionsAssignedHandler(Assigned_)
                .SetPartitionsRevokedHandler((_, partitions) => Revoked(partitions))
                .SetPartitionsLostHandler((_, partitions) => Lost(partitions));
        }
        _client = builder.Build();
    }

    public IReadOnlyCollection<Partition> Assigned => _buffers.Owned;

    private string Group => _options.Group ?? "";

    /// <summary>Joins the group, or takes all partitions. Afterwards it is settled where each owned partition begins.</summary>
    public async Task JoinAsync(IReadOnlyList<Partition> partitions, CancellationToken cancellationToken)
    {
        // A thread of its own: the client's calls block, and inside of one a hand-over may wait for handlers.
        _loop = Task.Factory.StartNew(() => Run(partitions), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await _joined.Task.WaitAsync(JoinPatience, _clock, cancellationToken);
        }
        catch (TimeoutException error)
        {
            throw new StorageException(StorageFailure.Unavailable, $"Kafka: group {Group} did not come together within {JoinPatience.TotalSeconds} s.", error);
        }
    }

    public async Task<IReadOnlyList<LogRecord>> PollAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_failure is { } failure) throw failure;
            var records = _buffers.HandOut();
            if (records.Count > 0) return records;
            _telemetry.CaughtUp(_options.Topics, Group);
            await _arrived.WaitAsync(cancellationToken);
        }
    }

    public bool Owns(Partition partition) => _buffers.Owns(partition);

    public async Task CommitAsync(Partition partition, long nextOffset, CancellationToken cancellationToken = default)
    {
        if (_options.Group is null) return;
        for (var attempt = 1; _buffers.Holds(partition); attempt++)
        {
            try
            {
                await Task.Run(() => _client.Commit([KafkaRecords.At(partition, nextOffset)]), cancellationToken);
                _telemetry.Committed(partition, Group, nextOffset);
                return;
            }
            catch (KafkaException error) when (error.Error.Code is ErrorCode.RebalanceInProgress && attempt < CommitAttempts)
            {
                // The group is between two arrangements; the partition is ours until it is taken.
                await Task.Delay(CommitPause, _clock, cancellationToken);
            }
            catch (KafkaException error) when (KafkaErrors.MeansLost(error.Error.Code))
            {
                Drop(partition);
                break;
            }
            catch (KafkaException error)
            {
                throw KafkaErrors.Translate(error);
            }
        }
        throw new PartitionLostException(partition);
    }

    public void Seek(Partition partition, long offset) => _buffers.Seek(partition, offset);

    public void Pause(Partition partition) => _buffers.SetInWork(partition, inWork: true);

    public void Resume(Partition partition)
    {
        _buffers.SetInWork(partition, inWork: false);
        Arrived();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _client.Dispose();
        _stop.Dispose();
    }

    private void Run(IReadOnlyList<Partition> partitions)
    {
        try
        {
            Begin(partitions);
            while (!_stop.IsCancellationRequested) Turn();
            // Leaves the group at once, so that the others need not wait for the end of a session.
            _client.Close();
        }
        catch (KafkaException error)
        {
            _failure = KafkaErrors.Translate(error);
            _joined.TrySetException(_failure);
            Log.Ended(_logger, Group, error.Error.Reason);
            Arrived();
        }
    }

    private void Begin(IReadOnlyList<Partition> partitions)
    {
        if (_options.Group is not null)
        {
            _client.Subscribe(_options.Topics);
            return;
        }
        TopicPartitionOffset[] starts = [.. partitions.Select(partition => KafkaRecords.At(partition, StartOf(partition)))];
        foreach (var start in starts) _buffers.Take(KafkaRecords.FromKafka(start.TopicPartition), start.Offset.Value);
        _client.Assign(starts);
        _joined.TrySetResult();
    }

    private void Turn()
    {
        foreach (var (partition, offset) in _buffers.Seeks()) TrySeek(partition, offset);
        foreach (var (partition, full) in _buffers.Turned()) Throttle(partition, full);
        var result = Fetch(Idle);
        for (var count = 0; result is not null; count++)
        {
            Add(result);
            result = count < Burst ? Fetch(TimeSpan.Zero) : null;
        }
    }

    private ConsumeResult<string, byte[]>? Fetch(TimeSpan longest)
    {
        try
        {
            return _client.Consume(longest);
        }
        catch (ConsumeException error) when (!error.Error.IsFatal)
        {
            // The client goes on by itself: a leader moved, a topic is not known everywhere yet.
            Log.Interrupted(_logger, Group, error.Error.Reason);
            return null;
        }
    }

    private void Add(ConsumeResult<string, byte[]> result)
    {
        var record = KafkaRecords.FromKafka(result);
        if (_buffers.Add(record) is > 0 and var missing)
        {
            _telemetry.Skipped(record.Position.Topic, missing);
            Log.Skipped(_logger, record.Partition, missing, Group);
        }
        if (_options.Group is not null) _telemetry.Ends(record.Partition, Group, Math.Max(record.Position.Offset + 1, _client.GetWatermarkOffsets(result.TopicPartition).High.Value));
        Arrived();
    }

    private void TrySeek(Partition partition, long offset)
    {
        try
        {
            _client.Seek(KafkaRecords.At(partition, offset));
            _buffers.Sought(partition, offset);
        }
        catch (KafkaException error) when (error.Error.Code is ErrorCode.Local_State or ErrorCode.Local_UnknownPartition)
        {
            // Fetching of the partition has not begun yet, or just ended; the next turn tries again.
        }
    }

    private void Throttle(Partition partition, bool full)
    {
        try
        {
            if (full) _client.Pause([KafkaRecords.ToKafka(partition)]);
            else _client.Resume([KafkaRecords.ToKafka(partition)]);
        }
        catch (KafkaException error)
        {
            // It has gone to another member in between.
            Log.Interrupted(_logger, Group, error.Error.Reason);
        }
    }

    private IEnumerable<TopicPartitionOffset> Assigned_(IConsumer<string, byte[]> client, List<Confluent.Kafka.TopicPartition> assigned)
    {
        Partition[] partitions = [.. assigned.Select(KafkaRecords.FromKafka)];
        var committed = partitions.Length == 0 ? [] : KafkaReaders.Committed(client, partitions);
        var starts = new List<TopicPartitionOffset>();
        foreach (var partition in partitions)
        {
            if (!committed.TryGetValue(partition, out var next))
            {
                next = StartOf(partition);
                // Written down at once: a reader that begins with what comes next must not begin later still after a crash before its first commit.
                if (_options.Start is StartAt.Latest) client.Commit([KafkaRecords.At(partition, next)]);
            }
            _buffers.Take(partition, next);
            _telemetry.Committed(partition, Group, next);
            starts.Add(KafkaRecords.At(partition, next));
        }
        if (starts.Count > 0) Log.Taken(_logger, Group, starts.Count);
        _joined.TrySetResult();
        return starts;
    }

    private void Revoked(List<TopicPartitionOffset> revoked)
    {
        Partition[] partitions = [.. revoked.Select(each => KafkaRecords.FromKafka(each.TopicPartition))];
        var late = _buffers.GiveUp(partitions, _stop.IsCancellationRequested ? TimeSpan.Zero : LongestHandOver, _clock);
        foreach (var partition in partitions) _telemetry.Gone(partition, Group);
        foreach (var partition in late) TellLost(partition);
    }

    private void Lost(List<TopicPartitionOffset> lost)
    {
        foreach (var each in lost) Drop(KafkaRecords.FromKafka(each.TopicPartition));
    }

    private void Drop(Partition partition)
    {
        _telemetry.Gone(partition, Group);
        if (_buffers.Lose(partition)) TellLost(partition);
    }

    private void TellLost(Partition partition)
    {
        _telemetry.PartitionLost(partition.Topic, Group);
        Log.LostInWork(_logger, partition, Group);
    }

    private long StartOf(Partition partition)
    {
        var bounds = KafkaReaders.Bounds(_client, partition);
        return _options.Start is StartAt.Earliest ? bounds.Start : bounds.End;
    }

    private void Report(Error error)
    {
        if (!error.IsFatal) return;
        _failure = KafkaErrors.Translate(error);
        Arrived();
    }

    private void Arrived()
    {
        try
        {
            if (_arrived.CurrentCount == 0) _arrived.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another thread set it in between, which is all we wanted.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Group {Group}: took {Count} partitions")]
        public static partial void Taken(ILogger logger, string group, int count);

        [LoggerMessage(2, LogLevel.Warning, "{Partition} of group {Group} went to another member while records of it were in work; they will be handled again")]
        public static partial void LostInWork(ILogger logger, Partition partition, string group);

        [LoggerMessage(3, LogLevel.Warning, "Reading of group {Group} was interrupted and goes on: {Reason}")]
        public static partial void Interrupted(ILogger logger, string group, string reason);

        [LoggerMessage(4, LogLevel.Warning, "Reading of group {Group} ended: {Reason}")]
        public static partial void Ended(ILogger logger, string group, string reason);

        [LoggerMessage(5, LogLevel.Warning, "Retention removed {Count} records of {Partition} before {Group} came to them")]
        public static partial void Skipped(ILogger logger, Partition partition, long count, string group);
    }
}
