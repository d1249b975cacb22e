using System.Text.Json;

namespace Qmtl.WorldService.Policies.Layers;

/// <summary>Writes layers and profiles in their canonical spelling.</summary>
internal static class LayerCanonical
{
    public static void WriteProfiles(Utf8JsonWriter writer, IReadOnlyList<ValidationProfile> profiles)
    {
        if (profiles.Count == 0) return;
        writer.Object("validation_profiles", () =>
        {
            foreach (var profile in profiles)
            {
                writer.Object(profile.Name, () =>
                {
                    Layer(writer, "performance", profile.Performance, performance =>
                    {
                        writer.Number("gain_to_pain_min", performance.GainToPainMin);
                        writer.Number("max_dd_max", performance.MaxDdMax);
                        writer.Number("sharpe_min", performance.SharpeMin);
                    });
                    Layer(writer, "risk", profile.Risk, risk =>
                    {
                        writer.Number("adv_utilization_p95_max", risk.AdvUtilizationP95Max);
                        writer.Number("participation_rate_p95_max", risk.ParticipationRateP95Max);
                    });
                    Layer(writer, "robustness", profile.Robustness, robustness =>
                    {
                        writer.Number("cv_sharpe_gap_max", robustness.CvSharpeGapMax);
                        writer.Number("dsr_min", robustness.DsrMin);
                    });
                    Layer(writer, "sample", profile.Sample, sample =>
                    {
                        writer.Number("min_effective_years", sample.MinEffectiveYears);
                        writer.Integer("min_trades_total", sample.MinTradesTotal);
                    });
                });
            }
        });
    }

    public static void WriteCohort(Utf8JsonWriter writer, CohortPolicy? policy) => Layer(writer, "cohort", policy, cohort =>
    {
        writer.Number("dsr_median_min", cohort.DsrMedianMin);
        writer.Number("sharpe_median_min", cohort.SharpeMedianMin);
        writer.Integer("top_k", cohort.TopK);
    });

    public static void WritePortfolio(Utf8JsonWriter writer, PortfolioPolicy? policy) => Layer(writer, "portfolio", policy, portfolio =>
    {
        writer.Number("max_incremental_es_99", portfolio.MaxIncrementalEs99);
        writer.Number("max_incremental_var_99", portfolio.MaxIncrementalVar99);
        writer.Number("min_portfolio_sharpe_uplift", portfolio.MinPortfolioSharpeUplift);
    });

    public static void WriteBenchmark(Utf8JsonWriter writer, BenchmarkPolicy? policy) =>
        Layer(writer, "benchmark", policy, benchmark => writer.Number("min_vs_benchmark_sharpe", benchmark.MinVsBenchmarkSharpe));

    public static void WriteStress(Utf8JsonWriter writer, StressPolicy? policy) => Layer(writer, "stress", policy, stress => writer.Object("scenarios", () =>
    {
        foreach (var scenario in stress.Scenarios)
        {
            writer.Object(scenario.Name, () =>
            {
                writer.Number("dd_max", scenario.DdMax);
                writer.Number("es_99", scenario.Es99);
                writer.Number("var_99", scenario.Var99);
            });
        }
    }));

    public static void WritePaperShadow(Utf8JsonWriter writer, PaperShadowPolicy? policy) => Layer(writer, "paper_shadow_consistency", policy, paper =>
    {
        writer.Number("max_drawdown_ratio", paper.MaxDrawdownRatio);
        writer.Number("max_es_p01_ratio", paper.MaxEsP01Ratio);
        writer.Number("max_var_p01_ratio", paper.MaxVarP01Ratio);
        writer.Number("min_sharpe_ratio", paper.MinSharpeRatio);
        writer.Texts("stages", paper.Stages);
    });

    public static void WriteLiveMonitoring(Utf8JsonWriter writer, LiveMonitoringPolicy? policy) => Layer(writer, "live_monitoring", policy, live =>
    {
        writer.Number("dd_max", live.DdMax);
        writer.Number("decay_threshold", live.DecayThreshold);
        writer.Integer("lookback_days", live.LookbackDays);
        writer.Number("sharpe_min", live.SharpeMin);
    });

    private static void Layer<T>(Utf8JsonWriter writer, string name, T? policy, Action<T> limits)
        where T : RulePolicy
    {
        if (policy is null) return;
        writer.Object(name, () =>
        {
            limits(policy);
            writer.Text("owner", policy.Owner);
            writer.Text("severity", policy.Severity);
        });
    }
}
