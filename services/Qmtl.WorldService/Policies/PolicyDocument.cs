using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Layers;

namespace Qmtl.WorldService.Policies;

/// <summary>A policy as it was understood: checked, with every metric resolved. Immutable, and all an evaluation needs to know.</summary>
internal sealed record PolicyDocument
{
    public string? World { get; init; }

    /// <summary>The author's own version mark; the version that counts is given at upload.</summary>
    public int? Version { get; init; }

    public string? Description { get; init; }

    public DataCurrencyPolicy? DataCurrency { get; init; }

    public IReadOnlyList<Threshold> Thresholds { get; init; } = [];

    public Gate? Gates { get; init; }

    /// <summary>What ranks the candidates: a score expression, or the metric of top_k.</summary>
    public Expression? Ranking { get; init; }

    public TopKPolicy? TopK { get; init; }

    public double? MaxCorrelation { get; init; }

    public ExposurePolicy? Exposure { get; init; }

    public LevelHysteresis? Levels { get; init; }

    public StreakHysteresis? Streaks { get; init; }

    public ValidationPolicy Validation { get; init; } = new(Fail: true, MissingMetric.Fail);

    /// <summary>Profiles by name, in order of name.</summary>
    public IReadOnlyList<ValidationProfile> ValidationProfiles { get; init; } = [];

    /// <summary>Stage (backtest, backtest_only, paper, ...) to the name of a profile that exists.</summary>
    public IReadOnlyDictionary<string, string> DefaultProfileByStage { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public CohortPolicy? Cohort { get; init; }

    public PortfolioPolicy? Portfolio { get; init; }

    public BenchmarkPolicy? Benchmark { get; init; }

    public StressPolicy? Stress { get; init; }

    public PaperShadowPolicy? PaperShadow { get; init; }

    public LiveMonitoringPolicy? LiveMonitoring { get; init; }

    public PositionPolicy? Positions { get; init; }

    public GovernancePolicy? Governance { get; init; }

    public CampaignPolicy? Campaign { get; init; }

    public IReadOnlyList<string> CustomMetrics { get; init; } = [];

    /// <summary>The metrics that rules read, by column.</summary>
    public required MetricSlots Slots { get; init; }
}

/// <summary>How fresh data must be, and how long it must reach.</summary>
/// <param name="BarAlignment"><c>utc</c> counts lag on the clock, <c>exchange_calendar</c> only while the exchange is open; null means utc.</param>
internal sealed record DataCurrencyPolicy(TimeSpan? MaxLag, TimeSpan? MinHistory, string? BarAlignment)
{
    public const string Utc = "utc";
    public const string ExchangeCalendar = "exchange_calendar";

    public bool FollowsCalendar => string.Equals(BarAlignment, ExchangeCalendar, StringComparison.Ordinal);
}

/// <summary>A named pair of limits on one metric; at least one is set, and both are inclusive.</summary>
internal sealed record Threshold(string Name, string Metric, int Slot, double? Min, double? Max);

/// <summary>How many may be active: in total, and of each side.</summary>
internal sealed record TopKPolicy(int? Total, int? Long, int? Short);

/// <summary>
/// How much capital the chosen strategies may take together, as fractions of the world's capital (0.6 is sixty percent).
/// </summary>
/// <param name="Long">Greatest sum of the shares of long strategies, 0 or more.</param>
/// <param name="Short">Greatest sum of the shares of short strategies, 0 or more.</param>
/// <param name="MaxLeverage">Greatest sum of share times leverage over all strategies, 0 or more.</param>
/// <param name="SectorCap">Greatest sum of shares in one sector, 0 or more.</param>
/// <param name="Sectors">Symbol to sector; what is not in it belongs to the sector "unknown".</param>
internal sealed record ExposurePolicy(double? Long, double? Short, double? MaxLeverage, double? SectorCap, IReadOnlyDictionary<string, string> Sectors);

/// <summary>Who is active stays while the metric is at least <paramref name="Exit"/>; who is not needs <paramref name="Enter"/>.</summary>
internal sealed record LevelHysteresis(string Metric, int Slot, double Enter, double Exit);

/// <summary>A change needs this many consecutive evaluations, and this long since the last change.</summary>
internal sealed record StreakHysteresis(int PromoteAfter, int DemoteAfter, TimeSpan MinDwell);

/// <summary>What to do with what cannot be judged.</summary>
/// <param name="Fail">A rule that cannot be computed fails; otherwise it warns.</param>
internal sealed record ValidationPolicy(bool Fail, MissingMetric OnMissing);

internal enum MissingMetric
{
    Fail,
    Warn,
    Ignore,
}

/// <summary>What happens to positions when a strategy is switched; null where the policy says nothing.</summary>
internal sealed record PositionPolicy(string? OnPromote, string? OnDemote);

/// <summary>What executors do with the positions of strategies that an apply switches.</summary>
/// <param name="OnPromote">flat_then_enable or carry.</param>
/// <param name="OnDemote">disable_then_flat or carry.</param>
internal sealed record PositionActions(string OnPromote, string OnDemote)
{
    // Without a word about positions nobody inherits any.
    private static readonly PositionActions Standard = new("flat_then_enable", "disable_then_flat");

    /// <summary>What a policy says, and the standard where it or the world has none.</summary>
    public static PositionActions Of(PolicyDocument? policy) =>
        new(policy?.Positions?.OnPromote ?? Standard.OnPromote, policy?.Positions?.OnDemote ?? Standard.OnDemote);
}

/// <summary>Live promotion rules, kept for the promotion steps that read them.</summary>
internal sealed record GovernancePolicy(string Mode, TimeSpan? Cooldown, int? MaxLiveSlots, double? CanaryFraction, IReadOnlyList<string> Approvers);

/// <summary>Observation windows, kept for the campaign steps that read them.</summary>
internal sealed record CampaignPolicy(TimeSpan? BacktestWindow, TimeSpan? PaperWindow, int? MinSampleDays, int? MinTradesTotal);
