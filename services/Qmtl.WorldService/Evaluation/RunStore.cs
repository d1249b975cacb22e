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

    /// <summary>The runs of some strategies under one id, by strategy.</summary>
    public static async Task<IReadOnlyDictionary<string, RunRow>> FindAllAsync(ISession session, string worldId, string runId, IReadOnlyList<string> strategies)
    {
        if (strategies.Count == 1)
        {
            var row = await FindAsync(session, worldId, strategies[0], runId);
            return row is null ? new Dictionary<string, RunRow>(StringComparer.Ordinal) : new Dictionary<string, RunRow>(StringComparer.Ordinal) { [row.StrategyId] = row };
        }

        var wanted = strategies.ToHashSet(StringComparer.Ordinal);
        var rows = await session.QueryAsync<RunRow>("SELECT * FROM ws_runs WHERE world_id = @worldId AND run_id = @runId", new { worldId, runId });
        return rows.Where(row => wanted.Contains(row.StrategyId)).ToDictionary(row => row.StrategyId, StringComparer.Ordinal);
    }

    /// <summary>Writes each record and a revision of it.</summary>
    public static async Task SaveAsync(IUnitOfWork unit, IReadOnlyList<(EvaluationRun Run, string ChangeType)> runs, string inputHash)
    {
        var records = new RowBatch(
            "ws_runs (world_id, strategy_id, run_id, stage, revision, input_hash, payload, created_at, updated_at)",
            """
            ON CONFLICT (world_id, strategy_id, run_id) DO UPDATE SET stage = excluded.stage, revision = excluded.revision, input_hash = excluded.input_hash,
                payload = excluded.payload, updated_at = excluded.updated_at
            """);
        var revisions = new RowBatch("ws_run_revisions (world_id, strategy_id, run_id, revision, change_type, recorded_at, payload)");
        foreach (var (run, changeType) in runs)
        {
            var payload = Json.Write(run);
            records.Add(run.WorldId, run.StrategyId, run.RunId, run.Stage, run.Revision, inputHash, payload, run.CreatedAt.ToDateTimeOffset(), unit.Now);
            revisions.Add(run.WorldId, run.StrategyId, run.RunId, run.Revision, changeType, unit.Now, payload);
        }

        await records.WriteAsync(unit);
        await revisions.WriteAsync(unit);
    }
}

/// <summary>A place in the list of runs.</summary>
internal readonly record struct RunCursor(DateTimeOffset CreatedAt, string RunId);
