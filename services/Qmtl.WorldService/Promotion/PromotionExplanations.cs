using System.Globalization;
using Qmtl.WorldService.Campaigns;

namespace Qmtl.WorldService.Promotion;

/// <summary>Says what a blocked reason means for this strategy, and what to do about it. Pure.</summary>
internal static class PromotionExplanations
{
    public static string Explain(string reason, PromotionInputs inputs, PromotionVerdict verdict) => reason switch
    {
        PromotionReasons.Disabled => "The policy's governance.live_promotion.mode is disabled; its owner can put another policy in force.",
        PromotionReasons.WorldInactive => "The world is not ACTIVE; its owner can make it so.",
        PromotionReasons.LiveNotAllowed => "The world's allow_live is false; its owner can set it.",
        PromotionReasons.Circuit => "The risk circuit has tripped; find out why, then an owner resets it by setting circuit_breaker to false.",
        PromotionReasons.AlreadyLive => "The strategy is live already.",
        PromotionReasons.NotPaperStage => inputs.Run is null ? "There is no paper run; evaluate the strategy at stage paper." : $"Run '{inputs.Run.RunId}' is of stage {inputs.Run.Stage}; only a paper run can go live.",
        PromotionReasons.ValidationFailed => inputs.Run is { Status.Length: > 0 } run ? $"Run '{run.RunId}' ended with {run.Status}; its validation results name the rules." : "There is no verdict of the policy on a run.",
        PromotionReasons.NotSelected => "The run's policy did not select the strategy, so it would not be active.",
        PromotionReasons.PaperWindow => "The strategy was not observed on paper for as long as campaign.paper.window asks; see the campaign's status.",
        CampaignReasons.MissingSampleDays or CampaignReasons.MissingTrades => "The run does not tell what the policy's campaign.common asks for.",
        CampaignReasons.InsufficientSampleDays or CampaignReasons.InsufficientTrades => "The run rests on less than the policy's campaign.common asks for.",
        PromotionReasons.RiskSnapshot => inputs.Risk.Version is null
            ? "There is no risk snapshot that has not expired; an outside producer has to publish one."
            : $"Risk snapshot '{inputs.Risk.Version}' lacks {string.Join(" and ", inputs.Risk.MissingFields)}, which the policy reads.",
        PromotionReasons.CrossContext => string.Create(CultureInfo.InvariantCulture, $"{inputs.CrossContextHits} cache hits across contexts were reported; results of one context may have reached another."),
        PromotionReasons.Cooldown => string.Create(CultureInfo.InvariantCulture, $"A strategy of this world went live less than the policy's cooldown ago; {Math.Ceiling(verdict.CooldownRemaining.TotalSeconds)} s are left."),
        PromotionReasons.Slots => string.Create(CultureInfo.InvariantCulture, $"{inputs.Live.Count} of {inputs.Governance?.MaxLiveSlots} live slots are taken; demote a strategy first."),
        PromotionReasons.Approval => inputs.Review is Review.Rejected
            ? $"Run '{inputs.Run?.RunId}' was rejected; it needs an approval, or a new run."
            : inputs.Run is null ? "A paper run needs the approval of a person who does not own the strategy."
            : $"Run '{inputs.Run.RunId}' as it is now needs the approval of a person who does not own the strategy.",
        PromotionReasons.NotAutoApply => $"The policy's mode is {inputs.Mode}: people promote here.",
        PromotionReasons.MissingSource => "The run does not say what data it was evaluated on.",
        PromotionReasons.CanarySkipped => string.Create(CultureInfo.InvariantCulture, $"The run was not drawn for the canary share of {inputs.Governance?.CanaryFraction}; a later run may be."),
        PromotionReasons.NoRuns => "Nothing was evaluated yet.",
        PromotionReasons.NoPaperRuns => "No strategy that is not live has a paper run.",
        PromotionReasons.SecondPerson => "A forced promotion takes two persons: the other one has to ask for the same within 24 hours.",
        _ => reason,
    };
}
