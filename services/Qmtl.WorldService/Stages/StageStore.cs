using Qmtl.Storage;

namespace Qmtl.WorldService.Stages;

/// <summary>A row of <c>ws_stages</c>: how far a strategy has come in its world.</summary>
internal sealed record StageRow
{
    public string WorldId { get; init; } = "";

    public string StrategyId { get; init; } = "";

    /// <summary>paper or live; a strategy without a row is at backtest.</summary>
    public string Stage { get; init; } = "";

    /// <summary>The evaluation, apply or promotion that brought it there.</summary>
    public string RunId { get; init; } = "";

    public DateTimeOffset Since { get; init; }
}

/// <summary>The names of stages.</summary>
internal static class StageNames
{
    public const string Backtest = "backtest";
    public const string Paper = "paper";
    public const string Live = "live";
}

/// <summary>The table of stages. Only what was promoted stands at <see cref="StageNames.Live"/>: a world that may go live does not make its strategies so.</summary>
internal static class StageStore
{
    /// <summary>All strategies of a world beyond backtest, by id.</summary>
    public static Task<IReadOnlyList<StageRow>> ListAsync(ISession session, string worldId) =>
        session.QueryAsync<StageRow>($"SELECT * FROM ws_stages WHERE world_id = @worldId ORDER BY strategy_id {session.Dialect.Ordinal}", new { worldId });

    /// <summary>Where a strategy stands; null is backtest.</summary>
    public static Task<StageRow?> FindAsync(ISession session, string worldId, string strategyId) =>
        session.FirstOrDefaultAsync<StageRow>("SELECT * FROM ws_stages WHERE world_id = @worldId AND strategy_id = @strategyId", new { worldId, strategyId });

    /// <summary>Takes every stage of a world away.</summary>
    public static Task ClearAsync(IUnitOfWork unit, string worldId) => unit.ExecuteAsync("DELETE FROM ws_stages WHERE world_id = @worldId", new { worldId });

    /// <summary>Brings a strategy to a stage; says whether that changed anything.</summary>
    public static async Task<bool> SetAsync(IUnitOfWork unit, string worldId, string strategyId, string stage, string runId)
    {
        if (stage is StageNames.Backtest)
        {
            return await unit.ExecuteAsync("DELETE FROM ws_stages WHERE world_id = @worldId AND strategy_id = @strategyId", new { worldId, strategyId }) > 0;
        }

        return await unit.ExecuteAsync(
            """
            INSERT INTO ws_stages (world_id, strategy_id, stage, run_id, since) VALUES (@worldId, @strategyId, @stage, @runId, @Now)
            ON CONFLICT (world_id, strategy_id) DO UPDATE SET stage = excluded.stage, run_id = excluded.run_id, since = excluded.since
            WHERE ws_stages.stage <> excluded.stage
            """,
            new { worldId, strategyId, stage, runId, unit.Now }) > 0;
    }
}
