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
        session.FirstOrDefaultAsync<PromotionRow>("SELECT * FROM ws_promotions WHERE world_id = @worldId AND apply_run_id = @applyRunId", new { worldId, applyRunId });

    /// <summary>The promotion of a strategy that is under way; null when none is.</summary>
    public static Task<PromotionRow?> FindApplyingAsync(ISession session, string worldId, string strategyId) => session.FirstOrDefaultAsync<PromotionRow>(
        $"SELECT * FROM ws_promotions WHERE world_id = @worldId AND strategy_id = @strategyId AND status = '{PromotionStatuses.Applying}' AND kind = '{PromotionKinds.Promotion}' ORDER BY requested_at DESC LIMIT 1",
        new { worldId, strategyId });

    public static Task<IReadOnlyList<PromotionRow>> ListAsync(ISession session, string worldId, string strategyId, int take) => session.QueryAsync<PromotionRow>(
        $"""
        SELECT * FROM ws_promotions WHERE world_id = @worldId AND (@strategyId = '' OR strategy_id = @strategyId)
        ORDER BY requested_at DESC, apply_run_id {session.Dialect.Ordinal} DESC LIMIT @take
        """,
        new { worldId, strategyId, take });

    public static async Task<int> CountAsync(ISession session, string worldId, string strategyId, string runId) => (int)await session.ScalarAsync<long>(
        $"SELECT COUNT(*) FROM ws_promotions WHERE world_id = @worldId AND strategy_id = @strategyId AND run_id = @runId AND kind = '{PromotionKinds.Promotion}' AND status <> '{PromotionStatuses.Applying}'",
        new { worldId, strategyId, runId });

    public static Task InsertAsync(IUnitOfWork unit, PromotionRow row) => unit.ExecuteAsync(
        """
        INSERT INTO ws_promotions (world_id, apply_run_id, kind, strategy_id, run_id, status, actor, second_approver, forced, reason, requested_at, ended_at)
        VALUES (@WorldId, @ApplyRunId, @Kind, @StrategyId, @RunId, @Status, @Actor, @SecondApprover, @Forced, @Reason, @RequestedAt, @EndedAt)
        """,
        row);

    /// <summary>Says how a promotion ended; says whether that is news.</summary>
    public static async Task<bool> EndAsync(IUnitOfWork unit, string worldId, string applyRunId, string status, string reason) => await unit.ExecuteAsync(
        $"""
        UPDATE ws_promotions SET status = @status, reason = CASE WHEN @reason = '' THEN reason ELSE @reason END, ended_at = @Now
        WHERE world_id = @worldId AND apply_run_id = @applyRunId AND status = '{PromotionStatuses.Applying}'
        """,
        new { worldId, applyRunId, status, reason, unit.Now }) > 0;

    /// <summary>
    /// When a strategy of the world last went live, however it did; or began to, unless it is <paramref name="except"/>. Null when none did.
    /// </summary>
    public static async Task<DateTimeOffset?> LastPromotionAsync(ISession session, string worldId, string except) => await session.ScalarAsync<DateTimeOffset?>(
        $"""
        SELECT MAX(at) FROM (
            SELECT ended_at AS at FROM ws_promotions WHERE world_id = @worldId AND kind = '{PromotionKinds.Promotion}' AND status = '{PromotionStatuses.Completed}'
            UNION ALL
            SELECT requested_at AS at FROM ws_promotions
            WHERE world_id = @worldId AND kind = '{PromotionKinds.Promotion}' AND status = '{PromotionStatuses.Applying}' AND strategy_id <> @except
            UNION ALL
            SELECT since AS at FROM ws_stages WHERE world_id = @worldId AND stage = 'live') times
        """,
        new { worldId, except });

    /// <summary>When a strategy was last taken back from live; null when it never was.</summary>
    public static Task<DateTimeOffset?> LastDemotionAsync(ISession session, string worldId, string strategyId) => session.ScalarAsync<DateTimeOffset?>(
        $"SELECT MAX(requested_at) FROM ws_promotions WHERE world_id = @worldId AND strategy_id = @strategyId AND kind = '{PromotionKinds.Demotion}'", new { worldId, strategyId });
}
