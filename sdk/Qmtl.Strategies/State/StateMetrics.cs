using System.Diagnostics.Metrics;
using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>Measurements of caches, warm-up and snapshots, for any metrics listener. Safe for use from many threads.</summary>
/// <remarks>
/// Reads are counted in the cache itself and observed when a listener asks, so that a read costs nothing but an increment. Labels are bounded:
/// beyond <see cref="MaxNodes"/> caches only the totals are reported.
/// </remarks>
public sealed class StateMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Qmtl.Strategies";

    /// <summary>Most caches that are reported one by one.</summary>
    public const int MaxNodes = 256;

    private const string Unset = "__unset__";

    private readonly Meter _meter;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly List<NodeCache> _caches = [];
    private readonly Counter<long> _crossContext;
    private readonly Counter<long> _warmNodes;
    private readonly Histogram<double> _warmup;
    private readonly Counter<long> _snapshotBytes;
    private readonly Histogram<double> _snapshotWrite;
    private readonly Counter<long> _hydrations;

    /// <summary>Creates the instruments.</summary>
    /// <param name="time">The clock of durations and read times.</param>
    /// <param name="factory">Makes the meter; null makes a plain one.</param>
    public StateMetrics(TimeProvider time, IMeterFactory? factory = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _meter = factory?.Create(new MeterOptions(MeterName)) ?? new Meter(MeterName);
        _crossContext = _meter.CreateCounter<long>("cross_context_cache_hit_total", null, "Caches that held bars of another context when they were switched.");
        _warmNodes = _meter.CreateCounter<long>("warmup_ready_nodes_total", null, "Nodes whose windows became full.");
        _warmup = _meter.CreateHistogram<double>("warmup_ready_duration_ms", "ms", "Time from a cache's creation until its windows were full.");
        _snapshotBytes = _meter.CreateCounter<long>("snapshot_bytes_total", "By", "Bytes of state written to snapshots.");
        _snapshotWrite = _meter.CreateHistogram<double>("snapshot_write_duration_ms", "ms", "Time to write a snapshot.");
        _hydrations = _meter.CreateCounter<long>("snapshot_hydration_total", null, "Attempts to go on from a snapshot, by outcome: success or fallback.");
        _meter.CreateObservableGauge("nodecache_resident_bytes", ObserveBytes, "By", "Bytes held by windows, by node and in total.");
        _meter.CreateObservableCounter("cache_read_total", ObserveReads, null, "Reads of windows.");
        _meter.CreateObservableGauge("cache_last_read_timestamp", ObserveLastReads, "s", "When a window was last read, seconds since 1970.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal long Now() => _time.GetTimestamp();

    internal IDisposable Register(NodeCache cache)
    {
        lock (_gate) _caches.Add(cache);
        return new Registration(this, cache);
    }

    internal void CountRead(CacheInput input)
    {
        input.Reads++;
        input.LastReadTicks = _time.GetUtcNow().UtcTicks;
    }

    internal void CountCrossContext(string nodeId, ComputeContext context) => _crossContext.Add(1, [
        new("node_id", nodeId),
        new("world_id", OrUnset(context.WorldId)),
        new("execution_domain", context.Domain.ToToken()),
        new("as_of", OrUnset(context.AsOf)),
        new("partition", OrUnset(context.Partition)),
    ]);

    internal void CountWarm(string nodeId, long since)
    {
        var node = new KeyValuePair<string, object?>("node_id", nodeId);
        _warmNodes.Add(1, node);
        _warmup.Record(_time.GetElapsedTime(since).TotalMilliseconds, node);
    }

    internal void CountSnapshot(long bytes, long since)
    {
        _snapshotBytes.Add(bytes);
        _snapshotWrite.Record(_time.GetElapsedTime(since).TotalMilliseconds);
    }

    internal void CountHydration(bool success) => _hydrations.Add(1, new KeyValuePair<string, object?>("outcome", success ? "success" : "fallback"));

    private static string OrUnset(string? text) => string.IsNullOrEmpty(text) ? Unset : text;

    private NodeCache[] Caches()
    {
        lock (_gate) return [.. _caches];
    }

    private List<Measurement<long>> ObserveBytes()
    {
        var caches = Caches();
        var found = caches.Take(MaxNodes)
            .GroupBy(cache => cache.NodeId, StringComparer.Ordinal)
            .Select(node => new Measurement<long>(node.Sum(cache => cache.ResidentBytes), new("node_id", node.Key), new("scope", "node")))
            .ToList();
        found.Add(new Measurement<long>(caches.Sum(cache => cache.ResidentBytes), new("node_id", "all"), new("scope", "total")));
        return found;
    }

    private IEnumerable<Measurement<long>> ObserveReads() =>
        ByInput().Select(input => new Measurement<long>(input.Sum(window => window.Reads), Tags(input.Key)));

    private IEnumerable<Measurement<double>> ObserveLastReads() => ByInput()
        .Select(input => (input.Key, Ticks: input.Max(window => window.LastReadTicks)))
        .Where(input => input.Ticks > 0)
        .Select(input => new Measurement<double>((input.Ticks - DateTimeOffset.UnixEpoch.Ticks) / (double)TimeSpan.TicksPerSecond, Tags(input.Key)));

    private IEnumerable<IGrouping<(string UpstreamId, int IntervalSeconds), CacheInput>> ByInput() =>
        Caches().Take(MaxNodes).SelectMany(cache => cache.Inputs).GroupBy(input => (input.UpstreamId, input.IntervalSeconds));

    private static KeyValuePair<string, object?>[] Tags((string UpstreamId, int IntervalSeconds) input) =>
        [new("upstream_id", input.UpstreamId), new("interval", input.IntervalSeconds.ToString(CultureInfo.InvariantCulture))];

    private sealed class Registration(StateMetrics metrics, NodeCache cache) : IDisposable
    {
        public void Dispose()
        {
            lock (metrics._gate) metrics._caches.Remove(cache);
        }
    }
}
