using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Campaigns;

/// <summary>What campaigns read of runs, and their own tables.</summary>
internal static class CampaignStore
{
    /// <summary>
    /// The facts of every strategy of a world that is bound or stands beyond backtest; or of one. Runs of others, tried out or left behind, are
    /// nobody's campaign. Only what was evaluated counts as observed: an approval on the last day must not complete a window.
    /// </summary>
    public static async Task<IReadOnlyList<CampaignFacts>> LoadAsync(ISession session, string worldId, string strategyId)
    {
        var key = new { worldId, strategyId };
        var runs = (await session.QueryAsync<StageRunsRow>(
            $"""
            SELECT strategy_id, stage, run_id, payload, updated_at, started_at,
                COALESCE((SELECT MAX(v.recorded_at) FROM ws_run_revisions v JOIN ws_runs r ON r.world_id = v.world_id AND r.strategy_id = v.strategy_id AND r.run_id = v.run_id
                    WHERE r.world_id = newest.world_id AND r.strategy_id = newest.strategy_id AND r.stage = newest.stage AND v.change_type IN ('created', 'evaluated')), started_at) AS observed_until
            FROM (SELECT world_id, strategy_id, stage, run_id, payload, updated_at,
                    MIN(created_at) OVER (PARTITION BY strategy_id, stage) AS started_at,
                    ROW_NUMBER() OVER (PARTITION BY strategy_id, stage ORDER BY updated_at DESC, run_id {session.Dialect.Ordinal} DESC) AS place
                FROM ws_runs WHERE world_id = @worldId AND (@strategyId = '' OR strategy_id = @strategyId)) newest
            WHERE place = 1
            """,
            key)).ToLookup(row => row.StrategyId, StringComparer.Ordinal);
        var standings = (await StageStore.ListAsync(session, worldId)).ToDictionary(row => row.StrategyId, StringComparer.Ordinal);
        var bound = (await BindingStore.ListAsync(session, worldId)).Select(row => row.StrategyId);
        return
        [
            .. bound.Concat(standings.Keys).Distinct(StringComparer.Ordinal)
                .Where(id => strategyId.Length == 0 || string.Equals(id, strategyId, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(id => new CampaignFacts(
                    id, Find(runs[id], StageNames.Backtest), Find(runs[id], StageNames.Paper), Find(runs[id], StageNames.Live), standings.GetValueOrDefault(id))),
        ];
    }

    public static async Task<IReadOnlySet<string>> TakenAsync(ISession session, string worldId, string strategyId) =>
        (await session.QueryAsync<string>(
            "SELECT idempotency_key FROM ws_campaign_steps WHERE world_id = @worldId AND (@strategyId = '' OR strategy_id = @strategyId)", new { worldId, strategyId }))
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>Remembers that a step was taken; says whether that is news.</summary>
    public static async Task<bool> TakeAsync(IUnitOfWork unit, string worldId, CampaignStepPlan step, string actor) => await unit.ExecuteAsync(
        """
        INSERT INTO ws_campaign_steps (world_id, idempotency_key, strategy_id, run_id, actor, executed_at)
        VALUES (@worldId, @Key, @StrategyId, @RunId, @actor, @Now) ON CONFLICT (world_id, idempotency_key) DO NOTHING
        """,
        new { worldId, step.Key, step.StrategyId, step.RunId, actor, unit.Now }) > 0;

    public static Task<LeaseRow?> LeaseAsync(ISession session, string worldId) =>
        session.FirstOrDefaultAsync<LeaseRow>("SELECT holder, expires_at FROM ws_campaign_leases WHERE world_id = @worldId", new { worldId });

    public static Task SaveLeaseAsync(IUnitOfWork unit, string worldId, string holder, DateTimeOffset expiresAt) => unit.ExecuteAsync(
        """
        INSERT INTO ws_campaign_leases (world_id, holder, expires_at) VALUES (@worldId, @holder, @expiresAt)
        ON CONFLICT (world_id) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
        """,
        new { worldId, holder, expiresAt });

    /// <summary>Gives a lease back; says whether it was held so.</summary>
    public static async Task<bool> ReleaseAsync(IUnitOfWork unit, string worldId, string holder) =>
        await unit.ExecuteAsync("DELETE FROM ws_campaign_leases WHERE world_id = @worldId AND holder = @holder", new { worldId, holder }) > 0;

    private static StageRuns? Find(IEnumerable<StageRunsRow> rows, string stage) =>
        rows.FirstOrDefault(row => string.Equals(row.Stage, stage, StringComparison.Ordinal)) is { } row
            ? new StageRuns(row.RunId, row.StartedAt, row.ObservedUntil, row.UpdatedAt, RunFigures.Of(Json.Read<EvaluationRun>(row.Payload)))
            : null;

    private sealed record StageRunsRow
    {
        public string StrategyId { get; init; } = "";

        public string Stage { get; init; } = "";

        public string RunId { get; init; } = "";

        public string Payload { get; init; } = "";

        public DateTimeOffset UpdatedAt { get; init; }

        public DateTimeOffset StartedAt { get; init; }

        public DateTimeOffset ObservedUntil { get; init; }
    }
}

/// <summary>A row of <c>ws_campaign_leases</c>.</summary>
internal sealed record LeaseRow
{
    public string Holder { get; init; } = "";

    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Whether somebody other than <paramref name="holder"/> holds it.</summary>
    public bool Excludes(string holder, DateTimeOffset now) => ExpiresAt > now && !string.Equals(Holder, holder, StringComparison.Ordinal);
}
