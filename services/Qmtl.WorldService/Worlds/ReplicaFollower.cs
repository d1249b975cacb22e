using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Decisions;

namespace Qmtl.WorldService.Worlds;

/// <summary>Lets what other processes changed end what this one remembers.</summary>
/// <remarks>Reads alone, without a group: every process has a memory of its own. Where the bus is late, the memories' own age limits hold.</remarks>
internal sealed class ReplicaFollower(IControlBus bus, DecisionCache decisions, ActivationTable activation) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => bus.RunAsync(
        new SubscriptionOptions { Consumer = new ConsumerOptions([TopicCatalog.Activation, TopicCatalog.Policy, TopicCatalog.Evaluation]) { Start = StartAt.Latest } },
        (delivery, _) =>
        {
            // The key of these topics is the world.
            decisions.Invalidate(delivery.Record.Key);
            if (string.Equals(delivery.Record.Position.Topic, TopicCatalog.Activation, StringComparison.Ordinal)) activation.Recheck(delivery.Record.Key);
            return Task.CompletedTask;
        },
        stoppingToken);
}
