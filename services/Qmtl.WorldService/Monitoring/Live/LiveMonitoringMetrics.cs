using System.Diagnostics.Metrics;

namespace Qmtl.WorldService.Monitoring.Live;

/// <summary>What live monitoring measures of itself.</summary>
internal sealed class LiveMonitoringMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.WorldService");
    private readonly Counter<long> _runs;
    private readonly Counter<long> _updated;

    public LiveMonitoringMetrics()
    {
        _runs = _meter.CreateCounter<long>("live_monitoring_run_total", description: "Times the live results of a world were judged again.");
        _updated = _meter.CreateCounter<long>("live_monitoring_run_updated_strategies_total", description: "Live strategies whose record that revised.");
    }

    public void Ran(string worldId, string status, int updated)
    {
        var world = new KeyValuePair<string, object?>("world_id", worldId);
        _runs.Add(1, world, new KeyValuePair<string, object?>("status", status));
        _updated.Add(updated, world);
    }

    public void Dispose() => _meter.Dispose();
}
