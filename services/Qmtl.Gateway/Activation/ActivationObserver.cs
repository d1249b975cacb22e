using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Events;
using Qmtl.Gateway.Worlds;
using Qmtl.Messaging;
using Qmtl.Messaging.Events;
using Qmtl.Protos;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Activation;

/// <summary>
/// This gateway as an observer of activation: it says that it is there, takes activation in its order, and acknowledges what it has handed on. A
/// gateway that ends says so; one that dies is forgotten after <see cref="Ttl"/>; one that cannot say that it is there closes what it has shown.
/// </summary>
internal sealed partial class ActivationObserver(
    IControlBus bus,
    IDatabase database,
    EventHub hub,
    ActivationSequencer sequencer,
    ActivationMetrics metrics,
    WorldService.WorldServiceClient worlds,
    WorldServiceCaller caller,
    TimeProvider time,
    ILogger<ActivationObserver> logger) : BackgroundService
{
    /// <summary>How long an announcement counts.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(30);

    /// <summary>When to close what subscribers were shown: before anybody may stop waiting for this gateway.</summary>
    public static readonly TimeSpan CloseAfter = TimeSpan.FromSeconds(25);

    private static readonly TimeSpan AnnounceEvery = TimeSpan.FromSeconds(10);

    // Short enough that a log that hangs does not hide that the time to close has come.
    private static readonly TimeSpan AnnounceLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ForgetEvery = TimeSpan.FromHours(1);
    private static readonly TimeSpan KeepRuns = TimeSpan.FromDays(2);

    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _announcements;
    private DateTimeOffset _announcedAt;
    private DateTimeOffset _nextAnnouncement;
    private DateTimeOffset _nextForgetting;
    private volatile bool _isLost;

    /// <summary>The name under which this process acknowledges; a new one after each start.</summary>
    public string Consumer { get; } = $"gateway/{Environment.MachineName}/{Guid.NewGuid():N}";

    /// <summary>Completes once events arrive: who reads the state from then on misses nothing.</summary>
    public Task Listens => _listening.Task;

    /// <summary>
    /// Whether a new subscriber may be shown the state. Not while nobody waits for this gateway: it is shown once somebody does again, and closed gates until then.
    /// </summary>
    public bool MayShow(EventFilter filter)
    {
        if (!_isLost) return true;
        foreach (var world in filter.Worlds ?? (IEnumerable<string>)[""]) sequencer.Hold(world);
        return false;
    }

    /// <summary>Reads how far earlier processes came. Before listening: what comes from then on is not among it.</summary>
    public async Task RestoreAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                sequencer.Restore(await database.ReadAsync(SequenceStore.ListAsync, cancellation));
                return;
            }
            catch (StorageException error)
            {
                LogNotRestored(logger, error);
                await Task.Delay(LookEvery, time, cancellation);
            }
        }
    }

    /// <summary>Says that events arrive from now on. When they did before, some may have been missed in between.</summary>
    public void Listening()
    {
        if (!_listening.TrySetResult()) LoseTouch("touch");
    }

    /// <summary>Takes an event; hands on what is due, keeps how far its run has come and acknowledges it.</summary>
    public async Task TakeAsync(ActivationEvent item, CancellationToken cancellation)
    {
        if (item.IsBroken) metrics.Broken();
        var outcome = sequencer.Accept(item);
        if (outcome.Close) metrics.Held("gap");
        if (outcome.Relay.Count > 0 && item.Update.Ts is { } at) metrics.Relayed(time.GetUtcNow() - at.ToDateTimeOffset());
        await KeepAsync(outcome, cancellation);
    }

    /// <summary>Closes a world of which something was said that nobody here understands, until its state has been read.</summary>
    public void Distrust(string worldId)
    {
        metrics.Held("unreadable");
        sequencer.Hold(worldId);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_announcements == 0) return;
        try
        {
            await AnnounceAsync(leaving: true, cancellationToken);
        }
        catch (Exception error) when (error is StorageException or OperationCanceledException)
        {
            // Then it is forgotten a little later.
            LogNotAnnounced(logger, error);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _listening.Task.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _announcedAt = _nextAnnouncement = time.GetUtcNow();
        _nextForgetting = _announcedAt + ForgetEvery;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception error) when (error is StorageException or TimeoutException)
            {
                LogNotAnnounced(logger, error);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(LookEvery, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        if (!_isLost && time.GetUtcNow() - _announcedAt >= CloseAfter) LoseTouch("touch", isLost: true);
        if (time.GetUtcNow() >= _nextAnnouncement)
        {
            var at = time.GetUtcNow();
            await AnnounceAsync(leaving: false, cancellation).WaitAsync(AnnounceLimit, time, cancellation);
            (_announcedAt, _nextAnnouncement, _isLost) = (at, at + AnnounceEvery, false);
        }

        if (time.GetUtcNow() >= _nextForgetting)
        {
            await database.WriteAsync(unit => SequenceStore.ForgetAsync(unit, KeepRuns), cancellation);
            _nextForgetting = time.GetUtcNow() + ForgetEvery;
        }

        if (_isLost) return;
        foreach (var due in sequencer.Due()) await ResyncAsync(due, cancellation);
        metrics.HeldWorlds(sequencer.Held);
    }

    private void LoseTouch(string reason, bool isLost = false)
    {
        // First, so that no subscriber that comes in between is shown an open gate.
        if (isLost) _isLost = true;
        metrics.Held(reason);
        LogLost(logger);
        sequencer.HoldAll(hub.FollowedWorlds());
    }

    /// <summary>Progress and acknowledgement commit together: what is acknowledged is never asked for again.</summary>
    private async Task KeepAsync(Sequenced outcome, CancellationToken cancellation)
    {
        if (outcome.Progress.Count == 0 && outcome.Acknowledge.Count == 0) return;
        await database.WriteAsync(
            async unit =>
            {
                foreach (var progress in outcome.Progress) await SequenceStore.SaveAsync(unit, progress);
                foreach (var item in outcome.Acknowledge) await unit.PublishAsync(Acknowledgement(item.Update, unit.Now));
            },
            cancellation);
        var now = time.GetUtcNow();
        foreach (var item in outcome.Acknowledge) metrics.Acknowledged(item.Update.Phase ?? "", now - (item.Update.Ts?.ToDateTimeOffset() ?? now));
    }

    /// <summary>Only when WorldService answers for the state may anything open: until then it stays closed.</summary>
    private async Task ResyncAsync(ResyncDue due, CancellationToken cancellation)
    {
        var request = new ListActivationsRequest { WorldId = due.WorldId };
        ListActivationsResponse? state;
        try
        {
            state = await caller.TryAsync((deadline, token) => worlds.ListActivationsAsync(request, deadline: deadline, cancellationToken: token).ResponseAsync, cancellation);
        }
        catch (Identity.RefusalException refusal) when (refusal.Code.HttpStatus == 404)
        {
            // A world that is gone has nothing open.
            state = new ListActivationsResponse { WorldId = due.WorldId };
        }
        catch (Identity.RefusalException refusal)
        {
            LogRefused(logger, due.WorldId, refusal);
            state = null;
        }

        var outcome = state is null ? null : sequencer.Resynced(due, state);
        metrics.Resynced(state is null ? "failed" : outcome is null ? "overtaken" : "done");
        if (outcome is null) return;
        LogResynced(logger, due.WorldId, state!.Entries.Count);
        await KeepAsync(outcome, cancellation);
    }

    private ControlEvent Acknowledgement(ActivationUpdated update, DateTimeOffset now) => ControlEvent.FromJson("activation_ack", ActivationFrames.Source, ProtoJson.Write(new ActivationAck
    {
        Version = 1,
        WorldId = update.WorldId,
        RunId = update.RunId,
        Sequence = update.Sequence!.Value,
        Phase = update.Phase ?? "",
        Etag = update.Etag,
        Ts = update.Ts,
        AckTs = Timestamp.FromDateTimeOffset(now),
        Consumer = Consumer,
    }));

    private async Task AnnounceAsync(bool leaving, CancellationToken cancellation) => await bus.PublishAsync(
        ControlEvent.FromJson("observer_announced", ActivationFrames.Source, ProtoJson.Write(new ObserverAnnounced
        {
            Version = 1,
            Consumer = Consumer,
            Sequence = ++_announcements,
            TtlSeconds = (int)Ttl.TotalSeconds,
            Leaving = leaving,
            Ts = Timestamp.FromDateTimeOffset(time.GetUtcNow()),
        })),
        cancellation);

    [LoggerMessage(1, LogLevel.Warning, "This gateway could not announce itself; trying again.")]
    private static partial void LogNotAnnounced(ILogger logger, Exception error);

    [LoggerMessage(2, LogLevel.Warning, "This gateway lost touch with the log; every gate that it has shown open was closed until the states have been read.")]
    private static partial void LogLost(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "The activation of world {WorldId} was read again, {Count} entries: an event was missing, out of order, or could not be waited for.")]
    private static partial void LogResynced(ILogger logger, string worldId, int count);

    [LoggerMessage(4, LogLevel.Error, "WorldService refuses the activation of world {WorldId}; it stays closed.")]
    private static partial void LogRefused(ILogger logger, string worldId, Exception refusal);

    [LoggerMessage(5, LogLevel.Warning, "How far applies have come could not be read; trying again.")]
    private static partial void LogNotRestored(ILogger logger, Exception error);
}
