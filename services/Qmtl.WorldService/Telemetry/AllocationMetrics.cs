using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Qmtl.WorldService.Telemetry;

/// <summary>How fresh the allocations are that others read.</summary>
internal sealed class AllocationMetrics : IDisposable
{
    /// <summary>Worlds with a label of their own; a label that grows without bound would take the collector down.</summary>
    private const int MaxWorlds = 1_000;

    private const string Others = "other";
    private readonly Meter _meter = new("Qmtl.WorldService");
    private readonly Counter<long> _snapshots;
    private readonly Counter<long> _stale;
    private readonly ConcurrentDictionary<string, Reads> _worlds = new(StringComparer.Ordinal);

    public AllocationMetrics()
    {
        _snapshots = _meter.CreateCounter<long>("world_allocation_snapshot_total", description: "Allocation snapshots read.");
        _stale = _meter.CreateCounter<long>("world_allocation_snapshot_stale_total", description: "Allocation snapshots read that were stale.");
        _meter.CreateObservableGauge("world_allocation_snapshot_stale_ratio", Ratios, description: "Share of a world's allocation snapshots read that were stale.");
    }

    public void SnapshotRead(string worldId, bool stale)
    {
        var label = _worlds.ContainsKey(worldId) || _worlds.Count < MaxWorlds ? worldId : Others;
        _worlds.GetOrAdd(label, _ => new Reads()).Count(stale);
        var world = new KeyValuePair<string, object?>("world_id", label);
        _snapshots.Add(1, world);
        if (stale) _stale.Add(1, world);
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<double>> Ratios() =>
        _worlds.Select(world => new Measurement<double>(world.Value.StaleRatio, new KeyValuePair<string, object?>("world_id", world.Key)));

    private sealed class Reads
    {
        private long _all;
        private long _stale;

        public double StaleRatio => (double)Interlocked.Read(ref _stale) / Interlocked.Read(ref _all);

        public void Count(bool stale)
        {
            Interlocked.Increment(ref _all);
            if (stale) Interlocked.Increment(ref _stale);
        }
    }
}
