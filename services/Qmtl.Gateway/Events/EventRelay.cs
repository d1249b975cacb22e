using System.Diagnostics.Metrics;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Worlds;
using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>Brings events from the bus to this gateway's subscribers, and lets them end what is remembered of a world.</summary>
/// <remarks>Reads alone, without a group: every gateway has subscribers of its own, so every gateway needs every event.</remarks>
internal sealed class EventRelay : BackgroundService
{
    private readonly IControlBus _bus;
    private readonly EventHub _hub;
    private readonly DecisionCache _decisions;
    private readonly ActivationObserver _observer;
    private readonly TimeProvider _time;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Histogram<double> _skew;

    public EventRelay(IControlBus bus, EventHub hub, DecisionCache decisions, ActivationObserver observer, TimeProvider time)
    {
        (_bus, _hub, _decisions, _observer, _time) = (bus, hub, decisions, observer, time);
        _skew = _meter.CreateHistogram<double>("event_relay_skew_ms", description: "Time from an event to its relay in milliseconds, by topic.");
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _bus.RunAsync(
        new SubscriptionOptions { Consumer = new ConsumerOptions([.. EventTopics.Relayed]) { Start = StartAt.Latest }, Opened = _observer.Listening },
        RelayAsync,
        stoppingToken);

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    private async Task RelayAsync(Delivery delivery, CancellationToken cancellation)
    {
        var topic = delivery.Record.Position.Topic;
        var frame = ProtoJson.Read<CloudEvent>(delivery.Event.ToJson());
        // Before the subscribers hear of it: whoever reads next must read the new state.
        if (new HubEvent(topic, frame).WorldId is { Length: > 0 } worldId) _decisions.Invalidate(worldId);
        if (topic is TopicCatalog.Activation && Read(delivery) is { } update && SequencedEvent.Is(update))
            await _observer.TakeAsync(new SequencedEvent(update, frame, delivery.Record.At), cancellation);
        else
            _hub.Publish(topic, frame, delivery.Record.At);
        _skew.Record((_time.GetUtcNow() - delivery.Event.Time).TotalMilliseconds, new KeyValuePair<string, object?>("topic", topic));
    }

    private static ActivationUpdated? Read(Delivery delivery) =>
        delivery.Event.Type is "activation_updated" ? ProtoJson.Read<ActivationUpdated>(System.Text.Encoding.UTF8.GetBytes(delivery.Event.Data.ToJsonString())) : null;
}
