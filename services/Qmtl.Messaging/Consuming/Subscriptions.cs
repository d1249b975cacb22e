using Microsoft.Extensions.Logging;
using Qmtl.Messaging.Log;

namespace Qmtl.Messaging.Consuming;

/// <summary>Starts readers that call a handler for each record.</summary>
public interface ISubscriptions
{
    /// <summary>Reads until <paramref name="stop"/>; for a BackgroundService. An unreachable database is waited for, not thrown.</summary>
    Task RunAsync(SubscriptionOptions options, Func<LogRecord, CancellationToken, Task> handle, CancellationToken stop);
}

/// <inheritdoc/>
internal sealed class Subscriptions(IMessageLog log, MessagingTelemetry telemetry, TimeProvider clock, ILogger<MessagePump> logger) : ISubscriptions
{
    public Task RunAsync(SubscriptionOptions options, Func<LogRecord, CancellationToken, Task> handle, CancellationToken stop) =>
        options.Problem() is { } problem
            ? throw new ArgumentException(problem, nameof(options))
            : new MessagePump(log, options, handle, telemetry, clock, logger).RunAsync(stop);
}
