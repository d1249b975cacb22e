using System.Diagnostics.Metrics;
using Qmtl.ServiceDefaults.Telemetry;

namespace Qmtl.WorldService.Telemetry;

/// <summary>What WorldService measures of itself.</summary>
internal sealed class WorldMetrics : IDisposable
{
    private const int Window = 1_000;
    private readonly Meter _meter = new("Qmtl.WorldService");
    private readonly SlidingQuantile _decideP95 = new(Window, 0.95);
    private readonly SlidingQuantile _evaluateP95 = new(Window, 0.95);
    private readonly Histogram<double> _decide;
    private readonly Histogram<double> _evaluate;
    private readonly Histogram<double> _skew;
    private readonly Counter<long> _promotions;
    private readonly Counter<long> _demotions;
    private readonly Counter<long> _writeFailures;
    private long _staleDecisions;

    public WorldMetrics()
    {
        _decide = _meter.CreateHistogram<double>("world_decide_latency_ms", description: "Duration of a decision in milliseconds.");
        _evaluate = _meter.CreateHistogram<double>("world_eval_duration_ms", description: "Duration of an evaluation in milliseconds.");
        _skew = _meter.CreateHistogram<double>("world_activation_skew_seconds", description: "From the change of an activation entry to its being readable, in seconds.");
        _promotions = _meter.CreateCounter<long>("world_promotions_total", description: "Strategies that entered an active set.");
        _demotions = _meter.CreateCounter<long>("world_demotions_total", description: "Strategies that left an active set.");
        _writeFailures = _meter.CreateCounter<long>("registry_write_fail_total", description: "Changes to a world that the store refused.");
        // A gauge by type: exporters would call a counter stale_decision_cache_total.
        _meter.CreateObservableGauge("stale_decision_cache", () => Interlocked.Read(ref _staleDecisions), description: "Remembered decisions, since the start, that were too old to be used and were read again.");
        _meter.CreateObservableGauge("world_decide_latency_ms_p95", () => _decideP95.Value, description: "95th percentile of the latest 1,000 decisions in milliseconds.");
        _meter.CreateObservableGauge("world_eval_duration_ms_p95", () => _evaluateP95.Value, description: "95th percentile of the latest 1,000 evaluations in milliseconds.");
    }

    public void Decided(TimeSpan duration)
    {
        _decide.Record(duration.TotalMilliseconds);
        _decideP95.Add(duration.TotalMilliseconds);
    }

    public void Evaluated(TimeSpan duration, int promoted, int demoted)
    {
        _evaluate.Record(duration.TotalMilliseconds);
        _evaluateP95.Add(duration.TotalMilliseconds);
        _promotions.Add(promoted);
        _demotions.Add(demoted);
    }

    public void Activated(TimeSpan skew) => _skew.Record(Math.Max(0, skew.TotalSeconds));

    public void DecisionWasStale() => Interlocked.Increment(ref _staleDecisions);

    public void WriteFailed() => _writeFailures.Add(1);

    public void Dispose() => _meter.Dispose();
}
