using System.Diagnostics.Metrics;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Events;
using Qmtl.Gateway.Worlds;
using Qmtl.Messaging;
using Qmtl.Messaging.Events;
using Qmtl.Messaging.Topics;
using Qmtl.Protos;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Activation;

/// <summary>
/// This gateway as an observer of activation: it says that it is there, takes the events of applies in their order, and acknowledges
/// what it has handed on. A gateway that ends says so; one that dies is forgotten after <see cref="Ttl"/>.
/// </summary>
internal sealed partial class ActivationObserver : BackgroundService
{
    /// <summary>How long an announcement counts.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(30);

    private const string Source = "qmtl.services.gateway";
    private static readonly TimeSpan AnnounceEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private readonly ActivationSequencer _sequencer = new();
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IControlBus _bus;
    private readonly EventHub _hub;
    private readonly WorldService.WorldServiceClient _worlds;
    private readonly WorldServiceCaller _caller;
    private readonly TimeProvider _time;
    private readonly ILogger<ActivationObserver> _logger;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _acks;
    private readonly Counter<long> _gaps;
    private readonly Histogram<double> _latency;
    private int _announcements;

    public ActivationObserver(IControlBus bus, EventHub hub, WorldService.WorldServiceClient worlds, WorldServiceCaller caller, TimeProvider time, ILogger<ActivationObserver> logger)
    {
        (_bus, _hub, _worlds, _caller, _time, _logger) = (bus, hub, worlds, caller, time, logger);
        _acks = _meter.CreateCounter<long>("controlbus_apply_ack_total", description: "Phases of applies acknowledged, by phase.");
        _gaps = _meter.CreateCounter<long>("controlbus_apply_gap_total", description: "Events of applies that never came; the state was read instead.");
        _latency = _meter.CreateHistogram<double>("controlbus_apply_ack_latency_ms", description: "From an activation event to its acknowledgement in milliseconds, by phase.");
    }

    /// <summary>The name under which this process acknowledges; a new one after each start.</summary>
    public string Consumer { get; } = $"gateway/{Environment.MachineName}/{Guid.NewGuid():N}";

    /// <summary>Says that events arrive from now on. Not before may anybody wait for this gateway.</summary>
    public void Listening() => _listening.TrySetResult();

    /// <summary>Takes an event of an apply; hands on what is due and acknowledges it.</summary>
    public Task TakeAsync(SequencedEvent item, CancellationToken cancellation) => HandOnAsync(_sequencer.Accept(item, _time.GetUtcNow()), cancellation);

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
            LogNotAnnounced(_logger, error);
        }
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _listening.Task.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var next = _time.GetUtcNow();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (_time.GetUtcNow() >= next)
                {
                    await AnnounceAsync(leaving: false, stoppingToken);
                    next = _time.GetUtcNow() + AnnounceEvery;
                }

                foreach (var gap in _sequencer.Overdue(_time.GetUtcNow())) await ResyncAsync(gap, stoppingToken);
            }
            catch (StorageException error)
            {
                LogNotAnnounced(_logger, error);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(LookEvery, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task HandOnAsync(Sequenced due, CancellationToken cancellation)
    {
        foreach (var item in due.Relay) _hub.Publish(TopicCatalog.Activation, item.Frame, item.AppendedAt);
        if (due.Acknowledge is { } last) await AcknowledgeAsync(last.Update, cancellation);
    }

    private async Task AcknowledgeAsync(ActivationUpdated update, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        await _bus.PublishAsync(
            ControlEvent.FromJson("activation_ack", Source, ProtoJson.Write(new ActivationAck
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
            })),
            cancellation);
        var tag = new KeyValuePair<string, object?>("phase", update.Phase);
        _acks.Add(1, tag);
        _latency.Record(Math.Max(0, (now - update.Ts.ToDateTimeOffset()).TotalMilliseconds), tag);
    }

    /// <summary>An event is missing. Only when WorldService answers for the state may anything open: until then it stays shut.</summary>
    private async Task ResyncAsync(SequenceGap gap, CancellationToken cancellation)
    {
        var request = new GetStateHashRequest { WorldId = gap.WorldId, Topic = TopicCatalog.Activation };
        if (await _caller.TryAsync((deadline, token) => _worlds.GetStateHashAsync(request, deadline: deadline, cancellationToken: token).ResponseAsync, cancellation) is not { } state) return;
        _gaps.Add(1);
        LogGap(_logger, gap.WorldId, gap.RunId, gap.Next);

        // Without a strategy and a mode: whoever keeps copies of this world closes them and reads anew.
        var reset = new ActivationUpdated { Version = 1, WorldId = gap.WorldId, RunId = gap.RunId, StateHash = state.StateHash_, Etag = state.Etag ?? "", Ts = Timestamp.FromDateTimeOffset(_time.GetUtcNow()) };
        _hub.Publish(
            TopicCatalog.Activation,
            new CloudEvent
            {
                Specversion = "1.0",
                Id = Guid.CreateVersion7(_time.GetUtcNow()).ToString(),
                Source = Source,
                Type = "activation_updated",
                Time = reset.Ts,
                Datacontenttype = "application/json",
                Data = ProtoJson.Read<Struct>(ProtoJson.Write(reset)),
            },
            _time.GetUtcNow());
        await HandOnAsync(_sequencer.Skip(gap, _time.GetUtcNow()), cancellation);
    }

    private async Task AnnounceAsync(bool leaving, CancellationToken cancellation) => await _bus.PublishAsync(
        ControlEvent.FromJson("observer_announced", Source, ProtoJson.Write(new ObserverAnnounced
        {
            Version = 1,
            Consumer = Consumer,
            Sequence = ++_announcements,
            TtlSeconds = (int)Ttl.TotalSeconds,
            Leaving = leaving,
            Ts = Timestamp.FromDateTimeOffset(_time.GetUtcNow()),
        })),
        cancellation);

    [LoggerMessage(1, LogLevel.Warning, "This gateway could not announce itself; trying again.")]
    private static partial void LogNotAnnounced(ILogger logger, Exception error);

    [LoggerMessage(2, LogLevel.Warning, "Event {Next} of apply {RunId} of world {WorldId} never came; subscribers were told to read the state.")]
    private static partial void LogGap(ILogger logger, string worldId, string runId, int next);
}
