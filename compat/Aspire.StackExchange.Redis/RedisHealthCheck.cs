using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace Aspire.StackExchange.Redis;

internal sealed class RedisHealthCheck(Func<IConnectionMultiplexer> connection) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            // The first use connects, which blocks; a probe must not hold up the others meanwhile.
            var redis = await Task.Run(connection, cancellationToken).ConfigureAwait(false);
            foreach (var endpoint in redis.GetEndPoints(configuredOnly: true))
            {
                await redis.GetServer(endpoint).PingAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            return HealthCheckResult.Healthy();
        }
        catch (Exception exception)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, description: exception.Message, exception);
        }
    }
}
