using Qmtl.ServiceDefaults.Rpc;

namespace Qmtl.Gateway.Health;

/// <summary>Health and degradation as part of a Gateway.</summary>
internal static class DegradationServices
{
    /// <summary>Adds probes and levels.</summary>
    /// <exception cref="InvalidOperationException">A setting cannot be used.</exception>
    public static IServiceCollection AddDegradation(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(DegradationOptions.Section).Get<DegradationOptions>() ?? new DegradationOptions();
        if (options.Problem() is { } problem) throw new InvalidOperationException(problem);
        services.AddSingleton(options);
        services.AddSingleton<DependencyProbes>();
        services.AddSingleton<IProcessLoad, ProcessLoad>();
        services.AddSingleton<Degradation>();
        services.AddHostedService(provider => provider.GetRequiredService<Degradation>());
        services.AddGrpc().AddServiceOptions<GatewayService>(grpc => grpc.Interceptors.Add<StaticLevelInterceptor>());
        services.AddSingleton<StaticLevelInterceptor>();
        return services;
    }

    /// <summary>Refuses routes over HTTP while nothing works. Health and status go on.</summary>
    public static RpcJsonOptions GuardStatic(this RpcJsonOptions options, IEndpointRouteBuilder endpoints, Google.Protobuf.Reflection.ServiceDescriptor service)
    {
        var degradation = endpoints.ServiceProvider.GetRequiredService<Degradation>();
        foreach (var rpc in service.Methods.Select(method => method.Name).Except(StaticLevelInterceptor.Exempt, StringComparer.Ordinal))
        {
            options.Wrap(rpc, next => http =>
            {
                degradation.RequireAnything();
                return next(http);
            });
        }

        return options;
    }
}
