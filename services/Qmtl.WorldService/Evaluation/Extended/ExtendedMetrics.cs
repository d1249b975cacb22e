using System.Diagnostics.Metrics;

namespace Qmtl.WorldService.Evaluation.Extended;

/// <summary>How the extended validation does.</summary>
internal sealed class ExtendedMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.WorldService");
    private readonly Counter<long> _runs;
    private readonly Histogram<double> _latency;

    public ExtendedMetrics()
    {
        _runs = _meter.CreateCounter<long>("extended_validation_run_total", description: "Extended validations of runs, by world, stage and status.");
        _latency = _meter.CreateHistogram<double>("extended_validation_run_latency_seconds", description: "Duration of an extended validation in seconds.");
    }

    /// <summary>One attempt ended. None can fail to be queued: the event that asks for it commits with the run.</summary>
    public void Ran(string worldId, string stage, bool success, TimeSpan duration)
    {
        _runs.Add(1, new("world_id", worldId), new("stage", stage), new("status", success ? "success" : "failure"));
        _latency.Record(duration.TotalSeconds);
    }

    public void Dispose() => _meter.Dispose();
}
