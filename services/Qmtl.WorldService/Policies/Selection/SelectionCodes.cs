namespace Qmtl.WorldService.Policies.Selection;

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
    public const string GrossBudgetExceeded = "gross_budget_exceeded";
    public const string LeverageExceeded = "leverage_exceeded";
    public const string SectorCapExceeded = "sector_cap_exceeded";
    public const string SideLimitExceeded = "side_limit_exceeded";
    public const string TopKExceeded = "top_k_exceeded";
    public const string BelowEnter = "below_enter";
    public const string BelowExit = "below_exit";
    public const string PromotionPending = "promotion_pending";
    public const string DemotionPending = "demotion_pending";
    public const string DwellPending = "dwell_pending";
    public const string SlotHeld = "slot_held";
    public const string CorrelatedWithHeld = "correlated_with_held";
    public const string ExposureHeld = "exposure_held";
}
