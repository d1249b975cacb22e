using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Qmtl.WorldService.RiskHub;

/// <summary>What the risk hub measures of itself.</summary>
internal sealed class RiskHubMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.WorldService");
    private readonly ConcurrentDictionary<string, DateTimeOffset> _newest = new(StringComparer.Ordinal);
    private readonly Counter<long> _processed;
    private readonly Counter<long> _deduplicated;
    private readonly Counter<long> _expired;
    private readonly Counter<long> _failed;
    private readonly Counter<long> _missing;
    private readonly Histogram<double> _latency;

    public RiskHubMetrics(TimeProvider clock)
    {
        _processed = _meter.CreateCounter<long>("risk_hub_snapshot_processed_total", description: "Risk snapshots stored.");
        _deduplicated = _meter.CreateCounter<long>("risk_hub_snapshot_dedupe_total", description: "Risk snapshots that were there already.");
        _expired = _meter.CreateCounter<long>("risk_hub_snapshot_expired_total", description: "Risk snapshots refused because they had expired before they came.");
        _failed = _meter.CreateCounter<long>("risk_hub_snapshot_failed_total", description: "Risk snapshots refused for any other reason.");
        _missing = _meter.CreateCounter<long>("risk_hub_snapshot_missing_total", description: "Times a fresh risk snapshot was needed and there was none.");
        _latency = _meter.CreateHistogram<double>("risk_hub_snapshot_processing_latency_seconds", description: "From the arrival of a risk snapshot to its being stored and acted on, in seconds.");
        _meter.CreateObservableGauge("risk_hub_snapshot_lag_seconds", () => Lags(clock.GetUtcNow()), description: "Age of the newest risk snapshot of a world, in seconds.");
    }

    public void Processed(string worldId, string stage, TimeSpan duration)
    {
        _processed.Add(1, World(worldId), Stage(stage));
        _latency.Record(Math.Max(0, duration.TotalSeconds));
    }

    public void Deduplicated(string worldId, string stage) => _deduplicated.Add(1, World(worldId), Stage(stage));

    public void Expired(string worldId, string stage) => _expired.Add(1, World(worldId), Stage(stage));

    public void Failed(string worldId, string stage) => _failed.Add(1, World(worldId), Stage(stage));

    public void Missing(string worldId) => _missing.Add(1, World(worldId));

    /// <summary>Remembers when the newest snapshot of a world was made; the gauge counts from there at each scrape.</summary>
    public void Newest(string worldId, DateTimeOffset createdAt) =>
        _newest.AddOrUpdate(worldId, createdAt, (_, known) => known > createdAt ? known : createdAt);

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<double>> Lags(DateTimeOffset now) =>
        _newest.Select(pair => new Measurement<double>(Math.Max(0, (now - pair.Value).TotalSeconds), World(pair.Key)));

    private static KeyValuePair<string, object?> World(string worldId) => new("world_id", worldId);

    private static KeyValuePair<string, object?> Stage(string stage) => new("stage", stage is "backtest" or "paper" or "live" ? stage : "other");
}
