using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Lays metric values out in the groups of the contract. Pure.</summary>
internal static class MetricGroups
{
    private const string StressPrefix = "stress.";
    private const string RegimePrefix = "regime_coverage.";
    private const string FactorPrefix = "risk.factor_exposures.";

    /// <summary>The core metrics by which a run's health is judged.</summary>
    private static readonly string[] Core =
    [
        "sharpe", "max_dd", "gain_to_pain", "time_under_water", "var", "es", "effective_history_years", "trades", "n_trades_per_year", "dsr", "cv_sharpe_mean", "cv_sharpe_std",
    ];

    /// <summary>The groups of one strategy.</summary>
    /// <param name="portfolio">Measures of the whole selection; they stand beside the strategy's own, under names of their own.</param>
    public static EvaluationMetrics Build(IReadOnlyDictionary<string, double> values, IReadOnlyDictionary<string, double>? portfolio = null)
    {
        double? Find(string name) => values.TryGetValue(name, out var value) ? value : null;
        var metrics = new EvaluationMetrics
        {
            Returns = new ReturnMetrics
            {
                Sharpe = Find("sharpe"),
                SharpePerPeriod = Find("sharpe_per_period"),
                SortinoRatio = Find("sortino"),
                MaxDrawdown = Find("max_dd"),
                GainToPainRatio = Find("gain_to_pain"),
                VarP01 = Find("var"),
                EsP01 = Find("es"),
                TimeUnderWaterRatio = Find("time_under_water"),
                MaxTimeUnderWaterDays = Find("max_time_under_water_days"),
            },
            Sample = new SampleMetrics
            {
                EffectiveHistoryYears = Find("effective_history_years"),
                NTradesTotal = Find("trades"),
                NTradesPerYear = Find("n_trades_per_year"),
            },
            Risk = new RiskMetrics
            {
                IncrementalVar99 = Find("incremental_var_99"),
                IncrementalEs99 = Find("incremental_es_99"),
                AdvUtilizationP95 = Find("adv_utilization_p95"),
                ParticipationRateP95 = Find("participation_rate_p95"),
                CapacityEstimateBase = Find("capacity_estimate_base") ?? Find("risk.capacity_estimate_base"),
            },
            Robustness = new RobustnessMetrics
            {
                ProbabilisticSharpeRatio = Find("psr"),
                DeflatedSharpeRatio = Find("dsr"),
                CvFolds = Find("cv_folds") is { } folds ? (int)folds : null,
                CvSharpeMean = Find("cv_sharpe_mean"),
                CvSharpeStd = Find("cv_sharpe_std"),
                SharpeFirstHalf = Find("sharpe_first_half"),
                SharpeSecondHalf = Find("sharpe_second_half"),
            },
        };
        if (Find("benchmark_sharpe") is not null || Find("vs_benchmark_sharpe") is not null)
        {
            metrics.Benchmark = new BenchmarkMetrics
            {
                Sharpe = Find("benchmark_sharpe"),
                MaxDrawdown = Find("benchmark_max_dd"),
                Volatility = Find("benchmark_volatility"),
                VsBenchmarkSharpe = Find("vs_benchmark_sharpe"),
            };
        }

        foreach (var (name, value) in values.Concat(portfolio ?? new Dictionary<string, double>(StringComparer.Ordinal)).OrderBy(pair => pair.Key, StringComparer.Ordinal)) Place(metrics, name, value);
        return metrics;
    }

    /// <summary>The share of core metrics that are known.</summary>
    public static double CoreCoverage(EvaluationMetrics metrics) => Core.Count(metrics.Values.ContainsKey) / (double)Core.Length;

    private static void Place(EvaluationMetrics metrics, string name, double value)
    {
        metrics.Values[name] = value;
        if (name.StartsWith(RegimePrefix, StringComparison.Ordinal)) metrics.Sample.RegimeCoverage[name[RegimePrefix.Length..]] = value;
        else if (name.StartsWith(FactorPrefix, StringComparison.Ordinal)) metrics.Risk.FactorExposures[name[FactorPrefix.Length..]] = value;
        else if (name.StartsWith("live_", StringComparison.Ordinal) || name.StartsWith("realized_", StringComparison.Ordinal)) metrics.Live[name] = value;
        else if (name.StartsWith(StressPrefix, StringComparison.Ordinal) && name.LastIndexOf('.') is var dot && dot > StressPrefix.Length)
        {
            var scenario = name[StressPrefix.Length..dot];
            if (!metrics.Stress.TryGetValue(scenario, out var group)) metrics.Stress[scenario] = group = new Struct();
            group.Fields[name[(dot + 1)..]] = Value.ForNumber(value);
        }
    }
}
