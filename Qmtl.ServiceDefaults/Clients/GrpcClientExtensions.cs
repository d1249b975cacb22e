using Grpc.Net.ClientFactory;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

/// <summary>Clients of the other services.</summary>
public static class GrpcClientExtensions
{
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Adds a gRPC client of the service <paramref name="service"/>, found by discovery at its endpoint <c>grpc</c>. Call deadlines limit its calls.</summary>
    /// <remarks>
    /// The resilience handler of HTTP clients is taken off: it would cut a call or a quiet stream at its attempt timeout, send calls again that are not
    /// idempotent, and hide the gRPC status that says what happened.
    /// </remarks>
    public static IHttpClientBuilder AddQmtlGrpcClient<TClient>(this IServiceCollection services, string service, Action<GrpcClientFactoryOptions>? configure = null)
        where TClient : class
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(service);
        var address = new Uri($"http://_grpc.{service}");
        var client = services.AddGrpcClient<TClient>(options =>
        {
            options.Address = address;
            configure?.Invoke(options);
        });
        client.ConfigurePrimaryHttpMessageHandler(static () => new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,

            // A peer that vanished without closing is noticed although no call is under way.
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
        });
#pragma warning disable EXTEXP0001 // experimental in the package
        return client.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
    }
}
