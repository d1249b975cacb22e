using Qmtl.WorldService.Policies;

namespace Qmtl.WorldService.Promotion;

/// <summary>What people said about the very content of a run.</summary>
internal enum Review
{
    None,
    Approved,
    Rejected,
}

/// <summary>The run a strategy would go live by.</summary>
/// <param name="Stage">backtest, paper or live.</param>
/// <param name="Status">pass, warn or fail; empty while it is being evaluated.</param>
/// <param name="ActiveSet">The strategies its policy selected.</param>
/// <param name="DatasetFingerprint">The data it was evaluated on; null when unknown.</param>
internal sealed record PromotionRun(string RunId, string Stage, string Status, IReadOnlyList<string> ActiveSet, string? DatasetFingerprint, DateTimeOffset UpdatedAt);

/// <summary>What is known of the world's risk from outside.</summary>
/// <param name="Version">Version of the newest snapshot that has not expired; null when there is none.</param>
/// <param name="MissingFields">What the policy reads of a snapshot and this one does not give.</param>
internal sealed record RiskEvidence(string? Version, IReadOnlyList<string> MissingFields)
{
    public static readonly RiskEvidence None = new(null, []);

    public bool Suffices => Version is not null && MissingFields.Count == 0;
}

/// <summary>Everything that decides whether a strategy may go live, but the time.</summary>
/// <param name="Governance">The policy's section; null leaves it to people.</param>
/// <param name="Run">Null when there is no such run.</param>
/// <param name="Decisions">The active set of the world now, in order.</param>
/// <param name="Live">All strategies of the world that stand at live.</param>
/// <param name="PaperWindowSatisfied">Whether the strategy was observed on paper for as long as the policy asks.</param>
/// <param name="SampleLacks">What the run lacks of the days and trades that the policy asks for, in the campaign's words.</param>
/// <param name="CrossContextHits">Cache hits across contexts that were reported; must be 0.</param>
/// <param name="LastPromotionAt">When a strategy of this world last went live, or began to; null when none did.</param>
internal sealed record PromotionInputs(
    string WorldId,
    string StrategyId,
    bool WorldActive,
    bool AllowLive,
    bool CircuitBreaker,
    GovernancePolicy? Governance,
    PromotionRun? Run,
    IReadOnlyList<string> Decisions,
    IReadOnlySet<string> Live,
    Review Review,
    bool PaperWindowSatisfied,
    IReadOnlyList<string> SampleLacks,
    RiskEvidence Risk,
    long CrossContextHits,
    DateTimeOffset? LastPromotionAt)
{
    public string Mode => PromotionModes.Of(Governance);
}

/// <summary>Whether a strategy may go live, and what would change.</summary>
/// <param name="Target">The active set aimed at, in order.</param>
/// <param name="Activate">Who enters it.</param>
/// <param name="Deactivate">Who leaves it.</param>
/// <param name="Blocked">What stands in the way, most important first.</param>
internal sealed record PromotionVerdict(
    IReadOnlyList<string> Target, IReadOnlyList<string> Activate, IReadOnlyList<string> Deactivate, IReadOnlyList<string> Blocked, TimeSpan CooldownRemaining)
{
    public bool Eligible => Blocked.Count == 0;

    /// <summary>What is left when two persons waive together what can be waived.</summary>
    public IReadOnlyList<string> BlockedWhenForced => [.. Blocked.Where(reason => !PromotionReasons.IsWaivable(reason))];
}
