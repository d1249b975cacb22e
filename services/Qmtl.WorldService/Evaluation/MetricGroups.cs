using Qmtl.V1;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Lays metric values out in the groups of the contract. Pure.</summary>
internal static class MetricGroups
{
    /// <summary>The core metrics by which a run's health is judged.</summary>
    private static readonly string[] Core =
    [
        "sharpe", "max_dd", "gain_to_pain", "time_under_water", "var", "es", "effective_history_years", "trades", "n_trades_per_year", "dsr", "cv_sharpe_mean", "cv_sharpe_std",
    ];

    public static EvaluationMetrics Build(IReadOnlyDictionary<string, double> values)
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
            },
            Sample = new SampleMetrics
            {
                EffectiveHistoryYears = Find("effective_history_years"),
                NTradesTotal = Find("trades"),
                NTradesPerYear = Find("n_trades_per_year"),
            },
            Risk = new RiskMetrics
            {
                AdvUtilizationP95 = Find("adv_utilization_p95"),
                ParticipationRateP95 = Find("participation_rate_p95"),
            },
            Robustness = new RobustnessMetrics
            {
                ProbabilisticSharpeRatio = Find("psr"),
                DeflatedSharpeRatio = Find("dsr"),
                CvSharpeMean = Find("cv_sharpe_mean"),
                CvSharpeStd = Find("cv_sharpe_std"),
                SharpeFirstHalf = Find("sharpe_first_half"),
                SharpeSecondHalf = Find("sharpe_second_half"),
            },
        };
        foreach (var (name, value) in values.OrderBy(pair => pair.Key, StringComparer.Ordinal)) metrics.Values.Add(name, value);
        return metrics;
    }

    /// <summary>The share of core metrics that are known.</summary>
    public static double CoreCoverage(EvaluationMetrics metrics) => Core.Count(metrics.Values.ContainsKey) / (double)Core.Length;
}
