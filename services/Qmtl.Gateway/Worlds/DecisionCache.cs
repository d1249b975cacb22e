using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Worlds;

/// <summary>Remembers decisions as long as they allow, and hands out an old one as stale when WorldService does not answer.</summary>
/// <remarks>
/// A world's entry is dropped whenever something passes this gateway that may change its decision, and whenever an event says that
/// something did: a caller never reads a decision older than what the same caller wrote.
/// </remarks>
internal sealed class DecisionCache : IDecisionSource, IDisposable
{
    private readonly WorldService.WorldServiceClient _worlds;
    private readonly WorldServiceCaller _caller;
    private readonly WorldServiceOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _hitsTotal;
    private readonly Counter<long> _stale;
    private long _hits;
    private long _reads;
    private long _epoch;

    public DecisionCache(WorldService.WorldServiceClient worlds, WorldServiceCaller caller, WorldServiceOptions options, TimeProvider time)
    {
        (_worlds, _caller, _options, _time) = (worlds, caller, options, time);
        _hitsTotal = _meter.CreateCounter<long>("worlds_cache_hits_total", description: "Decisions answered from memory.");
        _stale = _meter.CreateCounter<long>("worlds_stale_responses_total", description: "Answers given without WorldService.");
        _stale.Add(0);
        _meter.CreateObservableGauge("worlds_cache_hit_ratio", () => Ratio(Volatile.Read(ref _hits), Volatile.Read(ref _reads)), description: "Share of decisions answered from memory.");
    }

    /// <inheritdoc />
    public async Task<DecisionReading> ReadAsync(string worldId, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _reads);
        if (_entries.TryGetValue(worldId, out var known) && _time.GetUtcNow() < known.FreshUntil)
        {
            Interlocked.Increment(ref _hits);
            _hitsTotal.Add(1);
            return new DecisionReading(known.Decision, IsStale: false);
        }

        // An answer that was under way while the world changed must not be remembered.
        var epoch = Volatile.Read(ref _epoch);
        var decision = await AskAsync(worldId, cancellation);
        if (decision is not null)
        {
            if (epoch == Volatile.Read(ref _epoch)) Remember(worldId, decision);
            return new DecisionReading(decision, IsStale: false);
        }

        _stale.Add(1);
        return new DecisionReading(known?.Decision, IsStale: true);
    }

    /// <summary>Forgets that a world's decision is fresh. What is remembered still serves as the last known one.</summary>
    public void Invalidate(string worldId)
    {
        Interlocked.Increment(ref _epoch);
        if (_entries.TryGetValue(worldId, out var known)) _entries[worldId] = known with { FreshUntil = DateTimeOffset.MinValue };
    }

    public void Dispose() => _meter.Dispose();

    private async Task<DecisionEnvelope?> AskAsync(string worldId, CancellationToken cancellation)
    {
        try
        {
            return await _caller.TryAsync(
                async (deadline, token) => await _worlds.DecideAsync(new DecideRequest { WorldId = worldId }, deadline: deadline, cancellationToken: token), cancellation);
        }
        catch (Exception problem) when (problem is RpcException { StatusCode: StatusCode.NotFound } or RefusalException { Code.HttpStatus: 404 })
        {
            _entries.TryRemove(worldId, out _);
            throw;
        }
    }

    private void Remember(string worldId, DecisionEnvelope decision)
    {
        var ttl = decision.Ttl?.ToTimeSpan() ?? _options.DefaultTtl;
        if (ttl > TimeSpan.Zero) _entries[worldId] = new Entry(decision, _time.GetUtcNow() + ttl);
        else _entries.TryRemove(worldId, out _);
    }

    private static double Ratio(long part, long whole) => whole == 0 ? 0 : (double)part / whole;

    private sealed record Entry(DecisionEnvelope Decision, DateTimeOffset FreshUntil);
}
