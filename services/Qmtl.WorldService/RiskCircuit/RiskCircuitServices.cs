using System.Diagnostics.Metrics;
using Qmtl.WorldService.RiskHub;

namespace Qmtl.WorldService.RiskCircuit;

/// <summary>Section <c>WorldService:RiskCircuit</c> of the configuration.</summary>
internal sealed class RiskCircuitOptions
{
    public const string Section = "WorldService:RiskCircuit";

    /// <summary>How often limits are held against what is already known; 1 s. New snapshots are judged as they arrive.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Worlds whose heaviest strategy is frozen whenever a fresh snapshot arrives.</summary>
    public IList<string> FreezeWorlds { get; } = [];

    /// <summary>Worlds whose heaviest strategy is drained whenever a fresh snapshot arrives.</summary>
    public IList<string> DrainWorlds { get; } = [];
}

/// <summary>What the risk circuit measures of itself.</summary>
internal sealed class RiskCircuitMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.WorldService");
    private readonly Counter<long> _trips;

    public RiskCircuitMetrics() => _trips = _meter.CreateCounter<long>("risk_circuit_trips_total", description: "Times that a world's risk exceeded its limits, by world.");

    public void Tripped(string worldId) => _trips.Add(1, new KeyValuePair<string, object?>("world_id", worldId));

    public void Dispose() => _meter.Dispose();
}

/// <summary>Registers the risk circuit.</summary>
internal static class RiskCircuitServices
{
    public static IServiceCollection AddRiskCircuit(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(configuration.GetSection(RiskCircuitOptions.Section).Get<RiskCircuitOptions>() ?? new RiskCircuitOptions());
        services.AddSingleton<RiskCircuitMetrics>();
        services.AddSingleton<RiskBreaker>();
        services.AddSingleton<ExitRules>();
        services.AddSingleton<IRiskSnapshotObserver>(provider => provider.GetRequiredService<RiskBreaker>());
        services.AddSingleton<IRiskSnapshotObserver>(provider => provider.GetRequiredService<ExitRules>());
        services.AddSingleton<RiskCircuitWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<RiskCircuitWatch>());
        return services;
    }
}
