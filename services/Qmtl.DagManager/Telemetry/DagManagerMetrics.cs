using System.Diagnostics.Metrics;
using Qmtl.DagManager.Graph;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Telemetry;

namespace Qmtl.DagManager.Telemetry;

/// <summary>What DagManager measures of itself.</summary>
internal sealed class DagManagerMetrics : IDisposable
{
    private const int DiffWindow = 100;
    private readonly Meter _meter = new("Qmtl.DagManager");
    private readonly SlidingQuantile _p95 = new(DiffWindow, 0.95);
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _failures;
    // An up-down counter: a counter would be served as sentinel_gap_count_total.
    private readonly UpDownCounter<long> _sentinelGaps;
    private readonly Counter<long> _reused;
    private readonly Counter<long> _overtaken;
    private readonly Counter<long> _stale;
    private readonly Counter<long> _updates;
    private readonly Counter<long> _crossHits;
    private readonly Counter<long> _crossViolations;
    private GraphSize _size = new(0, 0);

    public DagManagerMetrics()
    {
        _duration = _meter.CreateHistogram<double>("diff_duration_ms", description: "Duration of a diff in milliseconds.");
        _requests = _meter.CreateCounter<long>("diff_requests_total", description: "Diffs asked for.");
        _failures = _meter.CreateCounter<long>("diff_failures_total", description: "Diffs that failed, by reason code.");
        _sentinelGaps = _meter.CreateUpDownCounter<long>("sentinel_gap_count", description: "Submissions that added no node to the graph.");
        _reused = _meter.CreateCounter<long>("diff_nodes_reused_total", description: "Nodes of submissions that were computed already.");
        _overtaken = _meter.CreateCounter<long>("diff_overtaken_total", description: "Plans made again because another diff was committed first.");
        _stale = _meter.CreateCounter<long>("tag_query_stale_total", description: "Tag queries answered from memory because the graph's store did not answer.");
        _crossHits = _meter.CreateCounter<long>("cross_context_cache_hit_total", description: "Nodes that were bound to a queue of another context; must stay 0.");
        _crossViolations = _meter.CreateCounter<long>("cross_context_cache_violation_total", description: "Submissions refused for that, by node; must stay 0.");
        _updates = _meter.CreateCounter<long>("queue_updates_total", description: "Events about new answers to tag queries.");
        _meter.CreateObservableGauge("diff_duration_ms_p95", () => _p95.Value, description: "95th percentile of the latest 100 diffs in milliseconds.");
        _meter.CreateObservableGauge("compute_nodes_total", () => Volatile.Read(ref _size).Nodes, description: "Nodes in the graph.");
        _meter.CreateObservableGauge("queues_total", () => Volatile.Read(ref _size).Queues, description: "Queues in the graph.");
    }

    public void Requested() => _requests.Add(1);

    public void Failed(string code) => _failures.Add(1, new KeyValuePair<string, object?>("code", code));

    public void Done(TimeSpan duration, int reused, bool addedNodes)
    {
        _duration.Record(duration.TotalMilliseconds);
        _p95.Add(duration.TotalMilliseconds);
        _reused.Add(reused);
        if (!addedNodes) _sentinelGaps.Add(1);
    }

    public void Overtaken() => _overtaken.Add(1);

    public void CrossContext(string nodeId, ComputeContext context)
    {
        KeyValuePair<string, object?>[] where = [new("node_id", nodeId), new("world_id", Label(context.WorldId)), new("execution_domain", context.Domain.ToToken())];
        _crossViolations.Add(1, where);
        _crossHits.Add(1, [.. where, new("as_of", Label(context.AsOf)), new("partition", Label(context.Partition))]);
    }

    public void AnsweredStale() => _stale.Add(1);

    public void QueueUpdatesPublished(int count) => _updates.Add(count);

    public void Sized(GraphSize size) => Volatile.Write(ref _size, size);

    private static string Label(string? value) => string.IsNullOrEmpty(value) ? "__unset__" : value;

    public void Dispose() => _meter.Dispose();
}
