using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Activation;

/// <summary>Brings stages and activation in line with the decision within the transaction that changed the decision, and says what changed.</summary>
internal sealed class ActivationReconciler(DecisionStore decisions)
{
    public async Task ReconcileAsync(WorldChange change)
    {
        var unit = change.Unit;
        var world = await WorldStore.GetAsync(unit, change.World.WorldId);
        var after = await DemoteAsync(change, await decisions.LoadAsync(unit, world));
        if (!world.AllowLive && change.Before.AllowLive) await CloseLiveEdgesAsync(change);
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
            after.Stages,
            now.Mode,
            world.CircuitBreaker,
            change.RunId,
            unit.Now));
        await SaveAsync(change, entries, changed);
        if (was.Mode != now.Mode || Switched(change.World, world)) await AnnounceAsync(change, world, now.Mode, now.Reason, now.Etag);
    }

    /// <summary>Tells everyone who remembers the world's decision that it is void.</summary>
    public static ValueTask AnnounceAsync(WorldChange change, WorldRow world, EffectiveMode mode, string reason, string etag) => change.PublishAsync("world_updated", new WorldUpdated
    {
        Version = 1,
        WorldId = world.WorldId,
        State = world.State,
        AllowLive = world.AllowLive,
        CircuitBreaker = world.CircuitBreaker,
        EffectiveMode = mode.ToToken(),
        Reason = reason,
        Etag = etag,
        Ts = Timestamp.FromDateTimeOffset(change.Unit.Now),
        EntityVersion = (int)world.Revision,
    });

    /// <summary>Closes every edge into the live domain.</summary>
    public static async Task CloseLiveEdgesAsync(WorldChange change)
    {
        foreach (var edge in (await EdgeStore.ListAsync(change.Unit, change.World.WorldId)).Where(edge => edge.Active && EdgeStore.LeadsToLive(edge.Dst)))
        {
            var closed = edge with { Active = false, Reason = "allow_live_disabled", Actor = change.Caller.Subject, UpdatedAt = change.Unit.Now };
            await EdgeStore.SaveAsync(change.Unit, closed);
            await change.AuditAsync("edge_override_set", null, closed.ToMessage());
        }
    }

    /// <summary>Writes entries with their events. All carry the hash of the state that the transaction leaves behind.</summary>
    /// <param name="number">Marks the event of an entry as part of a sequence; null outside of an apply.</param>
    /// <returns>The entries as they were written.</returns>
    public static async Task<IReadOnlyList<ActivationEntry>> SaveAsync(
        WorldChange change, IReadOnlyList<ActivationEntry> entries, IReadOnlyList<ActivationEntry> changed, Action<ActivationUpdated>? number = null)
    {
        if (changed.Count == 0) return changed;

        // Whoever writes an entry, and also one that did not exist when the world was frozen: while an apply holds the world, the entry is held.
        changed = [.. changed.Select(entry => entry with { Held = change.Held })];
        var after = entries.ToDictionary(entry => (entry.StrategyId, entry.Side));
        foreach (var entry in changed) after[(entry.StrategyId, entry.Side)] = entry;
        var hash = ActivationStore.HashOf(change.World.WorldId, after.Values);
        await ActivationStore.SaveAsync(change.Unit, changed);
        foreach (var entry in changed)
        {
            var message = entry.ToEvent(hash);
            number?.Invoke(message);
            await change.PublishAsync("activation_updated", message);
            await change.AuditAsync("activation_updated", null, message);
        }

        change.Activated.AddRange(changed);
        return changed;
    }

    private static bool Switched(WorldRow before, WorldRow after) =>
        before.AllowLive != after.AllowLive || before.CircuitBreaker != after.CircuitBreaker || !string.Equals(before.State, after.State, StringComparison.Ordinal);

    private static async Task<DecisionInputs> DemoteAsync(WorldChange change, DecisionInputs inputs)
    {
        var demoted = StageRules.Demoted(inputs);
        if (demoted.Count == 0) return inputs;
        var stages = inputs.Stages.ToDictionary(StringComparer.Ordinal);
        foreach (var strategy in demoted)
        {
            await StageStore.SetAsync(change.Unit, inputs.WorldId, strategy, StageNames.Paper, change.RunId ?? "");
            stages[strategy] = StageNames.Paper;
            await change.AuditAsync("stage_changed", null, StageRules.Describe(strategy, StageNames.Live, StageNames.Paper, inputs.AllowLive ? "left_active_set" : "allow_live_disabled"));
        }

        return inputs with { Stages = stages };
    }

    /// <summary>The sides of the active strategies; nobody asks for those of others.</summary>
    private static async Task<Dictionary<string, IReadOnlyList<string>>> SidesAsync(WorldChange change)
    {
        var rows = await change.Unit.QueryAsync<SideRow>(
            """
            SELECT m.strategy_id, m.side FROM ws_measurements m
            JOIN ws_decisions d ON d.world_id = m.world_id AND d.strategy_id = m.strategy_id WHERE m.world_id = @WorldId
            """,
            new { change.World.WorldId });
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
