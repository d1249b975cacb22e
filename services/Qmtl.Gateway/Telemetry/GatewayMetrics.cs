using System.Diagnostics.Metrics;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Telemetry;

namespace Qmtl.Gateway.Telemetry;

/// <summary>What the Gateway measures of its submissions.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    private const int LatencyWindow = 200;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly SlidingQuantile _p95 = new(LatencyWindow, 0.95);
    private readonly Histogram<double> _latency;
    private readonly Counter<long> _lost;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _missingFields;
    private readonly Counter<long> _mismatches;
    private readonly Counter<long> _tagQueryMismatches;
    private readonly Counter<long> _conflicts;
    private readonly Counter<long> _checksums;
    private readonly Counter<long> _worldDowngrades;
    private readonly Counter<long> _strategyDowngrades;
    private readonly Counter<long> _deprecated;
    private readonly Counter<long> _processingFailed;

    public GatewayMetrics()
    {
        _latency = _meter.CreateHistogram<double>("gateway_e2e_latency", description: "Time from a submission to its answer in milliseconds.");
        _lost = _meter.CreateCounter<long>("lost_requests_total", description: "Valid submissions that could not be kept. Must stay 0.");
        _duplicates = _meter.CreateCounter<long>("duplicate_submissions_total", description: "Submissions refused because they are there already.");
        _missingFields = _meter.CreateCounter<long>("nodeid_missing_fields_total", description: "Fields missing that a node's identity needs.");
        _mismatches = _meter.CreateCounter<long>("nodeid_mismatch_total", description: "Nodes whose id is not the hash of their content.");
        _tagQueryMismatches = _meter.CreateCounter<long>("tagquery_nodeid_mismatch_total", description: "Tag query nodes whose id is not the hash of their content.");
        _conflicts = _meter.CreateCounter<long>("nodeid_schema_conflict_total", description: "Nodes that name two different schemas.");
        _checksums = _meter.CreateCounter<long>("nodeid_checksum_mismatch_total", description: "Submissions with a wrong checksum over their node ids.");
        _worldDowngrades = _meter.CreateCounter<long>("worlds_compute_context_downgrade_total", description: "Contexts that fell back to a backtest, by reason.");
        _strategyDowngrades = _meter.CreateCounter<long>("strategy_compute_context_downgrade_total", description: "Submissions whose context fell back to a backtest, by reason.");
        _deprecated = _meter.CreateCounter<long>("strategy_submit_deprecated_world_id_total", description: "Submissions refused because they name world_id.");
        _processingFailed = _meter.CreateCounter<long>("submission_attempts_failed_total", description: "Attempts at bindings and diff that failed, by reason.");
        _meter.CreateObservableGauge("gateway_e2e_latency_p95", () => _p95.Value, description: "95th percentile of the latest 200 submissions in milliseconds.");
        // A counter that never counted has no series; these must read 0, not be absent.
        _lost.Add(0);
        _duplicates.Add(0);
    }

    public void Submitted(TimeSpan latency)
    {
        _latency.Record(latency.TotalMilliseconds);
        _p95.Add(latency.TotalMilliseconds);
    }

    public void Lost() => _lost.Add(1);

    public void Duplicate() => _duplicates.Add(1);

    public void DeprecatedWorldId() => _deprecated.Add(1);

    public void ProcessingFailed(string reason) => _processingFailed.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Downgraded(string reason)
    {
        _worldDowngrades.Add(1, new KeyValuePair<string, object?>("reason", reason));
        _strategyDowngrades.Add(1, new KeyValuePair<string, object?>("reason", reason));
    }

    public void Identity(SubmissionCheck check)
    {
        foreach (var missing in check.MissingFields)
            _missingFields.Add(1, new("field", missing.Field), new("node_type", missing.NodeType));
        foreach (var index in check.SchemaConflicts)
            _conflicts.Add(1, new KeyValuePair<string, object?>("node_type", check.Nodes[index].NodeType));
        if (!check.CrcMatches) _checksums.Add(1, new KeyValuePair<string, object?>("source", "sdk"));
        foreach (var mismatch in check.Mismatches)
        {
            _mismatches.Add(1, new KeyValuePair<string, object?>("node_type", mismatch.NodeType));
            if (string.Equals(mismatch.NodeType, NodeSpec.TagQueryType, StringComparison.Ordinal)) _tagQueryMismatches.Add(1);
        }
    }

    public void Dispose() => _meter.Dispose();
}
