using FsCheck;
using FsCheck.Fluent;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation.Layers;
using Qmtl.WorldService.Policies.Layers;

namespace Qmtl.WorldService.Tests.Evaluation;

/// <summary>The rules of the layers, with numbers worked out by hand.</summary>
public sealed class LayerTests
{
    private static readonly CohortPolicy Cohort = new(SharpeMedianMin: 1, DsrMedianMin: 0.5, TopK: 2);

    [Fact]
    public void Cohort_Medians_AreOfTheKnownNumbers()
    {
        // Sharpe ratios 0.5, 1.5, 2, and one unknown: median 1.5. Deflated 0.4 and 0.8: median 0.6.
        var cohort = CohortLayer.Of(Metrics(("a", [("sharpe", 0.5), ("dsr", 0.4)]), ("b", [("sharpe", 1.5), ("dsr", 0.8)]), ("c", [("sharpe", 2)]), ("d", [])));
        Assert.Equal((1.5, 0.6), (cohort.MedianSharpe!.Value, Math.Round(cohort.MedianDeflatedSharpe!.Value, 12)));
        AssertResult(("pass", "cohort_ok", "soft", "risk"), cohort.Judge(Cohort, "c", missingFails: false));
        AssertResult(("fail", "cohort_top_k_exceeded", "soft", "risk"), cohort.Judge(Cohort, "a", missingFails: false));
        AssertResult(("warn", "top_k_unavailable", "soft", "risk"), cohort.Judge(Cohort, "d", missingFails: false));
        AssertResult(("fail", "top_k_unavailable", "soft", "risk"), cohort.Judge(Cohort, "d", missingFails: true));
    }

    [Fact]
    public void Cohort_EqualSharpe_TheLowerIdRanksFirst()
    {
        var cohort = CohortLayer.Of(Metrics(("b", [("sharpe", 1)]), ("a", [("sharpe", 1)])));
        Assert.Equal("pass", cohort.Judge(new CohortPolicy(null, null, 1), "a", false).Status);
        Assert.Equal("fail", cohort.Judge(new CohortPolicy(null, null, 1), "b", false).Status);
    }

    [Theory]
    [InlineData(0.9, 0.6, "fail", "cohort_median_sharpe_below_min")]
    [InlineData(1.0, 0.4, "fail", "cohort_median_dsr_below_min")]
    [InlineData(1.0, 0.5, "pass", "cohort_ok")]
    public void Cohort_AtTheLimit_Passes(double sharpe, double dsr, string status, string code)
    {
        var result = CohortLayer.Of(Metrics(("a", [("sharpe", sharpe), ("dsr", dsr)]))).Judge(Cohort, "a", false);
        Assert.Equal((status, code), (result.Status, result.ReasonCode));
    }

    [Fact]
    public void WorstCheckNamesTheResult_NotTheFirst()
    {
        // Incremental VaR is missing (a warning), expected shortfall is violated: the failure gives the code, and the reason tells both.
        var result = StrategyLayers.Portfolio(new PortfolioPolicy(0.01, 0.02, null), One(("incremental_es_99", 0.03)), missingFails: false);
        AssertResult(("fail", "incremental_es_exceeds_max", "soft", "risk"), result);
        Assert.Contains("incremental_var_99 is not known", result.Reason, StringComparison.Ordinal);
        Assert.Contains("incremental_es_99 was 0.03 and must be at most 0.02", result.Reason, StringComparison.Ordinal);
        var checks = result.Details.Fields["checks"].ListValue.Values.Select(check => check.StructValue.Fields).ToArray();
        Assert.Equal(["warn", "fail"], checks.Select(check => check["outcome"].StringValue));
        Assert.Equal(-0.01, checks[1]["distance"].NumberValue, 12);
    }

    [Fact]
    public void Portfolio_AllLimits_HaveTheirCodes()
    {
        var policy = new PortfolioPolicy(0.01, 0.02, 0.1);
        Assert.Equal("portfolio_ok", StrategyLayers.Portfolio(policy, One(("incremental_var_99", 0.01), ("incremental_es_99", 0.02), ("portfolio_sharpe_uplift", 0.1)), false).ReasonCode);
        Assert.Equal("incremental_var_exceeds_max", StrategyLayers.Portfolio(policy, One(("incremental_var_99", 0.011), ("incremental_es_99", 0.02), ("portfolio_sharpe_uplift", 0.1)), false).ReasonCode);
        Assert.Equal("portfolio_sharpe_uplift_below_min", StrategyLayers.Portfolio(policy, One(("incremental_var_99", 0), ("incremental_es_99", 0), ("portfolio_sharpe_uplift", 0.09)), false).ReasonCode);
        Assert.Equal("incremental_var_missing", StrategyLayers.Portfolio(policy, One(), false).ReasonCode);
    }

    [Fact]
    public void Benchmark_UsesSeverityAndOwnerOfThePolicy()
    {
        var policy = new BenchmarkPolicy(0.2) { Severity = "blocking", Owner = "ops" };
        AssertResult(("fail", "benchmark_uplift_below_min", "blocking", "ops"), StrategyLayers.Benchmark(policy, One(("vs_benchmark_sharpe", 0.19)), false));
        AssertResult(("pass", "benchmark_ok", "soft", "quant"), StrategyLayers.Benchmark(new BenchmarkPolicy(0.2), One(("vs_benchmark_sharpe", 0.2)), false));
        AssertResult(("warn", "benchmark_uplift_missing", "soft", "quant"), StrategyLayers.Benchmark(new BenchmarkPolicy(0.2), One(("vs_benchmark_sharpe", double.NaN)), false));
    }

    [Fact]
    public void Stress_CountsLossesByTheirSize()
    {
        var policy = new StressPolicy([new StressScenario("crash", 0.3, 0.1, null), new StressScenario("rates", null, null, 0.05)]);
        AssertResult(("pass", "stress_ok", "info", "ops"), StrategyLayers.Stress(policy, One(("stress.crash.max_drawdown", -0.3), ("stress.crash.es_99", 0.1), ("stress.rates.var", -0.05)), false));
        Assert.Equal("crash_dd_exceeds_max", StrategyLayers.Stress(policy, One(("stress.crash.dd", -0.31), ("stress.crash.es", 0), ("stress.rates.var_99", 0)), false).ReasonCode);
        Assert.Equal("rates_var_exceeds_max", StrategyLayers.Stress(policy, One(("stress.rates.var", 0.06)), false).ReasonCode);
        Assert.Equal("crash_dd_missing", StrategyLayers.Stress(policy, One(), false).ReasonCode);
    }

    [Fact]
    public void PaperShadow_AppliesToItsStagesOnly_AndNamesItsBaseline()
    {
        var policy = new PaperShadowPolicy(["paper", "shadow"], 0.5, 1.5, 2, 2);
        var good = One(("paper_vs_backtest_sharpe_ratio", 0.5), ("paper_vs_backtest_dd_ratio", 1.5), ("paper_vs_backtest_var_p01_ratio", 2), ("paper_vs_backtest_es_p01_ratio", 2));
        Assert.Null(StrategyLayers.PaperShadow(policy, "backtest", good, "r1", false));
        var result = StrategyLayers.PaperShadow(policy, "paper", good, "r1", false)!;
        AssertResult(("pass", "paper_shadow_ok", "soft", "ops"), result);
        Assert.Equal("r1", result.Details.Fields["baseline_run_id"].StringValue);
        foreach (var (name, value, code) in new[]
        {
            ("paper_vs_backtest_sharpe_ratio", 0.49, "paper_shadow_sharpe_ratio_below_min"),
            ("paper_vs_backtest_dd_ratio", 1.51, "paper_shadow_dd_ratio_exceeds_max"),
            ("paper_vs_backtest_var_p01_ratio", 2.01, "paper_shadow_var_ratio_exceeds_max"),
            ("paper_vs_backtest_es_p01_ratio", 2.01, "paper_shadow_es_ratio_exceeds_max"),
        })
        {
            Assert.Equal(code, StrategyLayers.PaperShadow(policy, "paper", new Dictionary<string, double>(good, StringComparer.Ordinal) { [name] = value }, null, false)!.ReasonCode);
        }

        Assert.Equal("paper_shadow_sharpe_ratio_missing", StrategyLayers.PaperShadow(policy, "", One(), null, false)!.ReasonCode);
    }

    [Fact]
    public void LiveMonitoring_AFailingStrategyIsNotMaskedByGoodOnes()
    {
        // The mean of the five Sharpe ratios is 1.42, well above the limit of 1; the mean drawdown 0.1 well below 0.2.
        var policy = new LiveMonitoringPolicy(90, 0.5, 1, 0.2);
        var all = new[] { 2.0, 2.0, 2.0, 2.0, -0.9 }.Select(sharpe => LiveMonitoringRule.Judge(
            policy, One(("live_sharpe", sharpe), ("live_max_drawdown", sharpe < 0 ? -0.42 : -0.02), ("live_vs_backtest_sharpe_ratio", sharpe / 2)))).ToArray();
        Assert.Equal(["pass", "pass", "pass", "pass", "fail"], all.Select(result => result.Status));
        AssertResult(("fail", "live_sharpe_below_min", "soft", "risk"), all[4]);
        Assert.Equal(3, all[4].Reason.Split("; ").Length);
        Assert.Equal(0.42, all[4].Details.Fields["checks"].ListValue.Values[1].StructValue.Fields["value"].NumberValue);
    }

    [Fact]
    public void LiveMonitoring_CodesAndFallbacks()
    {
        var policy = new LiveMonitoringPolicy(null, 0.5, 1, 0.2);
        Assert.Equal("live_monitoring_ok", LiveMonitoringRule.Judge(policy, One(("realized_sharpe", 1), ("realized_max_drawdown", 0.2), ("live_vs_backtest_sharpe_ratio", 0.5))).ReasonCode);
        Assert.Equal("live_dd_exceeds_max", LiveMonitoringRule.Judge(policy, One(("live_sharpe", 1), ("live_max_drawdown", -0.21))).ReasonCode);
        Assert.Equal("live_decay_below_threshold", LiveMonitoringRule.Judge(policy, One(("live_sharpe", 1), ("live_max_drawdown", 0.1), ("live_vs_backtest_sharpe_ratio", 0.4))).ReasonCode);
        Assert.Equal("live_sharpe_missing", LiveMonitoringRule.Judge(policy, One()).ReasonCode);
        Assert.Equal("fail", LiveMonitoringRule.Judge(policy, One(), missingFails: true).Status);
    }

    [Fact]
    public void IncrementalRisk_OfANewcomer_ScalesTheOthers()
    {
        // One holding with variance 0.0004 and a newcomer with 0.0001, uncorrelated; the newcomer gets 1/2.
        // With: sqrt(0.25*0.0004 + 0.25*0.0001) = sqrt(0.000125) = 0.01118034; without: 0.02. Added: 2.33 * (0.01118034 - 0.02) = -0.02054981.
        var risk = IncrementalRisk.Of(Weights(("h", 1)), Covariance(("h", "h", 0.0004), ("n", "n", 0.0001), ("h", "n", 0)), "n")!.Value;
        Assert.Equal(-0.02054981, risk.ValueAtRisk, 8);
        Assert.Equal(-0.02465977, risk.ExpectedShortfall, 8);
        // Given a weight of 0.2 and perfect correlation: 0.8*0.02 + 0.2*0.01 = 0.018; added 2.33 * -0.002.
        risk = IncrementalRisk.Of(Weights(("h", 1)), Covariance(("h", "h", 0.0004), ("n", "n", 0.0001), ("h", "n", 0.0002)), "n", 0.2)!.Value;
        Assert.Equal(-0.00466, risk.ValueAtRisk, 12);
    }

    [Fact]
    public void IncrementalRisk_OfAHolding_ComparesWithTheOthersAtFullWeight()
    {
        // Halves of 0.01 and 0.03, uncorrelated: with both sqrt(0.25*0.0001 + 0.25*0.0009) = 0.01581139; without the second 0.01.
        var covariance = Covariance(("a", "a", 0.0001), ("b", "b", 0.0009), ("a", "b", 0));
        Assert.Equal(2.33 * (0.0158113883 - 0.01), IncrementalRisk.Of(Weights(("a", 0.5), ("b", 0.5)), covariance, "b")!.Value.ValueAtRisk, 9);
        Assert.Null(IncrementalRisk.Of(Weights(("a", 0.5), ("b", 0.5)), Covariance(("a", "a", 0.0001), ("b", "b", 0.0009)), "b"));
        Assert.Null(IncrementalRisk.Of(Weights(("a", 0.5), ("b", 0.5)), Covariance(("a", "a", -1), ("b", "b", 0), ("a", "b", 0)), "b"));
        Assert.Equal(2.33 * 0.01, IncrementalRisk.Of(Weights(), Covariance(("a", "a", 0.0001)), "a")!.Value.ValueAtRisk, 12);
    }

    [Fact]
    public void AResultIsAsBadAsItsWorstCheck() => Prop.ForAll<double[], int>((values, limit) =>
    {
        // Every third number is not known.
        var known = values.Select((value, i) => i % 3 == 2 ? (double?)null : value).ToArray();
        var checks = known.Select((value, i) => LayerCheck.Max($"m{i}", value, limit, $"fail_{i}", $"missing_{i}")).ToArray();
        var result = LayerRule.Judge(LayerKind.Stress, new BenchmarkPolicy(null), checks, missingFails: false);
        var worst = known.Any(value => value is { } number && double.IsFinite(number) && number > limit) ? "fail" : known.Any(value => value is not { } number || !double.IsFinite(number)) ? "warn" : "pass";
        return result.Status == worst && result.ReasonCode.StartsWith(worst switch { "fail" => "fail_", "warn" => "missing_", _ => "stress_ok" }, StringComparison.Ordinal);
    }).QuickCheckThrowOnFailure();

    private static void AssertResult((string Status, string Code, string Severity, string Owner) expected, RuleResult result) =>
        Assert.Equal(expected, (result.Status, result.ReasonCode, result.Severity, result.Owner));

    private static Dictionary<string, double> One(params (string Name, double Value)[] metrics) => metrics.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal);

    private static Dictionary<string, IReadOnlyDictionary<string, double>> Metrics(params (string Id, (string, double)[] Metrics)[] all) =>
        all.ToDictionary(pair => pair.Id, pair => (IReadOnlyDictionary<string, double>)One(pair.Metrics), StringComparer.Ordinal);

    private static Dictionary<string, double> Weights(params (string Id, double Weight)[] weights) => weights.ToDictionary(pair => pair.Id, pair => pair.Weight, StringComparer.Ordinal);

    private static Func<string, string, double?> Covariance(params (string A, string B, double Value)[] entries) => (a, b) =>
    {
        foreach (var (first, second, value) in entries)
        {
            if ((first, second) == (a, b) || (first, second) == (b, a)) return value;
        }

        return null;
    };
}
