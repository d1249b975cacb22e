using Qmtl.WorldService.Monitoring.Invariants;
using Qmtl.WorldService.Monitoring.Live;

namespace Qmtl.WorldService.Monitoring;

/// <summary>Live monitoring and the invariants report within the host.</summary>
internal static class MonitoringServices
{
    public static IServiceCollection AddMonitoring(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(configuration.GetSection(LiveMonitoringOptions.Section).Get<LiveMonitoringOptions>() ?? new LiveMonitoringOptions());
        services.AddSingleton<LiveMonitoringMetrics>();
        services.AddSingleton<LiveEvidenceReader>();
        services.AddSingleton<LiveMonitor>();
        services.AddSingleton<LiveMonitoringHandler>();
        services.AddSingleton<InvariantsHandler>();
        services.AddSingleton<LiveMonitoringWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<LiveMonitoringWorker>());
        return services;
    }
}
