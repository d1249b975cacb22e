using Qmtl.Identity;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Activation;

/// <summary>Brings activation in line with the decision within the transaction that changed the decision.</summary>
internal sealed class ActivationReconciler(DecisionStore decisions)
{
    public async Task ReconcileAsync(WorldChange change)
    {
        var unit = change.Unit;
        var world = await WorldStore.GetAsync(unit, change.World.WorldId);
        var after = await decisions.LoadAsync(unit, world);
        var was = Decision.Decide(change.Before, null, unit.Now);
        var now = Decision.Decide(after, null, unit.Now);

        var fingerprint = now.Mode == EffectiveMode.Live ? after.Facts?.Fingerprint : null;
        if (!string.Equals(fingerprint, world.LiveFingerprint, StringComparison.Ordinal))
        {
            await unit.ExecuteAsync("UPDATE ws_worlds SET live_fingerprint = @fingerprint WHERE world_id = @WorldId", new { fingerprint, world.WorldId });
        }

        var entries = await ActivationStore.ListAsync(unit, world.WorldId);
        var changed = ActivationRules.Follow(new ActivationChange(
            world.WorldId,
            entries,
            change.Before.Active.ToHashSet(StringComparer.Ordinal),
            after.Active.ToHashSet(StringComparer.Ordinal),
            await SidesAsync(change),
            now.Mode,
            was.Mode != now.Mode,
            change.RunId,
            unit.Now));
        await SaveAsync(change, entries, changed);
    }

    /// <summary>Writes entries with their events. All carry the hash of the state that the transaction leaves behind.</summary>
    public static async Task SaveAsync(WorldChange change, IReadOnlyList<ActivationEntry> entries, IReadOnlyList<ActivationEntry> changed)
    {
        if (changed.Count == 0) return;
        var after = entries.ToDictionary(entry => (entry.StrategyId, entry.Side));
        foreach (var entry in changed) after[(entry.StrategyId, entry.Side)] = entry;
        var hash = ActivationStore.HashOf(change.World.WorldId, after.Values);
        foreach (var entry in changed)
        {
            await ActivationStore.SaveAsync(change.Unit, entry);
            var message = entry.ToEvent(hash);
            await change.PublishAsync("activation_updated", message);
            await change.AuditAsync("activation_updated", null, message);
        }

        change.Activated.AddRange(changed);
    }

    private static async Task<Dictionary<string, IReadOnlyList<string>>> SidesAsync(WorldChange change)
    {
        var rows = await change.Unit.QueryAsync<SideRow>("SELECT strategy_id, side FROM ws_measurements WHERE world_id = @WorldId", new { change.World.WorldId });
        return rows.GroupBy(row => row.StrategyId, StringComparer.Ordinal).ToDictionary(
            group => group.Key,
            group => (IReadOnlyList<string>)[.. ActivationRules.Sides.Where(side => group.Any(row => row.Side is "both" || string.Equals(row.Side, side, StringComparison.Ordinal)))],
            StringComparer.Ordinal);
    }

    private sealed record SideRow
    {
        public string StrategyId { get; init; } = "";

        public string Side { get; init; } = "";
    }
}
