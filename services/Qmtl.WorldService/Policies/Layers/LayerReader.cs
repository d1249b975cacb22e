using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies.Layers;

/// <summary>Reads the layers of rules that judge a run beyond selection: cohort, portfolio, benchmark, stress, paper and live.</summary>
internal static class LayerReader
{
    public static readonly string[] Keys = ["cohort", "portfolio", "benchmark", "stress", "paper_shadow_consistency", "live_monitoring"];

    private static readonly string[] Severities = ["blocking", "soft", "info"];
    private static readonly string[] Owners = ["quant", "risk", "ops"];
    private static readonly string[] PaperStages = ["paper", "shadow"];

    public static CohortPolicy? Cohort(SectionReader root) =>
        Section(root, "cohort", "sharpe_median_min", "dsr_median_min", "top_k") is { } section
            ? Stand(section, new CohortPolicy(section.Number("sharpe_median_min"), section.Number("dsr_median_min", 0, 1), section.Integer("top_k", 1)))
            : null;

    public static PortfolioPolicy? Portfolio(SectionReader root) =>
        Section(root, "portfolio", "max_incremental_var_99", "max_incremental_es_99", "min_portfolio_sharpe_uplift") is { } section
            ? Stand(section, new PortfolioPolicy(
                section.Number("max_incremental_var_99", 0), section.Number("max_incremental_es_99", 0), section.Number("min_portfolio_sharpe_uplift")))
            : null;

    public static BenchmarkPolicy? Benchmark(SectionReader root) =>
        Section(root, "benchmark", "min_vs_benchmark_sharpe") is { } section
            ? Stand(section, new BenchmarkPolicy(section.Number("min_vs_benchmark_sharpe")))
            : null;

    public static StressPolicy? Stress(SectionReader root)
    {
        if (Section(root, "stress", "scenarios") is not { } section) return null;
        var scenarios = section.Sections("scenarios", "a scenario", "dd_max", "es_99", "var_99")
            .Select(scenario => new StressScenario(scenario.Name, scenario.Section.Number("dd_max", 0), scenario.Section.Number("es_99", 0), scenario.Section.Number("var_99", 0)))
            .OrderBy(scenario => scenario.Name, StringComparer.Ordinal);
        return Stand(section, new StressPolicy([.. scenarios]));
    }

    public static PaperShadowPolicy? PaperShadow(SectionReader root)
    {
        if (Section(root, "paper_shadow_consistency", "stages", "min_sharpe_ratio", "max_drawdown_ratio", "max_var_p01_ratio", "max_es_p01_ratio") is not { } section) return null;
        var stages = section.Words("stages", PaperStages);
        return Stand(section, new PaperShadowPolicy(
            stages.Count > 0 ? stages : PaperStages,
            section.Number("min_sharpe_ratio"),
            section.Number("max_drawdown_ratio", 0),
            section.Number("max_var_p01_ratio", 0),
            section.Number("max_es_p01_ratio", 0)));
    }

    public static LiveMonitoringPolicy? LiveMonitoring(SectionReader root) =>
        Section(root, "live_monitoring", "lookback_days", "decay_threshold", "sharpe_min", "dd_max") is { } section
            ? Stand(section, new LiveMonitoringPolicy(
                section.Integer("lookback_days", 1), section.Number("decay_threshold"), section.Number("sharpe_min"), section.Number("dd_max", 0, 1)))
            : null;

    public static SectionReader? Section(SectionReader owner, string key, params string[] limits) => owner.Section(key, [.. limits, "severity", "owner"]);

    public static T Stand<T>(SectionReader section, T policy)
        where T : RulePolicy => policy with { Severity = section.Word("severity", Severities), Owner = section.Word("owner", Owners) };
}
