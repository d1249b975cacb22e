using System.Diagnostics.Metrics;
using Qmtl.V1;

namespace Qmtl.Gateway.NodeStreams;

/// <summary>What the Gateway measures of shared compute. A node evaluation is one node at one bar.</summary>
internal sealed class SharedComputeMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _saved;
    private readonly Counter<long> _computed;
    private readonly Counter<long> _appended;
    private readonly Counter<long> _delivered;
    private long _savedSoFar;
    private long _computedSoFar;

    public SharedComputeMetrics()
    {
        _saved = _meter.CreateCounter<long>("shared_compute_saved_node_evaluations_total", description: "Node evaluations that sessions did not make because another session had.");
        _computed = _meter.CreateCounter<long>("shared_compute_node_evaluations_total", description: "Node evaluations that sharing sessions made.");
        _appended = _meter.CreateCounter<long>("shared_compute_appended_values_total", description: "Values appended to node streams, counted in bars.");
        _delivered = _meter.CreateCounter<long>("shared_compute_delivered_values_total", description: "Values read from node streams, counted in bars.");
        _meter.CreateObservableGauge("shared_compute_reuse_ratio", Ratio, description: "Share of node evaluations that sharing sessions were spared, since the start.");
        _saved.Add(0);
        _computed.Add(0);
    }

    /// <summary>A session reports its work.</summary>
    public void Used(NodeUsage? usage)
    {
        if (usage is not { Computed: >= 0, Saved: >= 0 }) return;
        _saved.Add(usage.Saved);
        _computed.Add(usage.Computed);
        Interlocked.Add(ref _savedSoFar, usage.Saved);
        Interlocked.Add(ref _computedSoFar, usage.Computed);
    }

    public void Appended(long bars) => _appended.Add(bars);

    public void Delivered(long bars) => _delivered.Add(bars);

    public void Dispose() => _meter.Dispose();

    private double Ratio()
    {
        var saved = Volatile.Read(ref _savedSoFar);
        var all = saved + Volatile.Read(ref _computedSoFar);
        return all == 0 ? 0 : (double)saved / all;
    }
}
