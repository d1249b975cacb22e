using Qmtl.Storage;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Allocation;

/// <summary>A row of <c>ws_allocation_runs</c>.</summary>
internal sealed record AllocationRunRow
{
    public const string Set = "set";
    public const string Rollback = "rollback";

    public string RunId { get; init; } = "";

    public string Etag { get; init; } = "";

    public string Request { get; init; } = "";

    public string Kind { get; init; } = Set;

    /// <summary>The run that a rollback took back.</summary>
    public string TargetRunId { get; init; } = "";

    public string Actor { get; init; } = "";

    public string? Response { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A row of <c>ws_allocation_changes</c>: what one run changed in one world.</summary>
internal sealed record AllocationChangeRow
{
    public string RunId { get; init; } = "";

    public string WorldId { get; init; } = "";

    /// <summary>Null: it had none.</summary>
    public double? BeforeAllocation { get; init; }

    public string BeforeStrategies { get; init; } = Shares.None;

    public string BeforeOrigin { get; init; } = "";

    public double? AfterAllocation { get; init; }

    public string AfterStrategies { get; init; } = Shares.None;

    public static AllocationChangeRow Between(string runId, string worldId, AllocationRow? before, AllocationRow? after) => new()
    {
        RunId = runId,
        WorldId = worldId,
        BeforeAllocation = before?.Allocation,
        BeforeStrategies = before?.StrategyAllocTotal ?? Shares.None,
        BeforeOrigin = before?.OriginRunId ?? "",
        AfterAllocation = after?.Allocation,
        AfterStrategies = after?.StrategyAllocTotal ?? Shares.None,
    };
}

/// <summary>The tables of allocations: how things stand, and what led there.</summary>
internal static class AllocationStore
{
    /// <summary>Shares add up over worlds, so they change under one lock; it is taken after those of the worlds.</summary>
    public static Task LockAsync(IUnitOfWork unit) => unit.LockAsync("allocations");

    public static Task<AllocationRow?> FindAsync(ISession session, string worldId) =>
        session.FirstOrDefaultAsync<AllocationRow>("SELECT * FROM ws_allocations WHERE world_id = @worldId", new { worldId });

    /// <summary>All of them, or that of one world.</summary>
    public static Task<IReadOnlyList<AllocationRow>> ListAsync(ISession session, string worldId) => session.QueryAsync<AllocationRow>(
        $"SELECT * FROM ws_allocations WHERE @worldId = '' OR world_id = @worldId ORDER BY world_id {session.Dialect.Ordinal}", new { worldId });

    public static Task SaveAsync(IUnitOfWork unit, AllocationRow row) => unit.ExecuteAsync(
        """
        INSERT INTO ws_allocations (world_id, allocation, run_id, etag, strategy_alloc_total, origin_run_id, updated_at)
        VALUES (@WorldId, @Allocation, @RunId, @Etag, @StrategyAllocTotal, @OriginRunId, @UpdatedAt)
        ON CONFLICT (world_id) DO UPDATE SET allocation = excluded.allocation, run_id = excluded.run_id, etag = excluded.etag,
            strategy_alloc_total = excluded.strategy_alloc_total, origin_run_id = excluded.origin_run_id, updated_at = excluded.updated_at
        """,
        row);

    public static Task DeleteAsync(IUnitOfWork unit, string worldId) => unit.ExecuteAsync("DELETE FROM ws_allocations WHERE world_id = @worldId", new { worldId });

    /// <summary>Shares of all worlds that are not deleted.</summary>
    public static Task<double> TotalAsync(ISession session) => session.ScalarAsync<double>(
        $"SELECT COALESCE(SUM(a.allocation), 0) FROM ws_allocations a JOIN ws_worlds w ON w.world_id = a.world_id WHERE w.state <> '{WorldStates.Deleted}'");

    public static Task<AllocationRunRow?> FindRunAsync(ISession session, string runId) =>
        session.FirstOrDefaultAsync<AllocationRunRow>("SELECT * FROM ws_allocation_runs WHERE run_id = @runId", new { runId });

    public static Task<IReadOnlyList<AllocationChangeRow>> ChangesAsync(ISession session, IReadOnlyCollection<string> runIds) => session.QueryAsync<AllocationChangeRow>(
        $"SELECT * FROM ws_allocation_changes WHERE run_id IN @runIds ORDER BY world_id {session.Dialect.Ordinal}", new { runIds });

    /// <summary>Newest first, behind a place in that order.</summary>
    public static Task<IReadOnlyList<AllocationRunRow>> ListRunsAsync(ISession session, string worldId, DateTimeOffset before, string runId, int take) => session.QueryAsync<AllocationRunRow>(
        $"""
        SELECT r.* FROM ws_allocation_runs r
        WHERE (r.created_at < @before OR (r.created_at = @before AND r.run_id {session.Dialect.Ordinal} < @runId))
            AND (@worldId = '' OR EXISTS (SELECT 1 FROM ws_allocation_changes c WHERE c.run_id = r.run_id AND c.world_id = @worldId))
        ORDER BY r.created_at DESC, r.run_id {session.Dialect.Ordinal} DESC LIMIT @take
        """,
        new { worldId, before, runId, take });

    public static async Task InsertRunAsync(IUnitOfWork unit, AllocationRunRow run, IEnumerable<AllocationChangeRow> changes)
    {
        await unit.ExecuteAsync(
            """
            INSERT INTO ws_allocation_runs (run_id, etag, request, kind, target_run_id, actor, response, created_at)
            VALUES (@RunId, @Etag, @Request, @Kind, @TargetRunId, @Actor, @Response, @CreatedAt)
            """,
            run);
        foreach (var change in changes)
        {
            await unit.ExecuteAsync(
                """
                INSERT INTO ws_allocation_changes (run_id, world_id, before_allocation, before_strategies, before_origin, after_allocation, after_strategies)
                VALUES (@RunId, @WorldId, @BeforeAllocation, @BeforeStrategies, @BeforeOrigin, @AfterAllocation, @AfterStrategies)
                """,
                change);
        }
    }
}
