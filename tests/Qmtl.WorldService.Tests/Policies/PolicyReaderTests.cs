using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Layers;

namespace Qmtl.WorldService.Tests.Policies;

public sealed class PolicyReaderTests
{
    [Theory]
    [InlineData("tresholds: {a: {metric: sharpe, min: 1}}", "/tresholds", "unknown key 'tresholds'; did you mean 'thresholds'?")]
    [InlineData("thresholds: {a: {metric: sharpe, mim: 1, max: 2}}", "/thresholds/a/mim", "did you mean 'min'?")]
    [InlineData("thresholds: {a: {metric: sharp, min: 1}}", "/thresholds/a/metric", "unknown metric 'sharp'; did you mean 'sharpe'?")]
    [InlineData("thresholds: {a: {metric: sharpe, min: high}}", "/thresholds/a/min", "min must be a number, was the text 'high'")]
    [InlineData("thresholds: {a: {metric: sharpe}}", "/thresholds/a", "needs min, max or both")]
    [InlineData("thresholds: {a: {metric: sharpe, min: 2, max: 1}}", "/thresholds/a", "min 2 is above max 1")]
    [InlineData("thresholds: {a: {metric: sharpe, min: .nan}}", "/thresholds/a/min", "not finite")]
    [InlineData("top_k: {metric: sharpe, k: 0}", "/top_k/k", "at least 1, was 0")]
    [InlineData("top_k: {metric: sharpe, k: 1.5}", "/top_k/k", "whole number")]
    [InlineData("top_k: {metric: sharpe}", "/top_k", "'k' is missing")]
    [InlineData("selection: {gates: {and: [sharpe >= 1, 'sharp_mid >= 1']}}", "/selection/gates/and/1", "did you mean 'sharpe_mid'?")]
    [InlineData("selection: {gates: {nand: [sharpe >= 1]}}", "/selection/gates/nand", "unknown key 'nand'; did you mean 'and'?")]
    [InlineData("selection: {gates: sharpe > }", "/selection/gates", "a number is expected, was the end")]
    [InlineData("selection: {gates: 1 < sharpe}", "/selection/gates", "a metric is expected")]
    [InlineData("selection: {score: 'sharpe + ', topk: {total: 1}}", "/selection/score", "is expected, was the end (column 10)")]
    [InlineData("selection: {score: 'sqr(sharpe)', topk: {total: 1}}", "/selection/score", "unknown function 'sqr'; did you mean 'sqrt'?")]
    [InlineData("selection: {score: 'clamp(sharpe, 0)', topk: {total: 1}}", "/selection/score", "clamp takes 3 arguments, was given 2")]
    [InlineData("selection: {topk: {total: 1}}", "/selection/topk", "needs selection.score")]
    [InlineData("correlation: {max: 0.5}", "/correlation", "must say which that is")]
    [InlineData("hysteresis: {metric: sharpe, enter: 0.5, exit: 0.7}", "/hysteresis", "exit 0.7 is above enter 0.5")]
    [InlineData("data_currency: {max_lag: 5 minutes}", "/data_currency/max_lag", "must be a duration")]
    [InlineData("validation: {on_missing_metric: explode}", "/validation/on_missing_metric", "must be one of fail, warn, ignore")]
    [InlineData("- a\n- b", "", "a policy must be a mapping")]
    [InlineData("a: 1\na: 2", "/a", "stands twice")]
    [InlineData("a: &x 1\nb: *x", "/a", "anchors and aliases are not allowed")]
    [InlineData("thresholds: [", "", "not valid YAML")]
    [InlineData("", "", "the document is empty")]
    [InlineData("cohort: {topk: 3}", "/cohort/topk", "did you mean 'top_k'?")]
    [InlineData("cohort: {top_k: 0}", "/cohort/top_k", "at least 1, was 0")]
    [InlineData("cohort: {top_k: 3, severity: soft, owner: trader}", "/cohort/owner", "one of quant, risk, ops, was 'trader'")]
    [InlineData("portfolio: {max_incremental_var_99: -0.1}", "/portfolio/max_incremental_var_99", "must be at least 0, was -0.1")]
    [InlineData("benchmark: {min_vs_benchmark_sharpe: much}", "/benchmark/min_vs_benchmark_sharpe", "must be a number")]
    [InlineData("stress: {scenarios: {crash: {dd_max: 0.3, es99: 0.1}}}", "/stress/scenarios/crash/es99", "did you mean 'es_99'?")]
    [InlineData("stress: {scenarios: {crash: 0.3}}", "/stress/scenarios/crash", "a scenario must be a mapping of dd_max, es_99, var_99")]
    [InlineData("paper_shadow_consistency: {stages: [paper, live]}", "/paper_shadow_consistency/stages/1", "one of paper, shadow, was the text 'live'")]
    [InlineData("live_monitoring: {lookback_days: 30.5}", "/live_monitoring/lookback_days", "whole number")]
    [InlineData("live_monitoring: {dd_max: 30}", "/live_monitoring/dd_max", "must lie between 0 and 1, was 30")]
    [InlineData("validation_profiles: {strict: {sampel: {}}}", "/validation_profiles/strict/sampel", "did you mean 'sample'?")]
    [InlineData("validation_profiles: {strict: {robustness: {dsr_min: 1.5}}}", "/validation_profiles/strict/robustness/dsr_min", "between 0 and 1")]
    [InlineData("validation_profiles: {strict: {}}\ndefault_profile_by_stage: {backtest_only: strikt}", "/default_profile_by_stage/backtest_only", "no profile 'strikt'; did you mean 'strict'?")]
    [InlineData("default_profile_by_stage: {backtst: x}", "/default_profile_by_stage/backtst", "did you mean 'backtest'?")]
    [InlineData("selection: {score: sharpe, constraints: {exposure: {}}}", "/selection/constraints/exposure", "needs gross_budget, max_leverage, sector_cap")]
    [InlineData("selection: {constraints: {exposure: {max_leverage: 3}}}", "/selection/constraints", "must say which these are")]
    [InlineData("selection: {score: sharpe, constraints: {exposure: {sector_cap: {}}}}", "/selection/constraints/exposure/sector_cap", "'per_sector' is missing here")]
    [InlineData("selection: {score: sharpe, constraints: {exposure: {max_leverage: 3, sectors: {BTC: 1}}}}", "/selection/constraints/exposure/sectors/BTC", "must be a text, was the number 1")]
    [InlineData("data_currency: {bar_alignment: exchange}", "/data_currency/bar_alignment", "one of utc, exchange_calendar")]
    [InlineData("preset: moderat", "/preset", "did you mean 'moderate'?")]
    [InlineData("preset: moderate\npreset_overrides: {sharpe.least: 1}", "/preset_overrides/sharpe.least", "'<metric>.min' or '<metric>.max'")]
    [InlineData("preset: moderate\npreset_overrides: {shape.min: 1}", "/preset_overrides/shape.min", "did you mean 'sharpe'?")]
    public void Load_BadDocument_NamesPlaceAndFix(string yaml, string pointer, string message)
    {
        var problem = PolicyFixture.OnlyProblem(yaml);
        Assert.Equal(pointer, problem.Pointer);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SeveralProblems_ListsAll()
    {
        var load = PolicyFixture.TryLoad("thresholds:\n  a: {metric: sharp, min: 1}\n  b: {metric: sharpe, min: x}\nfoo: 1\n");
        Assert.Equal(["/foo", "/thresholds/a/metric", "/thresholds/b/min"], load.Problems.Select(problem => problem.Pointer));
        Assert.StartsWith("line 4:", load.Problems[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"thresholds\":{\"a\":{\"metric\":\"sharpe\",\"min\":1}}}", null)]
    [InlineData("{\"thresholds\":{\"a\":{\"metric\":\"sharpe\",\"min\":1}}}", "application/json")]
    [InlineData("# comment\nthresholds:\n  a:\n    metric: sharpe\n    min: 1.0\n", "application/yaml")]
    [InlineData("policy:\n  thresholds: {a: {min: 1e0, metric: 'sharpe'}}", "application/x-yaml")]
    [InlineData("selection:\n  thresholds: {a: {min: 1, metric: sharpe}}", null)]
    public void Load_SameMeaning_GivesSameCanonicalText(string text, string? contentType)
    {
        var load = PolicyFixture.TryLoad(text, contentType);
        Assert.Equal(
            """{"thresholds":{"a":{"metric":"sharpe","min":1}},"validation":{"on_error":"fail","on_missing_metric":"fail"}}""",
            load.Policy!.Canonical);
    }

    [Theory]
    [InlineData("sandbox")]
    [InlineData("conservative")]
    [InlineData("moderate")]
    [InlineData("aggressive")]
    public void Canonical_OfEveryPreset_ReadsBackToItself(string preset)
    {
        var loaded = PolicyFixture.TryLoad($"preset: {preset}").Policy!;
        Assert.Equal(preset, loaded.Preset);
        Assert.Equal(loaded.Canonical, PolicyCanonical.Write(new PolicyLoader(PolicyFixture.Catalog.Instance).LoadCanonical(loaded.Canonical)));
    }

    [Fact]
    public void Canonical_OfEverySection_ReadsBackToItself()
    {
        var canonical = PolicyFixture.TryLoad(Everything).Policy!.Canonical;
        Assert.Equal(canonical, PolicyCanonical.Write(PolicyFixture.Load(canonical)));
        Assert.Contains("\"score\":\"sharpe_mid + 0.1 * winrate_long - (ulcer_mid - if(trades > 3, 1, my.metric))\"", canonical, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_EveryLayer_KeepsItsLimitsSeverityAndOwner()
    {
        var policy = PolicyFixture.Load(Everything);
        Assert.Equal(["loose", "strict"], policy.ValidationProfiles.Select(profile => profile.Name));
        var strict = policy.ValidationProfiles[1];
        Assert.Equal(new SamplePolicy(1.5, 40), strict.Sample);
        Assert.Equal(new PerformancePolicy(1, 0.2, 1.2) { Severity = "soft" }, strict.Performance);
        Assert.Equal(new RobustnessPolicy(0.9, 0.5) { Owner = "risk" }, strict.Robustness);
        Assert.Equal(new RiskLimitsPolicy(0.1, 0.05) { Severity = "info", Owner = "ops" }, strict.Risk);
        Assert.Equal(("loose", "strict"), (policy.DefaultProfileByStage["backtest_only"], policy.DefaultProfileByStage["paper"]));
        Assert.Equal(new CohortPolicy(0.5, 0.2, 3) { Severity = "blocking" }, policy.Cohort);
        Assert.Equal(new PortfolioPolicy(0.02, 0.03, 0.1), policy.Portfolio);
        Assert.Equal(new BenchmarkPolicy(0.2), policy.Benchmark);
        Assert.Equal([new StressScenario("crash", 0.4, 0.2, 0.15), new StressScenario("spike", 0.1, null, null)], policy.Stress!.Scenarios);
        Assert.Equal(["shadow"], policy.PaperShadow!.Stages);
        Assert.Equal((0.5, 1.5, 1.4, 1.3), (policy.PaperShadow.MinSharpeRatio, policy.PaperShadow.MaxDrawdownRatio, policy.PaperShadow.MaxVarP01Ratio, policy.PaperShadow.MaxEsP01Ratio));
        Assert.Equal(new LiveMonitoringPolicy(30, 0.5, 0.3, 0.25), policy.LiveMonitoring);
        Assert.Equal((0.6, 0.4, 3.0, 0.3), (policy.Exposure!.Long, policy.Exposure.Short, policy.Exposure.MaxLeverage, policy.Exposure.SectorCap));
        Assert.Equal("money", policy.Exposure.Sectors["BTC"]);
        Assert.Equal(["paper", "shadow"], PolicyFixture.Load("paper_shadow_consistency: {}").PaperShadow!.Stages);
    }

    [Fact]
    public void Load_PresetWithOverrides_AdjustsAndAddsLimits()
    {
        var policy = PolicyFixture.Load("preset: conservative\npreset_overrides: {sharpe.min: 1.4, trades.min: 30}");
        Assert.Equal(1.4, Assert.Single(policy.Thresholds, threshold => threshold.Metric == "sharpe").Min);
        Assert.Equal(30, Assert.Single(policy.Thresholds, threshold => threshold.Metric == "trades").Min);
        Assert.Equal(0.15, Assert.Single(policy.Thresholds, threshold => threshold.Metric == "max_dd").Max);
    }

    [Fact]
    public void Load_PresetExtended_PolicySectionsReplaceThePresets()
    {
        var policy = PolicyFixture.Load("preset: moderate\npreset_mode: extend\npolicy:\n  correlation: {max: 0.2}\n  selection: {score: winrate, topk: {total: 2}}");
        Assert.Equal(0.2, policy.MaxCorrelation);
        Assert.Equal(2, policy.TopK!.Total);
        Assert.Equal(4, policy.Thresholds.Count);
    }

    [Fact]
    public void Summary_SaysWhatIsRequired()
    {
        var summary = PolicySummary.Write(PolicyFixture.Load("preset: moderate"));
        Assert.Contains("Requires sharpe >= 0.7.", summary, StringComparison.Ordinal);
        Assert.Contains("Keeps the best 5.", summary, StringComparison.Ordinal);
        Assert.Contains("Drops the weaker of two strategies whose correlation is above 0.7.", summary, StringComparison.Ordinal);
    }

    private const string Everything =
        """
        world: w
        version: 3
        description: all of it
        custom_metrics: [my.metric]
        data_currency: {max_lag: 300s, min_history: 60d, bar_alignment: exchange_calendar}
        thresholds:
          dd: {metric: max_dd, max: 0.3}
        selection:
          gates:
            or:
              - and: [sample_days >= 30, "trades_60d > -1"]
              - not: {and: [sharpe_mid != 0.6, "my.metric == 1e-3"]}
          score: sharpe_mid + (0.1*winrate_long) - (ulcer_mid - if(trades > 3, 1, my.metric))
          topk: {total: 8, by_side: {long: 5, short: 3}}
          constraints:
            correlation: {max_pairwise: 0.8}
            exposure: {gross_budget: {long: 0.6, short: 0.4}, max_leverage: 3, sector_cap: {per_sector: 0.3}, sectors: {ETH: layer1, BTC: money}}
          hysteresis: {promote_after: 2, demote_after: 3, min_dwell: 90m, metric: sharpe, enter: 1, exit: 0.5}
        validation: {on_error: warn, on_missing_metric: ignore}
        position_policy: {on_promote: flat_then_enable, on_demote: disable_then_flat}
        governance: {live_promotion: {mode: auto_apply, cooldown: 1d, max_live_slots: 3, canary_fraction: 0.1, approvers: [ann, bob]}}
        validation_profiles:
          strict:
            sample: {min_effective_years: 1.5, min_trades_total: 40}
            performance: {sharpe_min: 1, max_dd_max: 0.2, gain_to_pain_min: 1.2, severity: soft}
            robustness: {dsr_min: 0.9, cv_sharpe_gap_max: 0.5, owner: risk}
            risk: {adv_utilization_p95_max: 0.1, participation_rate_p95_max: 0.05, severity: info, owner: ops}
          loose: {}
        default_profile_by_stage: {backtest_only: loose, paper: strict}
        cohort: {sharpe_median_min: 0.5, dsr_median_min: 0.2, top_k: 3, severity: blocking}
        portfolio: {max_incremental_var_99: 0.02, max_incremental_es_99: 0.03, min_portfolio_sharpe_uplift: 0.1}
        benchmark: {min_vs_benchmark_sharpe: 0.2}
        stress: {scenarios: {crash: {dd_max: 0.4, es_99: 0.2, var_99: 0.15}, spike: {dd_max: 0.1}}}
        paper_shadow_consistency: {stages: [shadow], min_sharpe_ratio: 0.5, max_drawdown_ratio: 1.5, max_var_p01_ratio: 1.4, max_es_p01_ratio: 1.3}
        live_monitoring: {lookback_days: 30, decay_threshold: 0.5, sharpe_min: 0.3, dd_max: 0.25}
        campaign: {backtest: {window: 7d}, paper: {window: 30d}, common: {min_sample_days: 30, min_trades_total: 10}}
        """;
}
