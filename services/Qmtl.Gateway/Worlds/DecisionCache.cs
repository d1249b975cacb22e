using System.Collections.Concurrent;
using Grpc.Core;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Worlds;

/// <summary>Remembers decisions as long as they allow, and hands out an old one as stale when WorldService does not answer.</summary>
/// <remarks>
/// A world's entry is dropped whenever something passes this gateway that may change its decision, and whenever an event says that
/// something did: a caller never reads a decision older than what the same caller wrote. However many ask at the same time, WorldService is asked once.
/// </remarks>
internal sealed class DecisionCache(WorldService.WorldServiceClient worlds, WorldServiceCaller caller, WorldServiceOptions options, WorldCacheMetrics metrics, TimeProvider time) : IDecisionSource
{
    private const string NoBindings = "no_bindings";
    private const string CacheControl = "http-cache-control";
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string World, long Epoch), Lazy<Task<DecisionEnvelope?>>> _asking = new();
    private long _epoch;

    /// <inheritdoc />
    public async Task<DecisionReading> ReadAsync(string worldId, CancellationToken cancellation)
    {
        var fresh = _entries.TryGetValue(worldId, out var known) && time.GetUtcNow() < known.FreshUntil;
        metrics.Read(fresh);
        if (fresh) return new DecisionReading(known!.Decision, IsStale: false);
        if (await AskOnceAsync(worldId).WaitAsync(cancellation) is { } decision) return new DecisionReading(decision, IsStale: false);
        metrics.Stale();
        return new DecisionReading(known?.Decision, IsStale: true);
    }

    /// <summary>Forgets that a world's decision is fresh. What is remembered still serves as the last known one.</summary>
    public void Invalidate(string worldId)
    {
        Interlocked.Increment(ref _epoch);
        if (_entries.TryGetValue(worldId, out var known)) _entries[worldId] = known with { FreshUntil = DateTimeOffset.MinValue };
    }

    /// <summary>A strategy was bound to a world: that ends the decision of a world without any, and changes no other.</summary>
    public void Bound(string worldId)
    {
        if (_entries.TryGetValue(worldId, out var known) && known.Decision.Reason.Contains(NoBindings, StringComparison.Ordinal)) Invalidate(worldId);
    }

    /// <summary>Joins a question that is under way, unless the world changed since it was put.</summary>
    private Task<DecisionEnvelope?> AskOnceAsync(string worldId)
    {
        var key = (worldId, Volatile.Read(ref _epoch));
        return _asking.GetOrAdd(key, _ => new Lazy<Task<DecisionEnvelope?>>(() => AskAsync(key))).Value;
    }

    private async Task<DecisionEnvelope?> AskAsync((string World, long Epoch) key)
    {
        try
        {
            // Nobody's cancellation: the answer is for all who asked, and the time limit ends it.
            var answer = await caller.TryAsync((deadline, token) => DecideAsync(key.World, deadline, token), CancellationToken.None);
            // An answer that was under way while the world changed must not be remembered.
            if (answer is not null && key.Epoch == Volatile.Read(ref _epoch)) Remember(key.World, answer);
            return answer?.Decision;
        }
        catch (Exception problem) when (problem is RpcException { StatusCode: StatusCode.NotFound } or RefusalException { Code.HttpStatus: 404 })
        {
            _entries.TryRemove(key.World, out _);
            throw;
        }
        finally
        {
            _asking.TryRemove(key, out _);
        }
    }

    private async Task<Answer> DecideAsync(string worldId, DateTime deadline, CancellationToken cancellation)
    {
        using var call = worlds.DecideAsync(new DecideRequest { WorldId = worldId }, deadline: deadline, cancellationToken: cancellation);
        var decision = await call.ResponseAsync;
        return new Answer(decision, CacheRules.TtlOf(call.GetTrailers().GetValue(CacheControl), decision.Ttl, options.DefaultTtl));
    }

    private void Remember(string worldId, Answer answer)
    {
        if (answer.Ttl > TimeSpan.Zero) _entries[worldId] = new Entry(answer.Decision, time.GetUtcNow() + answer.Ttl);
        else _entries.TryRemove(worldId, out _);
    }

    private sealed record Answer(DecisionEnvelope Decision, TimeSpan Ttl);

    private sealed record Entry(DecisionEnvelope Decision, DateTimeOffset FreshUntil);
}
