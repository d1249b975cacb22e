using System.Collections.Concurrent;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Decisions;

/// <summary>What a decision of a world rests on, remembered for a moment.</summary>
/// <param name="Inputs">The inputs as the store held them.</param>
/// <param name="Settled">The answer to a request without an as-of, where it does not depend on the time; null where it does.</param>
/// <param name="ReadAt">When the read began, by the cache's own clock.</param>
internal sealed record HeldDecision(DecisionInputs Inputs, DecisionEnvelope? Settled, long ReadAt);

/// <summary>
/// Remembers what decisions rest on. A change in this process ends that at its commit, a change in another with its event; whatever gets lost on the
/// way, nothing is used longer than <see cref="MaxAge"/>.
/// </summary>
/// <param name="age">Measures how old a memory is: a matter of the process, not of the worlds' clock.</param>
internal sealed class DecisionCache(IDatabase database, DecisionStore decisions, WorldMetrics metrics, TimeProvider age)
{
    public static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(500);

    // One counter for many worlds: a collision costs a read, a counter for each id that anybody asks for would cost memory without end.
    private readonly long[] _epochs = new long[1024];
    private readonly ConcurrentDictionary<string, HeldDecision> _held = new(StringComparer.Ordinal);

    /// <summary>The inputs of a world's decision, at most <see cref="MaxAge"/> old.</summary>
    /// <exception cref="Identity.RefusalException">There is no such world.</exception>
    public ValueTask<HeldDecision> ReadAsync(string worldId, CancellationToken cancellationToken)
    {
        if (_held.TryGetValue(worldId, out var held))
        {
            if (age.GetElapsedTime(held.ReadAt) < MaxAge) return ValueTask.FromResult(held);
            metrics.DecisionWasStale();
        }

        return new ValueTask<HeldDecision>(LoadAsync(worldId, cancellationToken));
    }

    /// <summary>Ends what is remembered of a world, also a read of it that is under way.</summary>
    public void Invalidate(string worldId)
    {
        Interlocked.Increment(ref Epoch(worldId));
        _held.TryRemove(worldId, out _);
    }

    private async Task<HeldDecision> LoadAsync(string worldId, CancellationToken cancellationToken)
    {
        var epoch = Volatile.Read(ref Epoch(worldId));
        var readAt = age.GetTimestamp();
        var inputs = await database.ReadAsync(async session => await decisions.LoadAsync(session, await WorldStore.GetAsync(session, worldId)), cancellationToken);
        var held = new HeldDecision(inputs, inputs.MaxLag is null ? DecisionEnvelopes.Of(inputs, Decision.Decide(inputs, null, inputs.ChangedAt)) : null, readAt);
        if (Volatile.Read(ref Epoch(worldId)) != epoch) return held;
        _held[worldId] = held;

        // A change may have come between the look at its counter and the line above; whoever came later removes by himself.
        if (Volatile.Read(ref Epoch(worldId)) != epoch) _held.TryRemove(KeyValuePair.Create(worldId, held));
        return held;
    }

    private ref long Epoch(string worldId) => ref _epochs[(uint)string.GetHashCode(worldId, StringComparison.Ordinal) % _epochs.Length];
}
