using Qmtl.WorldService.Policies;

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
    [InlineData("preset: moderat", "/preset", "did you mean 'moderate'?")]
    [InlineData("preset: moderate\npreset_overrides: {sharpe.least: 1}", "/preset_overrides/sharpe.least", "'<metric>.min' or '<metric>.max'")]
    [InlineData("preset: moderate\npreset_overrides: {shape.min: 1}", "/preset_overrides/shape.min", "did you mean 'sharpe'?")]
    public void Load_BadDocument_NamesPlaceAndFix(string yaml, string pointer, string message)
    {
        var problem = PolicyFixture.OnlyProblem(yaml);
        Assert.Equal(pointer, problem.Pointer);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.False(problem.Unsupported);
    }

    [Theory]
    [InlineData("cohort: {top_k: 3}", "/cohort")]
    [InlineData("validation_profiles: {}", "/validation_profiles")]
    [InlineData("data_currency: {bar_alignment: exchange_calendar}", "/data_currency/bar_alignment")]
    [InlineData("selection: {constraints: {exposure: {max_leverage: 3}}}", "/selection/constraints/exposure")]
    public void Load_SectionNotEvaluatedYet_IsRefusedNotSkipped(string yaml, string pointer)
    {
        var problem = PolicyFixture.OnlyProblem(yaml);
        Assert.Equal(pointer, problem.Pointer);
        Assert.True(problem.Unsupported);
        Assert.Contains("not supported yet", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FullSelectionLanguage_OnlyCalendarsAndExposureAreStillMissing()
    {
        const string Policy =
            """
            world: crypto_mom_1h
            version: 1
            data_currency: {max_lag: 5m, min_history: 60d, bar_alignment: exchange_calendar}
            selection:
              gates:
                and:
                  - sample_days >= 30
                  - trades_60d >= 40
                  - sharpe_mid >= 0.60
                  - max_dd_120d <= 0.25
              score: "sharpe_mid + 0.1*winrate_long - 0.2*ulcer_mid"
              topk: {total: 8, by_side: {long: 5, short: 3}}
              constraints:
                correlation: {max_pairwise: 0.8}
                exposure:
                  gross_budget: {long: 0.60, short: 0.40}
                  max_leverage: 3.0
              hysteresis: {promote_after: 2, demote_after: 2, min_dwell: 3h}
            position_policy: {on_promote: flat_then_enable, on_demote: disable_then_flat}
            """;
        var load = new PolicyLoader(new Qmtl.WorldService.Evaluation.MetricNames()).Load(System.Text.Encoding.UTF8.GetBytes(Policy), "application/yaml");
        Assert.All(load.Problems, problem => Assert.True(problem.Unsupported, problem.Message));
        Assert.Equal(["/data_currency/bar_alignment", "/selection/constraints/exposure"], load.Problems.Select(problem => problem.Pointer).Order(StringComparer.Ordinal));
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
        data_currency: {max_lag: 300s, min_history: 60d, bar_alignment: utc}
        thresholds:
          dd: {metric: max_dd, max: 0.3}
        selection:
          gates:
            or:
              - and: [sample_days >= 30, "trades_60d > -1"]
              - not: {and: [sharpe_mid != 0.6, "my.metric == 1e-3"]}
          score: sharpe_mid + (0.1*winrate_long) - (ulcer_mid - if(trades > 3, 1, my.metric))
          topk: {total: 8, by_side: {long: 5, short: 3}}
          constraints: {correlation: {max_pairwise: 0.8}}
          hysteresis: {promote_after: 2, demote_after: 3, min_dwell: 90m, metric: sharpe, enter: 1, exit: 0.5}
        validation: {on_error: warn, on_missing_metric: ignore}
        position_policy: {on_promote: flat_then_enable, on_demote: disable_then_flat}
        governance: {live_promotion: {mode: auto_apply, cooldown: 1d, max_live_slots: 3, canary_fraction: 0.1, approvers: [ann, bob]}}
        campaign: {backtest: {window: 7d}, paper: {window: 30d}, common: {min_sample_days: 30, min_trades_total: 10}}
        """;
}
