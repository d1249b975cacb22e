using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Confluent.Kafka;

/// <summary>Healthy is a cluster that takes a message; the producer is kept between checks.</summary>
internal sealed class KafkaHealthCheck(ClientConfig client) : IHealthCheck, IDisposable
{
    private const string Topic = "healthchecks-topic";

    private readonly Lazy<IProducer<string, string>> _producer = new(() => new ProducerBuilder<string, string>(new ProducerConfig(client.ToDictionary(static p => p.Key, static p => p.Value))
    {
        SocketTimeoutMs = 1000,
        MessageTimeoutMs = 1000,
        StatisticsIntervalMs = 0,
    }).Build());

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var message = new Message<string, string> { Key = "healthcheck-key", Value = "Check Kafka healthy" };
            var result = await _producer.Value.ProduceAsync(Topic, message, cancellationToken).ConfigureAwait(false);
            return result.Status == PersistenceStatus.NotPersisted
                ? new HealthCheckResult(context.Registration.FailureStatus, description: "Message is not persisted or a failure is raised on health check for kafka.")
                : HealthCheckResult.Healthy();
        }
        catch (Exception exception)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, description: exception.Message, exception);
        }
    }

    public void Dispose()
    {
        if (_producer.IsValueCreated) _producer.Value.Dispose();
    }
}
