using Grpc.AspNetCore.Server;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Qmtl.ServiceDefaults.Rpc;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>gRPC and its JSON form.</summary>
public static class RpcServices
{
    /// <summary>
    /// Adds gRPC with refusals as typed statuses, and what <c>MapRpcJson</c> and <c>UseQmtlProblemDetails</c> need. Calling it again adds nothing twice,
    /// so services that share a process each call it.
    /// </summary>
    public static IGrpcServerBuilder AddQmtlRpc(this IServiceCollection services, Action<GrpcServiceOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var first = services.All(service => service.ServiceType != typeof(RefusalReporter));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RefusalReporter>();
        return services.AddGrpc(options =>
        {
            if (first) options.Interceptors.Add<RefusalInterceptor>();
            // The catch-all for unknown services takes every method of every two-segment path, and so turns 405 into 404. A gRPC client reads 404 as UNIMPLEMENTED.
            options.IgnoreUnknownServices = true;
            configure?.Invoke(options);
        });
    }
}
