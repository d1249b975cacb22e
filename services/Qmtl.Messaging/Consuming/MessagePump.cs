using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging.Consuming;

/// <summary>Reads records and hands each to a handler: in order in a partition, partitions beside each other, at least once.</summary>
/// <remarks>
/// A partition whose record fails waits with it; the others go on. Offsets are committed after handling, up to the last record handled without a gap.
/// </remarks>
internal sealed partial class MessagePump(
    IMessageLog log,
    SubscriptionOptions options,
    Func<LogRecord, CancellationToken, Task> handle,
    MessagingTelemetry telemetry,
    TimeProvider clock,
    ILogger<MessagePump> logger)
{
    private const int CopiesRemembered = 50_000;
    private static readonly TimeSpan AfterError = TimeSpan.FromSeconds(1);
    private readonly string _group = options.Consumer.Group ?? "";

    // What a relay or a re-drive sent twice. Larger than what can be on its way twice.
    private readonly IdempotencyWindow _copies = new(CopiesRemembered, lifetime: null, clock);

    /// <summary>Runs until it is told to end; then it finishes the records in work, commits and leaves.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var consumer = await log.OpenAsync(options.Consumer, stop);
                options.Opened?.Invoke();
                await PumpAsync(consumer, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException error)
            {
                Log.Interrupted(logger, _group, error.Message);
                await Task.Delay(AfterError, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task PumpAsync(ILogConsumer consumer, CancellationToken stop)
    {
        var lanes = new Dictionary<TopicPartition, Task>();
        try
        {
            while (true)
            {
                var records = await consumer.PollAsync(stop);
                foreach (var partition in records.GroupBy(record => record.Partition))
                {
                    // Paused until its records are through, so that no second batch of it overtakes them.
                    consumer.Pause(partition.Key);
                    lanes[partition.Key] = Task.Run(() => RunLaneAsync(consumer, partition.Key, [.. partition], stop), CancellationToken.None);
                }
                foreach (var ended in lanes.Where(lane => lane.Value.IsCompleted).Select(lane => lane.Key).ToArray()) lanes.Remove(ended);
            }
        }
        finally
        {
            await Task.WhenAll(lanes.Values);
        }
    }

    private async Task RunLaneAsync(ILogConsumer consumer, TopicPartition partition, IReadOnlyList<LogRecord> records, CancellationToken stop)
    {
        var next = records[0].Position.Offset;
        try
        {
            foreach (var record in records)
            {
                if (stop.IsCancellationRequested || !consumer.Owns(partition)) break;
                await HandleAsync(record, stop);
                next = record.Position.Offset + 1;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What was handled until here is committed below; the rest comes again.
        }
        catch (Exception error)
        {
            Log.LaneFailed(logger, partition, _group, error);
            await Task.Delay(AfterError, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await EndLaneAsync(consumer, partition, records, next);
    }

    private async Task EndLaneAsync(ILogConsumer consumer, TopicPartition partition, IReadOnlyList<LogRecord> records, long next)
    {
        try
        {
            if (next > records[0].Position.Offset) await consumer.CommitAsync(partition, next, CancellationToken.None);
            if (next <= records[^1].Position.Offset) consumer.Seek(partition, next);
        }
        catch (PartitionLostException error)
        {
            Log.NotCommitted(logger, partition, _group, error.Message);
        }
        catch (StorageException error)
        {
            // Handled but not committed: after a restart these come again, which is what "at least once" means.
            Log.NotCommitted(logger, partition, _group, error.Message);
        }
        finally
        {
            consumer.Resume(partition);
        }
    }

    private async Task HandleAsync(LogRecord record, CancellationToken stop)
    {
        if (!DeadLetters.IsFor(record, _group)) return;
        record.Headers.TryGetValue(RecordId.Header, out var id);
        if (id is not null && _copies.Seen(id))
        {
            telemetry.Duplicate(record.Position.Topic);
            return;
        }
        await TryAsync(record, stop);
        if (id is not null) _copies.Remember(id);
    }

    private async Task TryAsync(LogRecord record, CancellationToken stop)
    {
        using var activity = MessagingTelemetry.StartHandling(record, _group);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await handle(record, stop);
                telemetry.Handled(record, _group, clock.GetUtcNow() - record.At);
                return;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                throw;
            }
            catch (PoisonMessageException error)
            {
                await DeadLetterAsync(record, attempt, error, "poison", stop);
                return;
            }
            catch (Exception error) when (attempt >= options.MaxAttempts)
            {
                await DeadLetterAsync(record, attempt, error, "attempts", stop);
                return;
            }
            catch (Exception error)
            {
                telemetry.Retried(record.Position.Topic, _group);
                Log.Retrying(logger, record.Position, _group, attempt, error);
                await Task.Delay(options.Backoff * attempt, clock, stop);
            }
        }
    }

    private async Task DeadLetterAsync(LogRecord record, int attempts, Exception error, string reason, CancellationToken stop)
    {
        Activity.Current?.SetStatus(ActivityStatusCode.Error, error.Message);
        // A record of a dead-letter topic has nowhere further to go, and a group that wants every record waits for it: the partition stops here.
        if (!options.DeadLetter || TopicSettings.IsDeadLetter(record.Position.Topic)) ExceptionDispatchInfo.Throw(error);
        // Before the offset is committed: a crash in between leaves it twice in the dead-letter topic rather than nowhere.
        await log.AppendAsync([DeadLetters.Of(record, _group, attempts, reason, error)], stop);
        telemetry.DeadLettered(record.Position.Topic, _group, reason);
        Log.DeadLettered(logger, record.Position, _group, attempts, error);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Reading of group {Group} was interrupted and starts again: {Reason}")]
        public static partial void Interrupted(ILogger logger, string group, string reason);

        [LoggerMessage(2, LogLevel.Warning, "{Position} failed for group {Group} in attempt {Attempt} and is tried again")]
        public static partial void Retrying(ILogger logger, LogPosition position, string group, int attempt, Exception error);

        [LoggerMessage(3, LogLevel.Error, "{Position} failed for group {Group} after {Attempts} attempts and went to the dead-letter topic")]
        public static partial void DeadLettered(ILogger logger, LogPosition position, string group, int attempts, Exception error);

        [LoggerMessage(4, LogLevel.Error, "{Partition} of group {Group} is stopped at a record that cannot be handled")]
        public static partial void LaneFailed(ILogger logger, TopicPartition partition, string group, Exception error);

        [LoggerMessage(5, LogLevel.Warning, "Handled records of {Partition} were not committed for group {Group} and come again: {Reason}")]
        public static partial void NotCommitted(ILogger logger, TopicPartition partition, string group, string reason);
    }
}
