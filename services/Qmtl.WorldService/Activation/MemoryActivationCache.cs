using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Qmtl.WorldService.Activation;

/// <summary>The cache of a single process.</summary>
internal sealed class MemoryActivationCache : IActivationCache
{
    private readonly ConcurrentDictionary<string, HeldWorld> _worlds = new(StringComparer.Ordinal);

    public ValueTask<IReadOnlyList<ActivationEntry>?> ListAsync(string worldId, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ActivationEntry>?>(_worlds.TryGetValue(worldId, out var held) && held.Complete ? [.. held.Entries.Values] : null);

    public ValueTask LoadAsync(string worldId, IReadOnlyList<ActivationEntry> entries, CancellationToken cancellationToken)
    {
        _worlds.AddOrUpdate(worldId, _ => HeldWorld.Empty.With(entries, complete: true), (_, held) => held.With(entries, complete: true));
        return ValueTask.CompletedTask;
    }

    public ValueTask PutAsync(string worldId, IReadOnlyList<ActivationEntry> entries, CancellationToken cancellationToken)
    {
        // Kept even when the world is not loaded: a reader that is loading an older snapshot right now must not win over it.
        _worlds.AddOrUpdate(worldId, _ => HeldWorld.Empty.With(entries, complete: false), (_, held) => held.With(entries, held.Complete));
        return ValueTask.CompletedTask;
    }

    public ValueTask ForgetAsync(string worldId, CancellationToken cancellationToken)
    {
        _worlds.TryRemove(worldId, out _);
        return ValueTask.CompletedTask;
    }

    private sealed record HeldWorld(bool Complete, ImmutableSortedDictionary<(string StrategyId, string Side), ActivationEntry> Entries)
    {
        public static readonly HeldWorld Empty = new(Complete: false, ImmutableSortedDictionary.Create<(string StrategyId, string Side), ActivationEntry>(
            Comparer<(string StrategyId, string Side)>.Create(static (a, b) =>
                string.CompareOrdinal(a.StrategyId, b.StrategyId) is var order and not 0 ? order : string.CompareOrdinal(a.Side, b.Side))));

        public HeldWorld With(IReadOnlyList<ActivationEntry> entries, bool complete)
        {
            var merged = Entries.ToBuilder();
            foreach (var entry in entries)
            {
                var key = (entry.StrategyId, entry.Side);
                if (!merged.TryGetValue(key, out var old) || old.EntryVersion < entry.EntryVersion) merged[key] = entry;
            }

            return new HeldWorld(complete, merged.ToImmutable());
        }
    }
}
