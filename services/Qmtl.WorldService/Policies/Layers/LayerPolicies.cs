namespace Qmtl.WorldService.Policies.Layers;

/// <summary>What every layer of rules may say about itself. A limit that is absent asks for nothing.</summary>
internal abstract record RulePolicy
{
    /// <summary>blocking, soft or info; null keeps the severity that the rule has by itself.</summary>
    public string? Severity { get; init; }

    /// <summary>quant, risk or ops; null keeps the owner that the rule has by itself.</summary>
    public string? Owner { get; init; }
}

/// <summary>A named set of limits; which one judges a run follows from the run's stage.</summary>
internal sealed record ValidationProfile(string Name, SamplePolicy? Sample, PerformancePolicy? Performance, RobustnessPolicy? Robustness, RiskLimitsPolicy? Risk);

/// <summary>How much evidence there must be.</summary>
/// <param name="MinEffectiveYears">Years of history, 0 or more.</param>
/// <param name="MinTradesTotal">Closed round trips, 0 or more.</param>
internal sealed record SamplePolicy(double? MinEffectiveYears, int? MinTradesTotal) : RulePolicy;

/// <summary>How good the returns must be.</summary>
/// <param name="SharpeMin">Least annualised Sharpe ratio.</param>
/// <param name="MaxDdMax">Greatest drawdown, 0 to 1.</param>
/// <param name="GainToPainMin">Least gain-to-pain ratio.</param>
internal sealed record PerformancePolicy(double? SharpeMin, double? MaxDdMax, double? GainToPainMin) : RulePolicy;

/// <summary>How far the returns must be trustworthy.</summary>
/// <param name="DsrMin">Least deflated Sharpe ratio, 0 to 1.</param>
/// <param name="CvSharpeGapMax">Greatest gap between the Sharpe ratio and its mean over folds, 0 or more.</param>
internal sealed record RobustnessPolicy(double? DsrMin, double? CvSharpeGapMax) : RulePolicy;

/// <summary>How much of the market a strategy may be.</summary>
/// <param name="AdvUtilizationP95Max">Greatest share of average daily volume, 0 or more.</param>
/// <param name="ParticipationRateP95Max">Greatest share of a bar's volume, 0 or more.</param>
internal sealed record RiskLimitsPolicy(double? AdvUtilizationP95Max, double? ParticipationRateP95Max) : RulePolicy;

/// <summary>What the strategies evaluated together must be as a group.</summary>
/// <param name="SharpeMedianMin">Least median Sharpe ratio.</param>
/// <param name="DsrMedianMin">Least median deflated Sharpe ratio, 0 to 1.</param>
/// <param name="TopK">How many of the best by Sharpe ratio pass, 1 or more.</param>
internal sealed record CohortPolicy(double? SharpeMedianMin, double? DsrMedianMin, int? TopK) : RulePolicy;

/// <summary>What a strategy may add to the portfolio's risk.</summary>
/// <param name="MaxIncrementalVar99">Greatest added value at risk (99 %), as a fraction of equity.</param>
/// <param name="MaxIncrementalEs99">Greatest added expected shortfall (99 %), as a fraction of equity.</param>
/// <param name="MinPortfolioSharpeUplift">Least gain of the portfolio's Sharpe ratio.</param>
internal sealed record PortfolioPolicy(double? MaxIncrementalVar99, double? MaxIncrementalEs99, double? MinPortfolioSharpeUplift) : RulePolicy;

/// <summary>What a strategy must be against the world's benchmark.</summary>
/// <param name="MinVsBenchmarkSharpe">Least Sharpe ratio above that of the benchmark.</param>
internal sealed record BenchmarkPolicy(double? MinVsBenchmarkSharpe) : RulePolicy;

/// <summary>What a strategy must survive.</summary>
/// <param name="Scenarios">By name.</param>
internal sealed record StressPolicy(IReadOnlyList<StressScenario> Scenarios) : RulePolicy;

/// <summary>Limits under one scenario, each a positive fraction of equity.</summary>
/// <param name="DdMax">Greatest drawdown.</param>
/// <param name="Es99">Greatest expected shortfall (99 %).</param>
/// <param name="Var99">Greatest value at risk (99 %).</param>
internal sealed record StressScenario(string Name, double? DdMax, double? Es99, double? Var99);

/// <summary>How far paper results may fall behind the backtest; each limit is paper over backtest.</summary>
/// <param name="Stages">The stages it applies to: paper, shadow.</param>
internal sealed record PaperShadowPolicy(
    IReadOnlyList<string> Stages, double? MinSharpeRatio, double? MaxDrawdownRatio, double? MaxVarP01Ratio, double? MaxEsP01Ratio) : RulePolicy;

/// <summary>What live results must keep up.</summary>
/// <param name="LookbackDays">The window they are measured over, in days, 1 or more.</param>
/// <param name="DecayThreshold">Least live Sharpe ratio over that of the backtest.</param>
/// <param name="SharpeMin">Least live Sharpe ratio.</param>
/// <param name="DdMax">Greatest live drawdown, 0 to 1.</param>
internal sealed record LiveMonitoringPolicy(int? LookbackDays, double? DecayThreshold, double? SharpeMin, double? DdMax) : RulePolicy;
