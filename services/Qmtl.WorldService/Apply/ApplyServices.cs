using Microsoft.Extensions.DependencyInjection.Extensions;
using Qmtl.WorldService.Apply.Gating;

namespace Qmtl.WorldService.Apply;

/// <summary>The services of applies.</summary>
internal static class ApplyServices
{
    public static IServiceCollection AddApply(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(configuration.GetSection(ApplyOptions.Section).Get<ApplyOptions>() ?? new ApplyOptions());
        services.TryAddSingleton<IRiskMeasures, HubRiskMeasures>();
        services.AddSingleton<GatingFactsReader>();
        services.AddSingleton<ApplyConditions>();
        services.AddSingleton<ApplyStages>();
        services.AddSingleton<ApplySignal>();
        services.AddSingleton<ApplyMetrics>();
        services.AddSingleton<ApplyDriver>();
        services.AddSingleton<ApplyTargets>();
        services.AddSingleton<ApplyEngine>();
        services.AddSingleton<ApplyHandler>();
        services.AddHostedService<ApplyRunner>();
        services.AddHostedService<AckConsumer>();
        return services;
    }
}
