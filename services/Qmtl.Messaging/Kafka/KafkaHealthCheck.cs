using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Qmtl.Messaging.Relay;
using Qmtl.Storage;

namespace Qmtl.Messaging.Kafka;

/// <summary>Degraded, not unhealthy, while the broker is away: what is accepted is safe in the outbox, and a restart would help nobody.</summary>
internal sealed class KafkaHealthCheck(IBrokerAdmin broker, Outbox outbox, KafkaOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var waiting = (await outbox.BacklogAsync(cancellationToken)).Sum(each => each.Count);
            var data = new Dictionary<string, object>(StringComparer.Ordinal) { ["outbox_pending"] = waiting };
            await broker.PingAsync(cancellationToken);
            return waiting > options.OutboxAlarm
                ? HealthCheckResult.Degraded(string.Create(CultureInfo.InvariantCulture, $"{waiting} records wait in the outbox; the alarm is at {options.OutboxAlarm}."), data: data)
                : HealthCheckResult.Healthy("kafka", data);
        }
        catch (StorageException error)
        {
            return HealthCheckResult.Degraded(error.Message, error);
        }
    }
}
