namespace Qmtl.WorldService.Policies.Selection;

internal enum RuleOutcome
{
    Pass,
    Warn,
    Fail,
}

/// <summary>One step of the reasoning: what was asked, what was found, how far it is from passing.</summary>
/// <param name="Rule">The kind of rule: data_currency, min_history, threshold, gate, score, correlation, top_k, hysteresis.</param>
/// <param name="Text">The rule as the policy states it.</param>
/// <param name="Code">Why it did not simply pass; null when it did.</param>
/// <param name="Distance">Signed: what is to spare when positive, what is lacking when negative.</param>
internal sealed record ReasonNode(
    string Rule,
    string Text,
    RuleOutcome Outcome,
    string? Code = null,
    string? Metric = null,
    double? Value = null,
    double? Threshold = null,
    double? Distance = null)
{
    public IReadOnlyList<ReasonNode> Children { get; init; } = [];
}

/// <summary>How an evaluation changes a strategy's place.</summary>
internal enum Transition
{
    None,
    Promote,
    Demote,
}

/// <summary>The policy's answer for one strategy.</summary>
/// <param name="Active">Whether the strategy is in the world's active set after this evaluation.</param>
/// <param name="Selected">Whether this evaluation, taken alone, chose it; hysteresis may differ.</param>
/// <param name="Code">The reason in one word: <c>selected</c>, or the code of what decided.</param>
internal sealed record StrategyVerdict(
    string StrategyId, StrategySide Side, bool Active, bool Selected, string Code, double? Score, int? Rank, Transition Transition, StrategyState Next)
{
    public required IReadOnlyList<ReasonNode> Reasons { get; init; }
}

/// <summary>The answer for all of them.</summary>
/// <param name="Active">The active set, best first; without a ranking by id.</param>
/// <param name="Verdicts">One for each candidate, by strategy id.</param>
/// <param name="Currency">The worst data currency in the active set; the world stays compute-only unless it passes.</param>
internal sealed record PolicyOutcome(IReadOnlyList<string> Active, IReadOnlyList<StrategyVerdict> Verdicts, ReasonNode? Currency);

/// <summary>The words that say why; stable, because callers branch on them.</summary>
internal static class SelectionCodes
{
    public const string Selected = "selected";
    public const string DataCurrencyLag = "data_currency_lag";
    public const string DataEndUnknown = "data_end_unknown";
    public const string MinHistoryPending = "min_history_pending";
    public const string MetricMissing = "metric_missing";
    public const string BelowMin = "below_min";
    public const string AboveMax = "above_max";
    public const string ComparisonFailed = "comparison_failed";
    public const string GateFailed = "gate_failed";
    public const string SampleInsufficient = "sample_insufficient";
    public const string ScoreUndefined = "score_undefined";
    public const string CorrelationExceeded = "correlation_exceeded";
    public const string SideLimitExceeded = "side_limit_exceeded";
    public const string TopKExceeded = "top_k_exceeded";
    public const string BelowEnter = "below_enter";
    public const string BelowExit = "below_exit";
    public const string PromotionPending = "promotion_pending";
    public const string DemotionPending = "demotion_pending";
    public const string DwellPending = "dwell_pending";
    public const string SlotHeld = "slot_held";
    public const string CorrelatedWithHeld = "correlated_with_held";
}
