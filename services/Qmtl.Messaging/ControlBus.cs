using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Events;
using Qmtl.Messaging.Log;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging;

/// <summary>What services tell each other. Never the source of truth: whoever missed something reads the state.</summary>
public interface IControlBus
{
    /// <summary>Publishes an event that belongs to no other change. When the task completes, the event survives a crash; with a broker, the place is that in the outbox.</summary>
    /// <remarks>An event about a change goes with the change: <see cref="ControlBusExtensions.PublishAsync"/> of its unit of work.</remarks>
    /// <exception cref="EventRefusedException">The event does not fit the catalogue.</exception>
    Task<LogPosition> PublishAsync(ControlEvent controlEvent, CancellationToken cancellationToken = default);

    /// <summary>Hands each event to <paramref name="handle"/> until <paramref name="stop"/>: in order for one key, at least once, copies filtered as far as the window remembers.</summary>
    Task RunAsync(SubscriptionOptions options, Func<Delivery, CancellationToken, Task> handle, CancellationToken stop);
}

/// <summary>An event as it arrives.</summary>
/// <param name="Event">The event.</param>
/// <param name="Record">The record that carries it.</param>
public sealed record Delivery(CloudEventEnvelope Event, LogRecord Record);

/// <summary>Events that go with a change.</summary>
public static class ControlBusExtensions
{
    /// <summary>Publishes the event when, and only when, this unit of work commits.</summary>
    /// <exception cref="EventRefusedException">The event does not fit the catalogue.</exception>
    public static ValueTask<AppendReceipt> PublishAsync(this IUnitOfWork unit, ControlEvent controlEvent) => unit.AppendAsync(controlEvent.ToMessage(unit.Now));
}

/// <inheritdoc/>
internal sealed class ControlBus(IDatabase database, ISubscriptions subscriptions, MessagingTelemetry telemetry) : IControlBus
{
    private const int WindowSize = 10_000;

    public async Task<LogPosition> PublishAsync(ControlEvent controlEvent, CancellationToken cancellationToken = default) =>
        // By the same way as events that go with a change: two ways would break the order of a key.
        (await database.WriteAsync(async unit => await unit.PublishAsync(controlEvent), cancellationToken)).Position;

    public Task RunAsync(SubscriptionOptions options, Func<Delivery, CancellationToken, Task> handle, CancellationToken stop)
    {
        var window = new IdempotencyWindow(WindowSize);
        return subscriptions.RunAsync(
            options,
            async (record, cancellationToken) =>
            {
                var delivery = new Delivery(Read(record), record);
                // Not the id: a producer that repeats an event after an unclear outcome makes a new envelope for it.
                var key = delivery.Event.IdempotencyKey;
                if (window.Seen(key))
                {
                    telemetry.Duplicate(record.Position.Topic);
                    return;
                }
                await handle(delivery, cancellationToken);
                window.Remember(key);
            },
            stop);
    }

    private static CloudEventEnvelope Read(LogRecord record)
    {
        CloudEventEnvelope envelope;
        try
        {
            envelope = CloudEventEnvelope.Parse(record.Payload.Span);
        }
        catch (FormatException error)
        {
            throw new PoisonMessageException(error.Message, error);
        }
        var known = EventCatalog.Find(envelope.Type);
        if (known is not null && envelope.SchemaVersion != known.SchemaVersion)
            throw new PoisonMessageException($"The payload of {envelope.Type} has version {envelope.SchemaVersion}; this program reads version {known.SchemaVersion}.");
        return envelope;
    }
}
