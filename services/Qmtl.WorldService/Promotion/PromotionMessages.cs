using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Decisions;

namespace Qmtl.WorldService.Promotion;

/// <summary>Promotions as the contract shows them, and as they are refused. Pure.</summary>
internal static class PromotionMessages
{
    public static PromotionPlan Plan(PromotionCase promotion) => Plan(promotion, promotion.Verdict.Blocked);

    public static PromotionPlan Plan(PromotionCase promotion, IReadOnlyList<string> blocked)
    {
        var (inputs, verdict) = (promotion.Inputs, promotion.Verdict);
        var plan = new PromotionPlan
        {
            WorldId = inputs.WorldId,
            StrategyId = inputs.StrategyId,
            RunId = inputs.Run?.RunId ?? "",
            Mode = inputs.Mode,
            Plan = new ApplyPlan { Activate = { verdict.Activate }, Deactivate = { verdict.Deactivate } },
            Eligible = blocked.Count == 0,
            PendingManualApproval = PromotionRules.AwaitsApproval(blocked),
            CooldownRemainingSec = (int)Math.Min(int.MaxValue, Math.Ceiling(verdict.CooldownRemaining.TotalSeconds)),
            MaxLiveSlots = inputs.Governance?.MaxLiveSlots,
            CanaryFraction = inputs.Governance?.CanaryFraction,
            OverrideStatus = inputs.Review switch { Review.Approved => "approved", Review.Rejected => "rejected", _ => "none" },
            RiskSnapshotVersion = inputs.Risk.Version ?? "",
            DecisionsEtag = DecisionsHandler.EtagOf(inputs.WorldId, inputs.Decisions),
        };
        plan.Target.Add(verdict.Target);
        plan.Live.Add(inputs.Live.Order(StringComparer.Ordinal));
        plan.BlockedReasons.Add(blocked);
        foreach (var reason in blocked) plan.Explanations[reason] = PromotionExplanations.Explain(reason, inputs, verdict);
        return plan;
    }

    public static PromotionCandidate Candidate(EvaluationRun run, double? ratio, PromotionPlan? plan) => new()
    {
        StrategyId = run.StrategyId,
        RunId = run.RunId,
        Status = run.Summary?.Status ?? "",
        UpdatedAt = Timestamp.FromDateTimeOffset(run.UpdatedAt.ToDateTimeOffset()),
        PaperVsBacktestSharpeRatio = ratio,
        Plan = plan,
    };

    /// <summary>Refuses with everything that stands in the way; the code is that of the most important.</summary>
    public static RefusalException Blocked(PromotionCase promotion, IReadOnlyList<string> blocked)
    {
        var sentences = blocked.Select(reason => $"{reason}: {PromotionExplanations.Explain(reason, promotion.Inputs, promotion.Verdict)}");
        return new RefusalException(
            CodeOf(blocked[0]),
            $"'{promotion.Inputs.StrategyId}' cannot go live. {string.Join(' ', sentences)}",
            metadata: new Dictionary<string, string>(StringComparer.Ordinal) { ["blocked_reasons"] = string.Join(',', blocked) });
    }

    public static ReasonCode CodeOf(string reason) => reason switch
    {
        PromotionReasons.Disabled => ReasonCodes.PromotionDisabled,
        PromotionReasons.WorldInactive => ReasonCodes.WorldInactive,
        PromotionReasons.LiveNotAllowed => ReasonCodes.LiveDisabled,
        PromotionReasons.Circuit => ReasonCodes.CircuitBreaker,
        PromotionReasons.CrossContext => ReasonCodes.CrossContext,
        _ => ReasonCodes.PromotionBlocked,
    };
}
