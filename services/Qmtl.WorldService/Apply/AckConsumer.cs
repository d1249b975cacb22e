using Qmtl.Identity;
using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.Apply;

/// <summary>Takes in who observes activation, and what they acknowledge.</summary>
internal sealed class AckConsumer(IControlBus bus, IDatabase database, ApplyDriver driver, ApplyMetrics metrics, TimeProvider clock) : BackgroundService
{
    public const string Group = "worldservice-apply";

    private const int MaxTtlSeconds = 300;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        bus.RunAsync(new SubscriptionOptions { Consumer = new ConsumerOptions(TopicCatalog.ActivationAck) { Group = Group } }, HandleAsync, stoppingToken);

    private Task HandleAsync(Delivery delivery, CancellationToken cancellationToken) => delivery.Event.Type switch
    {
        "activation_ack" => AcknowledgeAsync(Read<ActivationAck>(delivery), cancellationToken),
        "observer_announced" => ObserveAsync(Read<ObserverAnnounced>(delivery), delivery.Record.At, cancellationToken),
        _ => Task.CompletedTask,
    };

    /// <summary>Takes in one acknowledgement, and moves the run on when it was the last that was missing.</summary>
    private async Task AcknowledgeAsync(ActivationAck ack, CancellationToken cancellationToken)
    {
        if (ack.Consumer.Length == 0 || ack.RunId.Length == 0 || ack.Sequence < 1) throw new PoisonMessageException("An acknowledgement needs consumer, run_id and a sequence from 1.");
        var isNew = await database.WriteAsync(
            async unit => await ApplyStore.FindAsync(unit, ack.WorldId, ack.RunId) is { } run
                && ack.Sequence <= run.LastSequence
                && await ApplyStore.AcknowledgeAsync(unit, ack.WorldId, ack.RunId, ack.Consumer, ack.Sequence),
            cancellationToken);
        if (!isNew) return;
        if (ack is { Ts: { } ts, AckTs: { } ackTs }) metrics.Acknowledged(ackTs.ToDateTimeOffset() - ts.ToDateTimeOffset());
        try
        {
            await driver.AdvanceAsync(ack.WorldId, cancellationToken);
        }
        catch (RefusalException)
        {
            // The world is gone; the acknowledgement is kept all the same.
        }
    }

    /// <summary>Counts from when the announcement was appended: one that lay around for long has expired before it is read.</summary>
    private Task ObserveAsync(ObserverAnnounced announced, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (announced.Consumer.Length == 0) throw new PoisonMessageException("An observer needs a consumer.");
        if (announced.Leaving) return database.WriteAsync(unit => ApplyStore.LeaveAsync(unit, announced.Consumer), cancellationToken);
        if (announced.TtlSeconds is < 1 or > MaxTtlSeconds) throw new PoisonMessageException($"ttl_seconds was {announced.TtlSeconds}; it must be 1 to {MaxTtlSeconds}.");
        var expires = at + TimeSpan.FromSeconds(announced.TtlSeconds);
        return expires <= clock.GetUtcNow() ? Task.CompletedTask : database.WriteAsync(unit => ApplyStore.ObserveAsync(unit, announced.Consumer, at, expires), cancellationToken);
    }

    private static T Read<T>(Delivery delivery)
        where T : Google.Protobuf.IMessage, new() => Json.Read<T>(delivery.Event.Data.ToJsonString());
}
