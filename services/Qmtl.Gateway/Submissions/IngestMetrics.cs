using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Qmtl.Gateway.Submissions;

/// <summary>What becomes of submissions between the door and the graph.</summary>
internal sealed class IngestMetrics : IDisposable
{
    /// <summary>Spans of the work that follows an answer.</summary>
    public static readonly ActivitySource Spans = new("Qmtl.Gateway");

    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _reassigned;
    private readonly Counter<long> _commitDuplicates;
    private readonly Counter<long> _commitInvalid;
    private readonly Counter<long> _rebuilt;
    private readonly Counter<long> _alerts;
    private readonly Histogram<double> _stages;
    private readonly Histogram<int> _batches;
    private int _keys;
    private int _waiting;

    public IngestMetrics()
    {
        _reassigned = _meter.CreateCounter<long>("owner_reassign_total", description: "Submissions taken over from a gateway that gave no sign of life.");
        _commitDuplicates = _meter.CreateCounter<long>("commit_duplicate_total", description: "Records of the commit log that were handled before.");
        _commitInvalid = _meter.CreateCounter<long>("commit_invalid_total", description: "Records of the commit log that cannot be read.");
        _rebuilt = _meter.CreateCounter<long>("submissions_rebuilt_total", description: "Submissions that the store had lost and the commit log gave back.");
        _alerts = _meter.CreateCounter<long>("submission_worker_alerts_total", description: "Times that three attempts in a row failed because a peer did not answer, by peer code.");
        _stages = _meter.CreateHistogram<double>("submission_stage_latency_ms", description: "Time that a stage of a submission takes in milliseconds, by stage.");
        _batches = _meter.CreateHistogram<int>("submission_batch_size", description: "Submissions that shared a transaction.");
        _meter.CreateObservableGauge("dedupe_window_size", () => Volatile.Read(ref _keys), description: "Keys kept against duplicates.");
        _meter.CreateObservableGauge("strategy_queue_depth", () => Volatile.Read(ref _waiting), description: "Submissions that wait for their diff or are worked on.");
        _reassigned.Add(0);
        _commitDuplicates.Add(0);
        _commitInvalid.Add(0);
    }

    public void Reassigned(int count) => _reassigned.Add(count);

    public void CommitDuplicate() => _commitDuplicates.Add(1);

    public void CommitInvalid() => _commitInvalid.Add(1);

    public void Rebuilt() => _rebuilt.Add(1);

    public void Alert(string reason) => _alerts.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Stage(string stage, TimeSpan took) => _stages.Record(took.TotalMilliseconds, new KeyValuePair<string, object?>("stage", stage));

    public void Batch(int size) => _batches.Record(size);

    public void Counted(int keys, int waiting)
    {
        Volatile.Write(ref _keys, keys);
        Volatile.Write(ref _waiting, waiting);
    }

    public void Dispose() => _meter.Dispose();
}
