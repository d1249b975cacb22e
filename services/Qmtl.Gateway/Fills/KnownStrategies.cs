using System.Collections.Concurrent;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Fills;

/// <summary>Whether a strategy belongs to a world, by WorldService; or had fills there, so that the last fills of one that was taken out are not lost.</summary>
internal sealed class KnownStrategies(WorldService.WorldServiceClient worlds, WorldServiceCaller caller, IDatabase database, FillOptions options, TimeProvider time)
{
    private const int Most = 10_000;
    private static readonly Dictionary<string, string> RetryLater = new(StringComparer.Ordinal) { [RefusalStatus.RetryAfter] = "5" };
    private readonly ConcurrentDictionary<(string World, string Strategy), DateTimeOffset> _known = new();

    /// <summary>Refuses a strategy that does not belong to the world.</summary>
    /// <exception cref="RefusalException"><c>E_WORLD_UNKNOWN</c>, <c>E_STRATEGY_UNKNOWN</c>, or <c>E_UNAVAILABLE</c> where nobody can tell now.</exception>
    public async Task EnsureAsync(string worldId, string strategyId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_known.TryGetValue((worldId, strategyId), out var until) && now < until) return;
        if (!await database.ReadAsync(session => FillStore.HasFillsAsync(session, worldId, strategyId), cancellation)) await AskAsync(worldId, strategyId, cancellation);
        if (_known.Count >= Most) _known.Clear();
        _known[(worldId, strategyId)] = now + options.KnownFor;
    }

    private async Task AskAsync(string worldId, string strategyId, CancellationToken cancellation)
    {
        var bound = await caller.TryAsync(
            (deadline, token) => worlds.ListBindingsAsync(new ListBindingsRequest { WorldId = worldId }, deadline: deadline, cancellationToken: token).ResponseAsync, cancellation);
        if (bound is null) throw new RefusalException(ReasonCodes.Unavailable, "WorldService does not answer, so nobody can tell whose fill this is; send it again.", errors: null, RetryLater);
        if (!bound.Strategies.Contains(strategyId)) throw new RefusalException(ReasonCodes.StrategyUnknown, $"World '{worldId}' has no strategy '{strategyId}'.", [new FieldError("/data/strategy_id", "names no strategy of the world")]);
    }
}
