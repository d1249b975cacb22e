using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Calendars;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Decisions;

/// <summary>The active strategies of a world, and what else its decision rests on.</summary>
internal sealed class DecisionStore(PolicyStore policies)
{
    public static async Task<IReadOnlyList<string>> ActiveAsync(ISession session, string worldId) =>
        await session.QueryAsync<string>("SELECT strategy_id FROM ws_decisions WHERE world_id = @worldId ORDER BY position", new { worldId });

    /// <summary>Replaces the active set; says whether that changed anything.</summary>
    public static async Task<bool> ReplaceAsync(IUnitOfWork unit, string worldId, IReadOnlyList<string> active)
    {
        var before = await ActiveAsync(unit, worldId);
        if (before.SequenceEqual(active, StringComparer.Ordinal)) return false;
        await unit.ExecuteAsync("DELETE FROM ws_decisions WHERE world_id = @worldId", new { worldId });
        var rows = new RowBatch("ws_decisions (world_id, strategy_id, position)");
        foreach (var (position, strategyId) in active.Index()) rows.Add(worldId, strategyId, position);
        await rows.WriteAsync(unit);
        await unit.ExecuteAsync("UPDATE ws_worlds SET decisions_at = @Now WHERE world_id = @worldId", new { unit.Now, worldId });
        return true;
    }

    /// <summary>Reads what a decision about <paramref name="world"/> rests on.</summary>
    public async Task<DecisionInputs> LoadAsync(ISession session, WorldRow world)
    {
        var key = new { world.WorldId };
        var active = await ActiveAsync(session, world.WorldId);
        var bindings = await session.ScalarAsync<long>("SELECT COUNT(*) FROM ws_bindings WHERE world_id = @WorldId", key);
        var fact = await session.FirstOrDefaultAsync<FactRow>(
            $"SELECT report, updated_at FROM ws_history WHERE world_id = @WorldId ORDER BY updated_at DESC, strategy_id {session.Dialect.Ordinal}, node_id {session.Dialect.Ordinal} LIMIT 1", key);
        var observed = await session.QueryAsync<ObservedRow>(
            """
            SELECT m.strategy_id, m.data_end FROM ws_measurements m
            JOIN ws_decisions d ON d.world_id = m.world_id AND d.strategy_id = m.strategy_id WHERE m.world_id = @WorldId
            """,
            key);
        var stages = await StageStore.ListAsync(session, world.WorldId);
        var policy = await policies.FindDefaultAsync(session, world);
        var facts = fact is null ? null : new DataFacts(Json.Read<HistoryReport>(fact.Report), fact.UpdatedAt);
        return new DecisionInputs(
            world.WorldId,
            string.Equals(world.State, WorldStates.Suspended, StringComparison.Ordinal),
            world.AllowLive,
            world.CircuitBreaker,
            world.Shadow,
            world.DefaultPolicyVersion,
            (int)bindings,
            active,
            stages.ToDictionary(row => row.StrategyId, row => row.Stage, StringComparer.Ordinal),
            facts,
            policy?.DataCurrency?.MaxLag,
            OldestEnd(active, observed),
            world.LiveFingerprint,
            Latest(world.UpdatedAt, world.DecisionsAt, facts?.UpdatedAt))
        {
            Calendar = WorldCalendar.Of(world, policy),
        };
    }

    /// <summary>The data is as old as that of the active strategy that is furthest behind; one of unknown age makes it unknown.</summary>
    private static DateTimeOffset? OldestEnd(IReadOnlyList<string> active, IReadOnlyList<ObservedRow> observed)
    {
        var ends = observed.GroupBy(row => row.StrategyId, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Max(row => row.DataEnd), StringComparer.Ordinal);
        DateTimeOffset? oldest = null;
        foreach (var strategy in active)
        {
            if (!ends.TryGetValue(strategy, out var end) || end is null) return null;
            if (oldest is null || end < oldest) oldest = end;
        }

        return oldest;
    }

    private static DateTimeOffset Latest(DateTimeOffset first, params DateTimeOffset?[] others) => others.Aggregate(first, (latest, other) => other > latest ? other.Value : latest);

    private sealed record FactRow
    {
        public string Report { get; init; } = "";

        public DateTimeOffset UpdatedAt { get; init; }
    }

    private sealed record ObservedRow
    {
        public string StrategyId { get; init; } = "";

        public DateTimeOffset? DataEnd { get; init; }
    }
}
