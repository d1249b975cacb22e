using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.WorldService.Activation;

/// <summary>The table <c>ws_activation</c>: the truth about activation.</summary>
internal static class ActivationStore
{
    public static Task<IReadOnlyList<ActivationEntry>> ListAsync(ISession session, string worldId) => session.QueryAsync<ActivationEntry>(
        $"SELECT * FROM ws_activation WHERE world_id = @worldId ORDER BY strategy_id {session.Dialect.Ordinal}, side {session.Dialect.Ordinal}", new { worldId });

    public static Task<ActivationEntry?> FindAsync(ISession session, string worldId, string strategyId, string side) =>
        session.FirstOrDefaultAsync<ActivationEntry>(
            "SELECT * FROM ws_activation WHERE world_id = @worldId AND strategy_id = @strategyId AND side = @side", new { worldId, strategyId, side });

    /// <summary>Writes entries, no two of the same side of a strategy.</summary>
    public static Task SaveAsync(IUnitOfWork unit, IReadOnlyCollection<ActivationEntry> entries)
    {
        var rows = new RowBatch(
            "ws_activation (world_id, strategy_id, side, active, weight, \"freeze\", drain, held, effective_mode, mode_limit, run_id, ts, entry_version)",
            """
            ON CONFLICT (world_id, strategy_id, side) DO UPDATE SET active = excluded.active, weight = excluded.weight, "freeze" = excluded."freeze",
                drain = excluded.drain, held = excluded.held, effective_mode = excluded.effective_mode, mode_limit = excluded.mode_limit, run_id = excluded.run_id, ts = excluded.ts, entry_version = excluded.entry_version
            """);
        foreach (var entry in entries)
        {
            rows.Add(
                entry.WorldId, entry.StrategyId, entry.Side, entry.Active, entry.Weight, entry.Freeze, entry.Drain, entry.Held,
                entry.EffectiveMode, entry.ModeLimit, entry.RunId, entry.Ts, entry.EntryVersion);
        }

        return rows.WriteAsync(unit);
    }

    public static string HashOf(string worldId, IEnumerable<ActivationEntry> entries) => StateHash.OfActivation(worldId, entries.Select(entry => entry.ForHash()));
}
