using System.Diagnostics.Metrics;
using Qmtl.Gateway.Worlds;
using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
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
    private readonly TimeProvider _time;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Histogram<double> _skew;

    public EventRelay(IControlBus bus, EventHub hub, DecisionCache decisions, TimeProvider time)
    {
        (_bus, _hub, _decisions, _time) = (bus, hub, decisions, time);
        _skew = _meter.CreateHistogram<double>("event_relay_skew_ms", description: "Time from an event to its relay in milliseconds, by topic.");
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _bus.RunAsync(
        new SubscriptionOptions { Consumer = new ConsumerOptions([.. EventTopics.Relayed]) { Start = StartAt.Latest } },
        (delivery, _) =>
        {
            Relay(delivery);
            return Task.CompletedTask;
        },
        stoppingToken);

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    private void Relay(Delivery delivery)
    {
        var topic = delivery.Record.Position.Topic;
        var frame = ProtoJson.Read<CloudEvent>(delivery.Event.ToJson());
        // Before the subscribers hear of it: whoever reads next must read the new state.
        if (new HubEvent(topic, frame).WorldId is { Length: > 0 } worldId) _decisions.Invalidate(worldId);
        _hub.Publish(topic, frame, delivery.Record.At);
        _skew.Record((_time.GetUtcNow() - delivery.Event.Time).TotalMilliseconds, new KeyValuePair<string, object?>("topic", topic));
    }
}
