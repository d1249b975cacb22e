using Qmtl.WorldService.Activation;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.RiskCircuit;

/// <summary>
/// Takes the heaviest strategy of a world out when a fresh snapshot arrives, for worlds that the configuration lists: frozen, or drained so that open
/// orders may finish. A world on both lists is frozen: freeze beats drain.
/// </summary>
internal sealed class ExitRules(RiskCircuitOptions options) : IRiskSnapshotObserver
{
    public async Task ObserveAsync(WorldChange change, RiskSnapshotRow snapshot)
    {
        var worldId = change.World.WorldId;
        var freeze = options.FreezeWorlds.Contains(worldId, StringComparer.Ordinal);
        if ((!freeze && !options.DrainWorlds.Contains(worldId, StringComparer.Ordinal)) || !snapshot.IsFresh(change.Unit.Now)) return;
        var entries = await ActivationStore.ListAsync(change.Unit, worldId);
        await ActivationReconciler.SaveAsync(change, entries, Exit(entries, freeze, change.Unit.Now));
    }

    /// <summary>The entries of the strategy that weighs most among those that may trade, by id where several weigh the same. Pure.</summary>
    public static IReadOnlyList<ActivationEntry> Exit(IReadOnlyList<ActivationEntry> entries, bool freeze, DateTimeOffset now)
    {
        var heaviest = entries.Where(entry => entry.EffectivelyActive).OrderByDescending(entry => entry.Weight).ThenBy(entry => entry.StrategyId, StringComparer.Ordinal).FirstOrDefault();
        if (heaviest is null) return [];
        return [.. entries.Where(entry => string.Equals(entry.StrategyId, heaviest.StrategyId, StringComparison.Ordinal)).Select(entry => entry with
        {
            Active = false, Weight = 0, Freeze = freeze || entry.Freeze, Drain = !freeze || entry.Drain, RunId = null, Ts = now, EntryVersion = entry.EntryVersion + 1,
        })];
    }
}
