using Qmtl.Storage;

namespace Qmtl.WorldService.Rebalancing;

/// <summary>A row of <c>ws_rebalance_runs</c>: a plan that was decided.</summary>
internal sealed record RebalanceRow
{
    public string RunId { get; init; } = "";

    /// <summary>Hash of the inputs.</summary>
    public string RequestHash { get; init; } = "";

    /// <summary>Protobuf JSON of the plan.</summary>
    public string Plan { get; init; } = "";

    public string PlanDigest { get; init; } = "";

    public string Actor { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The table <c>ws_rebalance_runs</c>.</summary>
internal static class RebalanceStore
{
    public static Task<RebalanceRow?> FindAsync(ISession session, string runId) =>
        session.FirstOrDefaultAsync<RebalanceRow>("SELECT * FROM ws_rebalance_runs WHERE run_id = @runId", new { runId });

    public static Task InsertAsync(IUnitOfWork unit, RebalanceRow row) => unit.ExecuteAsync(
        """
        INSERT INTO ws_rebalance_runs (run_id, request_hash, plan, plan_digest, actor, created_at)
        VALUES (@RunId, @RequestHash, @Plan, @PlanDigest, @Actor, @CreatedAt)
        """,
        row);
}
