namespace Qmtl.Gateway.Fills;

/// <summary>Fills as part of a Gateway.</summary>
internal static class FillServices
{
    public static IServiceCollection AddFills(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(FillOptions.Section).Get<FillOptions>() ?? new FillOptions();
        options.Secret ??= configuration[FillOptions.SecretVariable];
        if (options.Problem() is { } problem) throw new InvalidOperationException(problem);
        services.AddSingleton(options);
        services.AddSingleton<FillMetrics>();
        services.AddSingleton<KnownStrategies>();
        services.AddSingleton<FillHandler>();
        return services;
    }
}
