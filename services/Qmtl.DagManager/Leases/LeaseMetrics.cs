using System.Diagnostics.Metrics;

namespace Qmtl.DagManager.Leases;

/// <summary>What DagManager measures of leases.</summary>
internal sealed class LeaseMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.DagManager");
    private readonly Counter<long> _takeovers;

    public LeaseMetrics()
    {
        _takeovers = _meter.CreateCounter<long>("shared_compute_producer_takeovers_total", description: "Nodes whose producer fell silent and that another session took over.");
        // A counter that never counted has no series; this one must read 0, not be absent.
        _takeovers.Add(0);
    }

    public void TakenOver(int nodes) => _takeovers.Add(nodes);

    public void Dispose() => _meter.Dispose();
}
