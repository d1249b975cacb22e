using System.Diagnostics.Metrics;

namespace Qmtl.Gateway.Worlds;

/// <summary>How often WorldService need not be asked, and how often it could not be.</summary>
internal sealed class WorldCacheMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _hitsTotal;
    private readonly Counter<long> _stale;
    private long _hits;
    private long _reads;

    public WorldCacheMetrics()
    {
        _hitsTotal = _meter.CreateCounter<long>("worlds_cache_hits_total", description: "Decisions answered from memory.");
        _stale = _meter.CreateCounter<long>("worlds_stale_responses_total", description: "Answers given without WorldService.");
        _stale.Add(0);
        _meter.CreateObservableGauge("worlds_cache_hit_ratio", () => Ratio(Volatile.Read(ref _hits), Volatile.Read(ref _reads)), description: "Share of decisions answered from memory.");
    }

    public void Read(bool hit)
    {
        Interlocked.Increment(ref _reads);
        if (!hit) return;
        Interlocked.Increment(ref _hits);
        _hitsTotal.Add(1);
    }

    public void Stale() => _stale.Add(1);

    public void Dispose() => _meter.Dispose();

    private static double Ratio(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
