using System.Diagnostics.Metrics;

namespace Qmtl.Gateway.Activation;

/// <summary>What is measured of activation.</summary>
internal sealed class ActivationMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _acks;
    private readonly Counter<long> _holds;
    private readonly Counter<long> _resyncs;
    private readonly Counter<long> _dropped;
    private readonly Histogram<double> _latency;
    private readonly Histogram<double> _skew;
    private int _held;

    public ActivationMetrics()
    {
        _acks = _meter.CreateCounter<long>("controlbus_apply_ack_total", description: "Phases of applies acknowledged, by phase.");
        _holds = _meter.CreateCounter<long>("activation_holds_total", description: "Times this gateway closed a world by itself, by reason: gap (an event is missing or out of order), touch (it could not announce itself or lost the log), unreadable.");
        _resyncs = _meter.CreateCounter<long>("activation_resync_total", description: "States read after a hold, by result: done, overtaken (read again) or failed (stays closed).");
        _dropped = _meter.CreateCounter<long>("activation_broken_total", description: "Activation events that ask for an acknowledgement and have no sequence; they open nothing.");
        _latency = _meter.CreateHistogram<double>("controlbus_apply_ack_latency_ms", description: "From an activation event to its acknowledgement in milliseconds, by phase.");
        _skew = _meter.CreateHistogram<double>("activation_skew_seconds", description: "From a change of activation to its relay in seconds. Alert above 5 s.");
        _meter.CreateObservableGauge("activation_held_worlds", () => Volatile.Read(ref _held), description: "Worlds that this gateway keeps closed until it has read their state.");
    }

    public void Acknowledged(string phase, TimeSpan latency)
    {
        var tag = new KeyValuePair<string, object?>("phase", phase);
        _acks.Add(1, tag);
        _latency.Record(Math.Max(0, latency.TotalMilliseconds), tag);
    }

    public void Held(string reason) => _holds.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Resynced(string result) => _resyncs.Add(1, new KeyValuePair<string, object?>("result", result));

    public void Broken() => _dropped.Add(1);

    public void Relayed(TimeSpan skew) => _skew.Record(Math.Max(0, skew.TotalSeconds));

    public void HeldWorlds(int count) => Volatile.Write(ref _held, count);

    public void Dispose() => _meter.Dispose();
}
