using Qmtl.V1;
using Qmtl.WorldService.Policies.Layers;

namespace Qmtl.WorldService.Evaluation.Layers;

/// <summary>The layers that look at the numbers of one strategy: portfolio, benchmark, stress, paper and live. Pure.</summary>
internal static class StrategyLayers
{
    private static readonly string[] DrawdownNames = ["dd", "max_dd", "max_drawdown", "dd_max"];
    private static readonly string[] ShortfallNames = ["es", "es_99"];
    private static readonly string[] ValueAtRiskNames = ["var", "var_99"];

    public static RuleResult Portfolio(PortfolioPolicy policy, IReadOnlyDictionary<string, double> metrics, bool missingFails) => LayerRule.Judge(
        LayerKind.Portfolio,
        policy,
        [
            LayerCheck.Max("incremental_var_99", Find(metrics, "incremental_var_99"), policy.MaxIncrementalVar99, "incremental_var_exceeds_max", "incremental_var_missing"),
            LayerCheck.Max("incremental_es_99", Find(metrics, "incremental_es_99"), policy.MaxIncrementalEs99, "incremental_es_exceeds_max", "incremental_es_missing"),
            LayerCheck.Min("portfolio_sharpe_uplift", Find(metrics, "portfolio_sharpe_uplift"), policy.MinPortfolioSharpeUplift, "portfolio_sharpe_uplift_below_min", "portfolio_sharpe_uplift_missing"),
        ],
        missingFails);

    public static RuleResult Benchmark(BenchmarkPolicy policy, IReadOnlyDictionary<string, double> metrics, bool missingFails) => LayerRule.Judge(
        LayerKind.Benchmark,
        policy,
        [LayerCheck.Min("vs_benchmark_sharpe", Find(metrics, "vs_benchmark_sharpe"), policy.MinVsBenchmarkSharpe, "benchmark_uplift_below_min", "benchmark_uplift_missing")],
        missingFails);

    /// <summary>Losses under stress count by their size: a producer that counts them downwards must not slip below every limit.</summary>
    public static RuleResult Stress(StressPolicy policy, IReadOnlyDictionary<string, double> metrics, bool missingFails) => LayerRule.Judge(
        LayerKind.Stress,
        policy,
        policy.Scenarios.SelectMany(scenario => new[]
        {
            Stressed(metrics, scenario.Name, "dd", DrawdownNames, scenario.DdMax),
            Stressed(metrics, scenario.Name, "es", ShortfallNames, scenario.Es99),
            Stressed(metrics, scenario.Name, "var", ValueAtRiskNames, scenario.Var99),
        }),
        missingFails);

    /// <summary>Null where the layer does not apply to the stage.</summary>
    /// <param name="baseline">The backtest run that the ratios compare with.</param>
    public static RuleResult? PaperShadow(PaperShadowPolicy policy, string stage, IReadOnlyDictionary<string, double> metrics, string? baseline, bool missingFails)
    {
        if (stage.Length > 0 && !policy.Stages.Contains(stage, StringComparer.Ordinal)) return null;
        var result = LayerRule.Judge(
            LayerKind.PaperShadow,
            policy,
            [
                LayerCheck.Min("paper_vs_backtest_sharpe_ratio", Find(metrics, "paper_vs_backtest_sharpe_ratio"), policy.MinSharpeRatio, "paper_shadow_sharpe_ratio_below_min", "paper_shadow_sharpe_ratio_missing"),
                LayerCheck.Max("paper_vs_backtest_dd_ratio", Find(metrics, "paper_vs_backtest_dd_ratio"), policy.MaxDrawdownRatio, "paper_shadow_dd_ratio_exceeds_max", "paper_shadow_dd_ratio_missing"),
                LayerCheck.Max("paper_vs_backtest_var_p01_ratio", Find(metrics, "paper_vs_backtest_var_p01_ratio"), policy.MaxVarP01Ratio, "paper_shadow_var_ratio_exceeds_max", "paper_shadow_var_ratio_missing"),
                LayerCheck.Max("paper_vs_backtest_es_p01_ratio", Find(metrics, "paper_vs_backtest_es_p01_ratio"), policy.MaxEsP01Ratio, "paper_shadow_es_ratio_exceeds_max", "paper_shadow_es_ratio_missing"),
            ],
            missingFails);
        LayerRule.Note(result, "baseline_run_id", baseline);
        return result;
    }

    private static LayerCheck? Stressed(IReadOnlyDictionary<string, double> metrics, string scenario, string kind, string[] names, double? limit)
    {
        if (limit is null) return null;
        double? value = null;
        foreach (var name in names) value ??= Find(metrics, $"stress.{scenario}.{name}");
        return LayerCheck.Max($"stress.{scenario}.{kind}", value is { } number ? Math.Abs(number) : null, limit, $"{scenario}_{kind}_exceeds_max", $"{scenario}_{kind}_missing");
    }

    private static double? Find(IReadOnlyDictionary<string, double> metrics, string name) => metrics.TryGetValue(name, out var value) ? value : null;
}
