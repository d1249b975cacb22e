using Qmtl.WorldService.Campaigns;
using Qmtl.WorldService.Policies;

namespace Qmtl.WorldService.Promotion;

/// <summary>Who decides about live: nobody, people, or the policy itself.</summary>
internal static class PromotionModes
{
    public const string Disabled = "disabled";
    public const string Manual = "manual_approval";
    public const string AutoApply = "auto_apply";

    /// <summary>The mode of a policy; one that says nothing leaves it to people.</summary>
    public static string Of(GovernancePolicy? governance) => governance?.Mode ?? Manual;
}

/// <summary>What may stand between a strategy and live.</summary>
internal static class PromotionReasons
{
    public const string Disabled = "promotion_disabled";
    public const string WorldInactive = "world_inactive";
    public const string LiveNotAllowed = "allow_live_false";
    public const string Circuit = "risk_circuit_active";
    public const string AlreadyLive = "already_live";
    public const string NotPaperStage = "not_paper_stage";
    public const string ValidationFailed = "validation_failed";
    public const string NotSelected = "not_selected";
    public const string PaperWindow = "paper_window_incomplete";
    public const string RiskSnapshot = "risk_snapshot_missing_or_expired";
    public const string CrossContext = "cross_context_violation";
    public const string Cooldown = "cooldown_active";
    public const string Slots = "max_live_slots_exceeded";
    public const string Approval = "manual_approval_required";

    // Of promotions that nobody asks for by name.
    public const string NoRuns = "no_evaluation_runs";
    public const string NoPaperRuns = "no_paper_runs";
    public const string MissingSource = "missing_source_identifiers";
    public const string CanarySkipped = "canary_skipped";

    // Of promotions that are asked for.
    public const string SecondPerson = "second_person_required";
    public const string Applied = "applied";
    public const string NotAutoApply = "mode_not_auto_apply";

    /// <summary>All that a plan can say, in the order it says them.</summary>
    public static readonly string[] InOrder =
    [
        Disabled, WorldInactive, LiveNotAllowed, Circuit, AlreadyLive, NotPaperStage, ValidationFailed, NotSelected, PaperWindow,
        CampaignReasons.MissingSampleDays, CampaignReasons.InsufficientSampleDays, CampaignReasons.MissingTrades, CampaignReasons.InsufficientTrades,
        RiskSnapshot, CrossContext, Cooldown, Slots, Approval,
    ];

    /// <summary>What two persons may waive together. Nothing else can be waived.</summary>
    public static bool IsWaivable(string reason) => reason is ValidationFailed or Approval;
}
