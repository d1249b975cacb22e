namespace Qmtl.Gateway.Worlds;

/// <summary>What stands between the Gateway and its peers.</summary>
internal static class WorldsServices
{
    /// <summary>Adds the client's limits, the cache of decisions and the routes' parts.</summary>
    /// <exception cref="InvalidOperationException">A setting cannot be used.</exception>
    public static IServiceCollection AddWorlds(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(WorldServiceOptions.Section).Get<WorldServiceOptions>() ?? new WorldServiceOptions();
        if (options.Problem() is { } problem) throw new InvalidOperationException(problem);
        services.AddSingleton(options);
        services.AddSingleton<WorldServiceBreaker>();
        services.AddSingleton<DagManagerBreaker>();
        services.AddSingleton<WorldServiceCaller>();
        services.AddSingleton<WorldCacheMetrics>();
        services.AddSingleton<DecisionCache>();
        services.AddSingleton<IDecisionSource>(provider => provider.GetRequiredService<DecisionCache>());
        services.AddSingleton<WorldReads>();
        services.AddSingleton<ProxyMetrics>();
        return services;
    }
}
