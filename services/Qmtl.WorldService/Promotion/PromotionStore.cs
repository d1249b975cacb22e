using Google.Protobuf.WellKnownTypes;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.Promotion;

/// <summary>A row of <c>ws_promotion_reviews</c>.</summary>
internal sealed record ReviewRow
{
    public string WorldId { get; init; } = "";

    public string StrategyId { get; init; } = "";

    public string RunId { get; init; } = "";

    /// <summary>approved or rejected.</summary>
    public string Status { get; init; } = "";

    public string Actor { get; init; } = "";

    public string Comment { get; init; } = "";

    /// <summary>The content that was reviewed.</summary>
    public string InputHash { get; init; } = "";

    public DateTimeOffset ReviewedAt { get; init; }
}

/// <summary>A row of <c>ws_promotions</c>: one promotion or demotion and what became of it.</summary>
internal sealed record PromotionRow
{
    public string WorldId { get; init; } = "";

    public string ApplyRunId { get; init; } = "";

    public string Kind { get; init; } = "";

    public string StrategyId { get; init; } = "";

    public string RunId { get; init; } = "";

    public string Status { get; init; } = "";

    public string Actor { get; init; } = "";

    public string SecondApprover { get; init; } = "";

    public bool Forced { get; init; }

    public string Reason { get; init; } = "";

    /// <summary>What the apply was asked, as protobuf JSON.</summary>
    public string Request { get; init; } = "{}";

    public DateTimeOffset RequestedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public PromotionRecord ToMessage() => new()
    {
        WorldId = WorldId,
        ApplyRunId = ApplyRunId,
        Kind = Kind,
        StrategyId = StrategyId,
        RunId = RunId,
        Status = Status,
        Actor = Actor,
        SecondApprover = SecondApprover,
        Forced = Forced,
        Reason = Reason,
        RequestedAt = Timestamp.FromDateTimeOffset(RequestedAt),
        EndedAt = EndedAt is { } ended ? Timestamp.FromDateTimeOffset(ended) : null,
    };
}

internal static class PromotionKinds
{
    public const string Promotion = "promotion";
    public const string Demotion = "demotion";
}

internal static class PromotionStatuses
{
    public const string Applying = "applying";
    public const string Completed = "completed";
    public const string Failed = "failed";
}

/// <summary>The tables of reviews, consents and promotions.</summary>
internal static class PromotionStore
{
    /// <summary>Promotions as they stand: the apply they asked for says how they ended. A demotion holds from the moment it is asked for.</summary>
    private const string Current =
        $"""
        SELECT p.world_id, p.apply_run_id, p.kind, p.strategy_id, p.run_id, p.actor, p.second_approver, p.forced, p.reason, p.request, p.requested_at,
            CASE WHEN p.kind = '{PromotionKinds.Demotion}' OR a.phase = 'completed' THEN '{PromotionStatuses.Completed}'
                WHEN p.failed_at IS NOT NULL OR a.phase = 'rolled_back' THEN '{PromotionStatuses.Failed}' ELSE '{PromotionStatuses.Applying}' END AS status,
            CASE WHEN p.kind = '{PromotionKinds.Demotion}' THEN p.requested_at WHEN p.failed_at IS NOT NULL THEN p.failed_at
                WHEN a.phase IN ('completed', 'rolled_back') THEN a.updated_at END AS ended_at
        FROM ws_promotions p LEFT JOIN ws_apply_runs a ON a.world_id = p.world_id AND a.run_id = p.apply_run_id AND p.failed_at IS NULL
        """;

    public static Task<ReviewRow?> FindReviewAsync(ISession session, string worldId, string strategyId, string runId) => session.FirstOrDefaultAsync<ReviewRow>(
        "SELECT * FROM ws_promotion_reviews WHERE world_id = @worldId AND strategy_id = @strategyId AND run_id = @runId", new { worldId, strategyId, runId });

    public static Task SaveReviewAsync(IUnitOfWork unit, ReviewRow review) => unit.ExecuteAsync(
        """
        INSERT INTO ws_promotion_reviews (world_id, strategy_id, run_id, status, actor, comment, input_hash, reviewed_at)
        VALUES (@WorldId, @StrategyId, @RunId, @Status, @Actor, @Comment, @InputHash, @ReviewedAt)
        ON CONFLICT (world_id, strategy_id, run_id) DO UPDATE SET status = excluded.status, actor = excluded.actor, comment = excluded.comment,
            input_hash = excluded.input_hash, reviewed_at = excluded.reviewed_at
        """,
        review);

    public static Task ConsentAsync(IUnitOfWork unit, string worldId, string strategyId, string runId, string actor, string inputHash) => unit.ExecuteAsync(
        """
        INSERT INTO ws_force_consents (world_id, strategy_id, run_id, actor, input_hash, consented_at) VALUES (@worldId, @strategyId, @runId, @actor, @inputHash, @Now)
        ON CONFLICT (world_id, strategy_id, run_id, actor) DO UPDATE SET input_hash = excluded.input_hash, consented_at = excluded.consented_at
        """,
        new { worldId, strategyId, runId, actor, inputHash, unit.Now });

    /// <summary>The other persons who asked to force this very content since <paramref name="since"/>, earliest first.</summary>
    public static Task<IReadOnlyList<string>> OthersAsync(ISession session, string worldId, string strategyId, string runId, string actor, string inputHash, DateTimeOffset since) =>
        session.QueryAsync<string>(
            $"""
            SELECT actor FROM ws_force_consents WHERE world_id = @worldId AND strategy_id = @strategyId AND run_id = @runId
                AND input_hash = @inputHash AND actor <> @actor AND consented_at >= @since ORDER BY consented_at, actor {session.Dialect.Ordinal}
            """,
            new { worldId, strategyId, runId, actor, inputHash, since });

    /// <summary>Consents are for one promotion: afterwards both persons would have to ask again.</summary>
    public static Task ForgetConsentsAsync(IUnitOfWork unit, string worldId, string strategyId) =>
        unit.ExecuteAsync("DELETE FROM ws_force_consents WHERE world_id = @worldId AND strategy_id = @strategyId", new { worldId, strategyId });

    public static Task<PromotionRow?> FindAsync(ISession session, string worldId, string applyRunId) =>
        session.FirstOrDefaultAsync<PromotionRow>(Current + " WHERE p.world_id = @worldId AND p.apply_run_id = @applyRunId", new { worldId, applyRunId });

    public static Task<IReadOnlyList<PromotionRow>> ListAsync(ISession session, string worldId, string strategyId, int take) => session.QueryAsync<PromotionRow>(
        $"""
        {Current} WHERE p.world_id = @worldId AND (@strategyId = '' OR p.strategy_id = @strategyId)
        ORDER BY p.requested_at DESC, p.apply_run_id {session.Dialect.Ordinal} DESC LIMIT @take
        """,
        new { worldId, strategyId, take });

    /// <summary>How many promotions of a run have ended, one way or the other.</summary>
    public static async Task<int> CountEndedAsync(ISession session, string worldId, string strategyId, string runId) => (int)await session.ScalarAsync<long>(
        $"SELECT COUNT(*) FROM ({Current} WHERE p.world_id = @worldId AND p.strategy_id = @strategyId AND p.run_id = @runId) promotions WHERE status <> '{PromotionStatuses.Applying}'",
        new { worldId, strategyId, runId });

    public static Task InsertAsync(IUnitOfWork unit, PromotionRow row) => unit.ExecuteAsync(
        """
        INSERT INTO ws_promotions (world_id, apply_run_id, kind, strategy_id, run_id, actor, second_approver, forced, reason, request, requested_at)
        VALUES (@WorldId, @ApplyRunId, @Kind, @StrategyId, @RunId, @Actor, @SecondApprover, @Forced, @Reason, @Request, @RequestedAt)
        """,
        row);

    /// <summary>Says that the apply never began.</summary>
    public static Task FailAsync(IUnitOfWork unit, string worldId, string applyRunId, string reason) => unit.ExecuteAsync(
        "UPDATE ws_promotions SET failed_at = @Now, reason = @reason WHERE world_id = @worldId AND apply_run_id = @applyRunId", new { worldId, applyRunId, reason, unit.Now });

    /// <summary>
    /// When a strategy of the world last went live, however it did; or began to, unless it is <paramref name="except"/>. Null when none did.
    /// </summary>
    public static async Task<DateTimeOffset?> LastPromotionAsync(ISession session, string worldId, string except) => await session.ScalarAsync<DateTimeOffset?>(
        $"""
        SELECT MAX(at) FROM (
            SELECT CASE WHEN status = '{PromotionStatuses.Completed}' THEN ended_at WHEN status = '{PromotionStatuses.Applying}' AND strategy_id <> @except THEN requested_at END AS at
            FROM ({Current} WHERE p.world_id = @worldId AND p.kind = '{PromotionKinds.Promotion}') promotions
            UNION ALL
            SELECT since AS at FROM ws_stages WHERE world_id = @worldId AND stage = 'live') times
        """,
        new { worldId, except });

    /// <summary>When a strategy was last taken back from live; null when it never was.</summary>
    public static Task<DateTimeOffset?> LastDemotionAsync(ISession session, string worldId, string strategyId) => session.ScalarAsync<DateTimeOffset?>(
        $"SELECT MAX(requested_at) FROM ws_promotions WHERE world_id = @worldId AND strategy_id = @strategyId AND kind = '{PromotionKinds.Demotion}'", new { worldId, strategyId });
}
