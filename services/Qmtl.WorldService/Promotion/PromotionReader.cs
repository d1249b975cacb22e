using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Campaigns;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Promotion;

/// <summary>One strategy on its way to live, as it stands in one snapshot of the store.</summary>
/// <param name="Run">The run it goes by; null when there is none.</param>
/// <param name="Owner">Who brought the strategy into the world; empty when nobody knows.</param>
internal sealed record PromotionCase(WorldRow World, PromotionInputs Inputs, PromotionVerdict Verdict, RunRow? Run, string Owner)
{
    public GovernancePolicy? Governance => Inputs.Governance;

    public string Mode => Inputs.Mode;

    /// <summary>The run, or a refusal that says how to get one.</summary>
    public RunRow RequireRun() => Run ?? throw new RefusalException(
        ReasonCodes.RunUnknown, $"Strategy '{Inputs.StrategyId}' has no paper run in world '{World.WorldId}'; evaluate it at stage paper with POST /worlds/{World.WorldId}/evaluate.");
}

/// <summary>What is the same for all strategies of a world.</summary>
internal sealed record PromotionWorld(
    WorldRow World, PolicyDocument? Policy, IReadOnlyList<string> Decisions, IReadOnlyList<StageRow> Stages, RiskEvidence Risk, long CrossContextHits)
{
    public IReadOnlySet<string> Live => Stages.Where(row => row.Stage is StageNames.Live).Select(row => row.StrategyId).ToHashSet(StringComparer.Ordinal);
}

/// <summary>Gathers everything that decides whether strategies may go live.</summary>
internal sealed class PromotionReader(PolicyStore policies, RiskEvidenceReader risk)
{
    public async Task<PromotionWorld> WorldAsync(ISession session, WorldRow world, DateTimeOffset now)
    {
        var policy = await policies.FindDefaultAsync(session, world);
        return new PromotionWorld(
            world,
            policy,
            await DecisionStore.ActiveAsync(session, world.WorldId),
            await StageStore.ListAsync(session, world.WorldId),
            await risk.ReadAsync(session, world.WorldId, policy, now),
            await CrossContextReports.HitsAsync(session, world.WorldId));
    }

    /// <summary>Reads the case of a strategy that somebody names.</summary>
    /// <exception cref="RefusalException">There is no such world, the strategy does not belong to it, or the run that is named does not exist.</exception>
    public async Task<PromotionCase> ReadAsync(ISession session, string worldId, string strategyId, string runId, DateTimeOffset now)
    {
        var world = await WorldStore.GetAsync(session, worldId);
        await BindingStore.RequireAsync(session, worldId, strategyId);
        return await ReadAsync(session, await WorldAsync(session, world, now), strategyId, runId, now);
    }

    /// <summary>Reads the case of one strategy.</summary>
    /// <param name="runId">The run; empty means the newest paper run.</param>
    /// <exception cref="RefusalException">The run that is named does not exist.</exception>
    public static async Task<PromotionCase> ReadAsync(ISession session, PromotionWorld world, string strategyId, string runId, DateTimeOffset now)
    {
        var worldId = world.World.WorldId;
        var row = runId.Length > 0 ? await RunStore.FindAsync(session, worldId, strategyId, runId) ?? throw UnknownRun(worldId, strategyId, runId)
            : await LatestPaperAsync(session, worldId, strategyId);
        var run = row?.ToMessage();
        var standing = (await CampaignStore.LoadAsync(session, worldId, strategyId)) is [var facts] ? CampaignRules.Stand(facts, CampaignTerms.Of(world.Policy)) : null;
        var inputs = new PromotionInputs(
            worldId,
            strategyId,
            string.Equals(world.World.State, WorldStates.Active, StringComparison.Ordinal),
            world.World.AllowLive,
            world.World.CircuitBreaker,
            world.Policy?.Governance,
            run is null ? null : Describe(run),
            world.Decisions,
            world.Live,
            row is null ? Review.None : await ReviewAsync(session, row, run!, world.Stages.FirstOrDefault(stage => string.Equals(stage.StrategyId, strategyId, StringComparison.Ordinal))),
            standing?.Paper.Satisfied == true,
            standing?.SampleLacks ?? [],
            world.Risk,
            world.CrossContextHits,
            await PromotionStore.LastPromotionAsync(session, worldId, strategyId));
        return new PromotionCase(world.World, inputs, PromotionRules.Plan(inputs, now), row, await BindingStore.OwnerAsync(session, worldId, strategyId));
    }

    public static Task<RunRow?> LatestPaperAsync(ISession session, string worldId, string strategyId) => session.FirstOrDefaultAsync<RunRow>(
        $"SELECT * FROM ws_runs WHERE world_id = @worldId AND strategy_id = @strategyId AND stage = 'paper' ORDER BY updated_at DESC, run_id {session.Dialect.Ordinal} DESC LIMIT 1",
        new { worldId, strategyId });

    /// <summary>The newest paper run of each strategy of the world that is not live, freshest first.</summary>
    public static Task<IReadOnlyList<RunRow>> CandidatesAsync(ISession session, string worldId, string strategyId, int take) => session.QueryAsync<RunRow>(
        $"""
        SELECT * FROM (SELECT r.*, ROW_NUMBER() OVER (PARTITION BY strategy_id ORDER BY updated_at DESC, run_id {session.Dialect.Ordinal} DESC) AS place
            FROM ws_runs r WHERE world_id = @worldId AND stage = 'paper' AND (@strategyId = '' OR strategy_id = @strategyId)
                AND EXISTS (SELECT 1 FROM ws_bindings b WHERE b.world_id = r.world_id AND b.strategy_id = r.strategy_id)
                AND NOT EXISTS (SELECT 1 FROM ws_stages s WHERE s.world_id = r.world_id AND s.strategy_id = r.strategy_id AND s.stage = 'live')) newest
        WHERE place = 1 ORDER BY updated_at DESC, strategy_id {session.Dialect.Ordinal} LIMIT @take
        """,
        new { worldId, strategyId, take });

    private static PromotionRun Describe(EvaluationRun run) => new(
        run.RunId, run.Stage, run.Summary?.Status ?? "", [.. run.Summary?.ActiveSet ?? []], run.Data?.DatasetFingerprint, run.UpdatedAt.ToDateTimeOffset());

    /// <summary>
    /// What people said. An approval counts for the content it was given for, and until the strategy is taken back from live; that a request to
    /// evaluate brought an override along counts for nothing, since nobody checked who gave it. A rejection counts wherever it was said.
    /// </summary>
    private static async Task<Review> ReviewAsync(ISession session, RunRow row, EvaluationRun run, StageRow? standing)
    {
        var review = await PromotionStore.FindReviewAsync(session, row.WorldId, row.StrategyId, row.RunId);
        if (review is { Status: "rejected" } || run.Summary?.OverrideStatus is "rejected") return Review.Rejected;
        if (review is null || !string.Equals(review.InputHash, row.InputHash, StringComparison.Ordinal)) return Review.None;
        if (standing is { Stage: StageNames.Paper } && review.ReviewedAt < standing.Since) return Review.None;
        var demoted = await PromotionStore.LastDemotionAsync(session, row.WorldId, row.StrategyId);
        return demoted is null || review.ReviewedAt > demoted ? Review.Approved : Review.None;
    }

    private static RefusalException UnknownRun(string worldId, string strategyId, string runId) =>
        new(ReasonCodes.RunUnknown, $"Strategy '{strategyId}' has no run '{runId}' in world '{worldId}'; list its runs with GET /worlds/{worldId}/strategies/{strategyId}/runs.");
}
