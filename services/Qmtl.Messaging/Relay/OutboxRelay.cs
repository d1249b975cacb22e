using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Messaging.Kafka;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Sql;
using Qmtl.Storage;
using Partition = Qmtl.Messaging.Topics.TopicPartition;

namespace Qmtl.Messaging.Relay;

/// <summary>Hands the outbox on to the broker: every record at least once, each partition in its order.</summary>
/// <remarks>
/// One process does it at a time. A partition has one batch on its way; what was confirmed is noted, fenced by the lease, before the next one is read. A crash
/// in between sends a batch again, each record with the id it had. Messages are never given up for being late, so none is overtaken by those behind it: while
/// the broker is away they wait, the outbox grows, and whoever commits to the database goes on undisturbed.
/// </remarks>
internal sealed partial class OutboxRelay(
    Outbox outbox, RelayLease lease, KafkaClients clients, KafkaTopics topics, LogSignal signal, RelayTelemetry telemetry, TimeProvider clock, ILogger<OutboxRelay> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly KafkaSender _sender = new(clients, deliveryTimeout: null, clock);
    private readonly LogSignal.Listener _listener = signal.Listen([LogSignal.AnyTopic]);
    private readonly Dictionary<Partition, Lane> _lanes = [];
    private readonly Dictionary<Partition, long> _resting = [];
    private readonly Dictionary<Partition, DateTimeOffset> _heads = [];
    private Task? _wake;

    public override void Dispose()
    {
        _listener.Dispose();
        _sender.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await lease.RenewAsync(stoppingToken)) await OwnAsync(stoppingToken);
                else await Task.Delay(lease.RenewEvery, clock, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (StorageException error)
            {
                Log.Interrupted(logger, error.Message);
                await Task.Delay(AfterFailure, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        await LeaveAsync();
    }

    /// <summary>Relays until the lease is lost or the process ends.</summary>
    private async Task OwnAsync(CancellationToken stop)
    {
        Log.Owner(logger);
        try
        {
            while (await lease.RenewAsync(stop) && await NoteAsync(stop))
            {
                await StartLanesAsync(stop);
                await PauseAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What is on its way has a moment to arrive, so that it need not be sent again.
            var onTheirWay = (Task)Task.WhenAll(_lanes.Values.Select(lane => lane.Outcome));
            await onTheirWay.WaitAsync(Farewell, clock, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (lease.Held) await NoteAsync(CancellationToken.None);
        }
        finally
        {
            _sender.Abandon();
            _lanes.Clear();
            telemetry.NotOwner();
        }
    }

    private async Task StartLanesAsync(CancellationToken stop)
    {
        var backlog = await outbox.BacklogAsync(stop);
        var now = clock.GetTimestamp();
        Backlog[] next = [.. backlog.Where(each => !_lanes.ContainsKey(each.Partition) && (!_resting.TryGetValue(each.Partition, out var until) || until <= now))];
        if (next.Length > 0)
        {
            foreach (var records in await outbox.ReadAsync(next, clients.Options.RelayBatch, stop))
            {
                if (records.Count == 0) continue;
                var partition = records[0].Partition;
                _resting.Remove(partition);
                _heads[partition] = records[0].At;
                _lanes[partition] = new Lane(partition, records[0].Position.Offset, SendAsync(partition, records, stop));
            }
        }
        telemetry.Waiting(backlog.Sum(each => each.Count), Oldest(backlog));
    }

    private async Task<SendOutcome> SendAsync(Partition partition, IReadOnlyList<LogRecord> records, CancellationToken stop)
    {
        try
        {
            // The outbox may know a topic before the broker does.
            if (await topics.FindAsync(partition.Topic, stop) is null) return new SendOutcome([], new StorageException(StorageFailure.Other, $"{partition.Topic} was removed."));
            return await _sender.SendAsync([.. records.Select(record => (KafkaRecords.ToKafka(partition), KafkaRecords.ToKafka(record)))], CancellationToken.None);
        }
        catch (Exception error) when (error is StorageException or KafkaException or OperationCanceledException or ObjectDisposedException)
        {
            return new SendOutcome([], error);
        }
    }

    /// <summary>Notes what has arrived.</summary>
    /// <returns>False: the lease is lost.</returns>
    private async Task<bool> NoteAsync(CancellationToken cancellationToken)
    {
        Lane[] ended = [.. _lanes.Values.Where(lane => lane.Outcome.IsCompleted)];
        if (ended.Length == 0) return true;
        var progress = new List<(Partition, long)>();
        foreach (var lane in ended)
        {
            _lanes.Remove(lane.Partition);
            var outcome = await lane.Outcome;
            if (outcome.Offsets.Count > 0) progress.Add((lane.Partition, lane.From + outcome.Offsets.Count));
            if (outcome.Failure is { } failure) Rest(lane.Partition, failure);
            telemetry.Published(lane.Partition.Topic, outcome.Offsets.Count);
        }
        return progress.Count == 0 || await outbox.NoteAsync(lease, progress, cancellationToken);
    }

    private void Rest(Partition partition, Exception failure)
    {
        telemetry.Failed(partition.Topic);
        Log.Failed(logger, partition, failure.Message);
        _resting[partition] = clock.GetTimestamp() + (long)(AfterFailure.TotalSeconds * clock.TimestampFrequency);
    }

    /// <summary>Until something arrived, something is new, or the lease wants to be renewed.</summary>
    private async Task PauseAsync(CancellationToken stop)
    {
        if (_wake is null or { IsCompleted: true }) _wake = _listener.WaitAsync(lease.RenewEvery < LookEvery ? lease.RenewEvery : LookEvery, clock, stop);
        await await Task.WhenAny([_wake, .. _lanes.Values.Select(lane => (Task)lane.Outcome)]);
    }

    private DateTimeOffset? Oldest(IReadOnlyList<Backlog> backlog)
    {
        DateTimeOffset? oldest = null;
        foreach (var each in backlog)
        {
            if (_heads.TryGetValue(each.Partition, out var head) && !(head >= oldest)) oldest = head;
        }
        return oldest;
    }

    private async Task LeaveAsync()
    {
        try
        {
            await lease.ReleaseAsync(CancellationToken.None);
        }
        catch (StorageException error)
        {
            // Another process takes over when the lease ends.
            Log.Interrupted(logger, error.Message);
        }
    }

    private sealed record Lane(Partition Partition, long From, Task<SendOutcome> Outcome);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "This process hands the outbox on to the broker")]
        public static partial void Owner(ILogger logger);

        [LoggerMessage(2, LogLevel.Warning, "The broker did not take records of {Partition}; they stay in the outbox and are sent again: {Reason}")]
        public static partial void Failed(ILogger logger, Partition partition, string reason);

        [LoggerMessage(3, LogLevel.Warning, "Handing the outbox on was interrupted and goes on later: {Reason}")]
        public static partial void Interrupted(ILogger logger, string reason);
    }
}
