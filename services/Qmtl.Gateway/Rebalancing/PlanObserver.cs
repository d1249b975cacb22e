using System.Text;
using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Gateway.Rebalancing;

/// <summary>Counts the plans that are decided. It sends nothing: orders are asked for, by somebody who may.</summary>
internal sealed class PlanObserver(IControlBus bus, RebalanceMetrics metrics) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => bus.RunAsync(
        new SubscriptionOptions { Consumer = new ConsumerOptions(TopicCatalog.Rebalancing) { Start = StartAt.Latest } },
        (delivery, _) =>
        {
            Observe(delivery);
            return Task.CompletedTask;
        },
        stoppingToken);

    private void Observe(Delivery delivery)
    {
        if (delivery.Event.Type is not "rebalancing_planned") return;
        var planned = ProtoJson.Read<RebalancingPlanned>(Encoding.UTF8.GetBytes(delivery.Event.Data.ToJsonString()));
        metrics.Observed(planned.WorldId, planned.Plan is { } plan && plan.PerWorld.TryGetValue(planned.WorldId, out var world) ? world.Deltas.Count : 0);
    }
}
