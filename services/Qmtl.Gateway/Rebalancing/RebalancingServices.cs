namespace Qmtl.Gateway.Rebalancing;

/// <summary>Rebalancing orders as part of a Gateway.</summary>
internal static class RebalancingServices
{
    public static IServiceCollection AddRebalanceExecution(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(RebalanceOptions.Section).Get<RebalanceOptions>() ?? new RebalanceOptions();
        if (options.Problem() is { } problem) throw new InvalidOperationException(problem);
        services.AddSingleton(options);
        services.AddSingleton<RebalanceMetrics>();
        services.AddSingleton<PlanClient>();
        services.AddSingleton<OrderGuard>();
        services.AddSingleton<RebalanceExecution>();
        services.AddHostedService<PlanObserver>();
        return services;
    }
}
