using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;

namespace Qmtl.WorldService.Evaluation.Extended;

/// <summary>Hands the runs that were evaluated to the extended validation: three attempts each, then to the dead-letter topic. Replicas share the work.</summary>
internal sealed class ExtendedValidationWorker(IControlBus bus, ExtendedValidator validator, WorldServiceOptions options) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => options.ExtendedValidation
        ? bus.RunAsync(
            new SubscriptionOptions { Consumer = new ConsumerOptions(TopicCatalog.Evaluation) { Group = "worldservice-extended-validation" }, MaxAttempts = 3 },
            validator.HandleAsync,
            stoppingToken)
        : Task.CompletedTask;
}
