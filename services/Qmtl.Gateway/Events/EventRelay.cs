using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Worlds;
using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>Brings events from the bus to this gateway's subscribers, and lets them end what is remembered of a world.</summary>
/// <remarks>
/// Reads alone, without a group: every gateway has subscribers of its own, so every gateway needs every event. What it missed while the log was out of
/// reach is not made up for event by event: the observer closes what was shown and reads the state.
/// </remarks>
internal sealed class EventRelay(IControlBus bus, EventHub hub, DecisionCache decisions, ActivationObserver observer, ObservedPlans plans, SentinelTraffic sentinels, EventMetrics metrics, TimeProvider time)
    : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await observer.RestoreAsync(stoppingToken);
        await bus.RunAsync(
            new SubscriptionOptions { Consumer = new ConsumerOptions([.. EventTopics.Relayed]) { Start = StartAt.Latest }, Opened = observer.Listening },
            RelayAsync,
            stoppingToken);
    }

    private async Task RelayAsync(Delivery delivery, CancellationToken cancellation)
    {
        var topic = delivery.Record.Position.Topic;
        var frame = ProtoJson.Read<CloudEvent>(delivery.Event.ToJson());
        // Before the subscribers hear of it: whoever reads next must read the new state.
        if (new HubEvent(topic, frame).WorldId is { Length: > 0 } worldId) decisions.Invalidate(worldId);
        switch (delivery.Event.Type)
        {
            case ActivationFrames.ActivationUpdated:
                await observer.TakeAsync(new ActivationEvent(Activation(delivery), frame, delivery.Record.At), cancellation);
                break;
            case "rebalancing_planned":
                plans.Observe(Payload<RebalancingPlanned>(delivery));
                goto default;
            case "sentinel_weight_updated":
                sentinels.Observe(Payload<SentinelWeightUpdated>(delivery));
                goto default;
            default:
                hub.Publish(topic, frame, delivery.Record.At);
                break;
        }

        metrics.Skew(topic, time.GetUtcNow() - delivery.Event.Time);
    }

    /// <summary>One that cannot be read may have closed something: its world, which is its key, is closed until its state has been read.</summary>
    private ActivationUpdated Activation(Delivery delivery)
    {
        try
        {
            return Payload<ActivationUpdated>(delivery);
        }
        catch (PoisonMessageException)
        {
            observer.Distrust(delivery.Record.Key);
            throw;
        }
    }

    private static T Payload<T>(Delivery delivery)
        where T : Google.Protobuf.IMessage, new()
    {
        try
        {
            return ProtoJson.Read<T>(delivery.Event.Data.ToJsonString());
        }
        catch (ProtoJsonException error)
        {
            throw new PoisonMessageException($"The payload of {delivery.Event.Type} does not fit: {error.Message}", error);
        }
    }
}
