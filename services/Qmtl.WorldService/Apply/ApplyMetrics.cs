using System.Diagnostics.Metrics;

namespace Qmtl.WorldService.Apply;

/// <summary>What applies measure of themselves. Labels are phases only: worlds and runs are found by their audit.</summary>
internal sealed class ApplyMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.WorldService");
    private readonly Counter<long> _runs;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _pending;
    private readonly Histogram<double> _phases;
    private readonly Histogram<double> _durations;
    private readonly Histogram<double> _skew;

    public ApplyMetrics()
    {
        _runs = _meter.CreateCounter<long>("world_apply_run_total", description: "Applies that ended, by status: completed or rolled_back.");
        _failures = _meter.CreateCounter<long>("world_apply_failure_total", description: "Applies that were rolled back, by the stage they had reached.");
        _pending = _meter.CreateCounter<long>("world_apply_unfreeze_pending_total", description: "Applies whose opening was not confirmed in time; their events are repeated. Alert on growth.");
        _phases = _meter.CreateHistogram<double>("apply_phase_duration_ms", description: "Time a phase of an apply took in milliseconds, by phase.");
        _durations = _meter.CreateHistogram<double>("world_apply_duration_ms", description: "Time from the request of an apply to its end in milliseconds.");
        _skew = _meter.CreateHistogram<double>("activation_skew_seconds", description: "From the change of an activation entry to its acknowledgement by an observer, in seconds.");

        // A counter that never counted has no series; an alert needs one.
        _pending.Add(0);
    }

    public void Stepped(ApplyRunState before, ApplyRunState after)
    {
        if (before.Machine.Phase == after.Machine.Phase) return;
        var took = after.Machine.Since - before.Machine.Since;
        _phases.Record(took.TotalMilliseconds, new KeyValuePair<string, object?>("phase", before.Machine.Phase.ToToken()));
        if (after.Machine.Phase is ApplyPhase.UnfreezePending) _pending.Add(1);
        if (!after.Machine.Phase.IsTerminal()) return;
        _runs.Add(1, new KeyValuePair<string, object?>("status", after.Machine.Phase.ToToken()));
        if (after.Machine.Phase is ApplyPhase.RolledBack) _failures.Add(1, new KeyValuePair<string, object?>("stage", before.Machine.Phase.ToToken()));
        if (after.History.Count > 0) _durations.Record((after.Machine.Since - after.History[0].At).TotalMilliseconds);
    }

    public void Acknowledged(TimeSpan skew) => _skew.Record(Math.Max(0, skew.TotalSeconds));

    public void Dispose() => _meter.Dispose();
}
