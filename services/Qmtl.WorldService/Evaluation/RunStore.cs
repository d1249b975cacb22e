using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.Evaluation;

/// <summary>A row of <c>ws_runs</c>.</summary>
internal sealed record RunRow
{
    public string WorldId { get; init; } = "";

    public string StrategyId { get; init; } = "";

    public string RunId { get; init; } = "";

    public string Stage { get; init; } = "";

    public int Revision { get; init; }

    public string InputHash { get; init; } = "";

    public string Payload { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public EvaluationRun ToMessage() => Json.Read<EvaluationRun>(Payload);
}

/// <summary>A row of <c>ws_run_revisions</c>.</summary>
internal sealed record RevisionRow
{
    public int Revision { get; init; }

    public string ChangeType { get; init; } = "";

    public DateTimeOffset RecordedAt { get; init; }

    public string Payload { get; init; } = "";
}

/// <summary>The tables of runs: one record each that is updated, and every revision of it for good.</summary>
internal static class RunStore
{
    public static Task<RunRow?> FindAsync(ISession session, string worldId, string strategyId, string runId) => session.FirstOrDefaultAsync<RunRow>(
        "SELECT * FROM ws_runs WHERE world_id = @worldId AND strategy_id = @strategyId AND run_id = @runId", new { worldId, strategyId, runId });

    public static Task<RunRow?> FindLatestAsync(ISession session, string worldId, string strategyId) => session.FirstOrDefaultAsync<RunRow>(
        $"SELECT * FROM ws_runs WHERE world_id = @worldId AND strategy_id = @strategyId ORDER BY updated_at DESC, run_id {session.Dialect.Ordinal} DESC LIMIT 1", new { worldId, strategyId });

    /// <summary>The run of each strategy of a world that was updated last.</summary>
    public static Task<IReadOnlyList<RunRow>> ListLatestAsync(ISession session, string worldId) => session.QueryAsync<RunRow>(
        $"""
        SELECT * FROM (
            SELECT r.*, ROW_NUMBER() OVER (PARTITION BY strategy_id ORDER BY updated_at DESC, run_id {session.Dialect.Ordinal} DESC) AS place
            FROM ws_runs r WHERE world_id = @worldId) latest
        WHERE place = 1
        """,
        new { worldId });

    /// <summary>Newest first, behind a place in that order.</summary>
    public static Task<IReadOnlyList<RunRow>> ListAsync(ISession session, string worldId, string strategyId, string stage, RunCursor after, int take) => session.QueryAsync<RunRow>(
        $"""
        SELECT * FROM ws_runs
        WHERE world_id = @worldId AND strategy_id = @strategyId AND (@stage = '' OR stage = @stage)
            AND (created_at < @CreatedAt OR (created_at = @CreatedAt AND run_id {session.Dialect.Ordinal} < @RunId))
        ORDER BY created_at DESC, run_id {session.Dialect.Ordinal} DESC LIMIT @take
        """,
        new { worldId, strategyId, stage, after.CreatedAt, after.RunId, take });

    public static Task<IReadOnlyList<RevisionRow>> RevisionsAsync(ISession session, string worldId, string strategyId, string runId) => session.QueryAsync<RevisionRow>(
        "SELECT revision, change_type, recorded_at, payload FROM ws_run_revisions WHERE world_id = @worldId AND strategy_id = @strategyId AND run_id = @runId ORDER BY revision",
        new { worldId, strategyId, runId });

    public static async Task SaveAsync(IUnitOfWork unit, EvaluationRun run, string inputHash, string changeType)
    {
        var row = new
        {
            run.WorldId,
            run.StrategyId,
            run.RunId,
            run.Stage,
            run.Revision,
            inputHash,
            changeType,
            payload = Json.Write(run),
            CreatedAt = run.CreatedAt.ToDateTimeOffset(),
            unit.Now,
        };
        await unit.ExecuteAsync(
            """
            INSERT INTO ws_runs (world_id, strategy_id, run_id, stage, revision, input_hash, payload, created_at, updated_at)
            VALUES (@WorldId, @StrategyId, @RunId, @Stage, @Revision, @inputHash, @payload, @CreatedAt, @Now)
            ON CONFLICT (world_id, strategy_id, run_id) DO UPDATE SET stage = excluded.stage, revision = excluded.revision, input_hash = excluded.input_hash,
                payload = excluded.payload, updated_at = excluded.updated_at
            """,
            row);
        await unit.ExecuteAsync(
            """
            INSERT INTO ws_run_revisions (world_id, strategy_id, run_id, revision, change_type, recorded_at, payload)
            VALUES (@WorldId, @StrategyId, @RunId, @Revision, @changeType, @Now, @payload)
            """,
            row);
    }
}

/// <summary>A place in the list of runs.</summary>
internal readonly record struct RunCursor(DateTimeOffset CreatedAt, string RunId);
