using Qmtl.WorldService.Policies.Selection;
using static Qmtl.WorldService.Tests.Policies.PolicyFixture;

namespace Qmtl.WorldService.Tests.Policies;

public sealed class PolicyEngineTests
{
    [Fact]
    public void Thresholds_LimitsAreInclusive_AndDistanceSaysWhatIsLacking()
    {
        var outcome = new PolicyFixture("thresholds: {s: {metric: sharpe, min: 1}, d: {metric: max_dd, max: 0.2}}").Evaluate(
            Strategy("exact", ("sharpe", 1), ("max_dd", 0.2)), Strategy("weak", ("sharpe", 0.7), ("max_dd", 0.1)), Strategy("deep", ("sharpe", 2), ("max_dd", 0.5)));

        Assert.Equal(["exact"], outcome.Active);
        var weak = Verdict(outcome, "weak");
        Assert.Equal(SelectionCodes.BelowMin, weak.Code);
        var reason = Assert.Single(weak.Reasons, node => node.Outcome == RuleOutcome.Fail);
        Assert.Equal(("sharpe", 0.7, 1.0), (reason.Metric, reason.Value, reason.Threshold));
        Assert.Equal(-0.3, reason.Distance!.Value, 12);
        Assert.Equal(SelectionCodes.AboveMax, Verdict(outcome, "deep").Code);
    }

    [Theory]
    [InlineData("fail", false)]
    [InlineData("warn", true)]
    [InlineData("ignore", true)]
    public void MissingMetric_FollowsThePolicy(string onMissing, bool active)
    {
        var outcome = new PolicyFixture($"thresholds: {{s: {{metric: sharpe, min: 1}}}}\nvalidation: {{on_missing_metric: {onMissing}}}").Evaluate(Strategy("a"));
        Assert.Equal(active, Verdict(outcome, "a").Active);
        Assert.Equal(SelectionCodes.MetricMissing, Verdict(outcome, "a").Reasons[0].Code);
    }

    [Fact]
    public void Gates_AndOrNot_DecideWithTheTreeInTheReason()
    {
        var fixture = new PolicyFixture("selection: {gates: {or: [{and: [sharpe >= 1, winrate > 0.5]}, {not: max_dd > 0.1}]}}");
        var outcome = fixture.Evaluate(
            Strategy("both", ("sharpe", 1), ("winrate", 0.6), ("max_dd", 0.5)),
            Strategy("calm", ("sharpe", 0), ("winrate", 0), ("max_dd", 0.05)),
            Strategy("neither", ("sharpe", 1), ("winrate", 0.5), ("max_dd", 0.2)));
        Assert.Equal(["both", "calm"], outcome.Active);
        var gate = Assert.Single(Verdict(outcome, "neither").Reasons);
        Assert.Equal(RuleOutcome.Fail, gate.Outcome);
        Assert.Equal([RuleOutcome.Pass, RuleOutcome.Fail], gate.Children[0].Children.Select(child => child.Outcome));
    }

    [Fact]
    public void Gates_MissingMetricThatCannotMatter_DoesNotDecide()
    {
        var outcome = new PolicyFixture("selection: {gates: {or: [sharpe >= 1, winrate >= 0.5]}}").Evaluate(Strategy("a", ("sharpe", 2)));
        Assert.Equal(["a"], outcome.Active);
    }

    [Fact]
    public void Ranking_TiesFallToTheLowerId_WhateverTheOrderOfArrival()
    {
        var outcome = new PolicyFixture("top_k: {metric: sharpe, k: 2}").Evaluate(
            Strategy("c", ("sharpe", 1)), Strategy("a", ("sharpe", 1)), Strategy("b", ("sharpe", 1)), Strategy("d", ("sharpe", 2)));
        Assert.Equal(["d", "a"], outcome.Active);
        Assert.Equal(SelectionCodes.TopKExceeded, Verdict(outcome, "b").Code);
        Assert.Equal([2, 3, 4, 1], outcome.Verdicts.Select(verdict => verdict.Rank!.Value));
    }

    [Fact]
    public void Score_IsComputedAsWritten()
    {
        var outcome = new PolicyFixture("selection: {score: 'sharpe_mid + 0.1*winrate_long - 0.2*ulcer_mid', topk: {total: 1}}").Evaluate(
            Strategy("a", ("sharpe_mid", 1.0), ("winrate_long", 0.5), ("ulcer_mid", 0.5)),
            Strategy("b", ("sharpe_mid", 0.9), ("winrate_long", 0.6), ("ulcer_mid", 0.0)));
        Assert.Equal(1.0 + (0.1 * 0.5) - (0.2 * 0.5), Verdict(outcome, "a").Score);
        Assert.Equal(["b"], outcome.Active);
    }

    [Theory]
    [InlineData("max(sharpe, winrate, 3)", 3)]
    [InlineData("min(sharpe, 4) - -1", 3)]
    [InlineData("clamp(sharpe, 0, 1.5)", 1.5)]
    [InlineData("abs(-sharpe)", 2)]
    [InlineData("sqrt(sharpe + 2)", 2)]
    [InlineData("log1p(0)", 0)]
    [InlineData("if(sharpe >= 2, 10, 20)", 10)]
    [InlineData("2 * (sharpe + 1) / 3", 2)]
    [InlineData("10 - 4 - 3", 3)]
    public void Score_Functions(string score, double expected)
    {
        var outcome = new PolicyFixture($"selection: {{score: '{score}', topk: {{total: 1}}}}").Evaluate(Strategy("a", ("sharpe", 2), ("winrate", 0.5)));
        Assert.Equal(expected, Verdict(outcome, "a").Score);
    }

    [Fact]
    public void Score_Undefined_RejectsOrRanksLastAsThePolicySays()
    {
        const string Score = "selection: {score: '1 / sharpe', topk: {total: 5}}\n";
        var strict = new PolicyFixture(Score).Evaluate(Strategy("a", ("sharpe", 0)), Strategy("b", ("sharpe", 1)));
        Assert.Equal(["b"], strict.Active);
        Assert.Equal(SelectionCodes.ScoreUndefined, Verdict(strict, "a").Code);
        var lenient = new PolicyFixture(Score + "validation: {on_error: warn}").Evaluate(Strategy("a", ("sharpe", 0)), Strategy("b", ("sharpe", 1)));
        Assert.Equal(["b", "a"], lenient.Active);
    }

    [Fact]
    public void TopK_BySideThenTotal_ByHand()
    {
        var fixture = new PolicyFixture("selection: {score: sharpe, topk: {total: 3, by_side: {long: 2, short: 3}}}");
        var outcome = fixture.Evaluate(
            Sided("l1", StrategySide.Long, 9), Sided("l2", StrategySide.Long, 8), Sided("l3", StrategySide.Long, 7),
            Sided("s1", StrategySide.Short, 6), Sided("s2", StrategySide.Short, 5), Sided("x", StrategySide.Both, 8.5));

        // l1, then x (long and short: long is full), then s1; the total of three is reached before s2.
        Assert.Equal(["l1", "x", "s1"], outcome.Active);
        Assert.Equal(SelectionCodes.SideLimitExceeded, Verdict(outcome, "l2").Code);
        Assert.Equal(SelectionCodes.TopKExceeded, Verdict(outcome, "s2").Code);
    }

    [Fact]
    public void Correlation_GreedyByScore_ByHand()
    {
        var fixture = new PolicyFixture("selection: {score: sharpe, topk: {total: 10}, constraints: {correlation: {max_pairwise: 0.8}}}");
        PairCorrelation[] pairs = [new("b", "a", 0.9), new("b", "c", 0.95), new("c", "d", -0.9), new("a", "d", 0.8)];
        var outcome = fixture.Evaluate(pairs, Strategy("a", ("sharpe", 4)), Strategy("b", ("sharpe", 3)), Strategy("c", ("sharpe", 2)), Strategy("d", ("sharpe", 1)));

        // b falls to a; c stays, because b is gone; d falls to c, whose opposite it is; 0.8 itself is allowed.
        Assert.Equal(["a", "c"], outcome.Active);
        var reason = Verdict(outcome, "d").Reasons[^1];
        Assert.Equal((SelectionCodes.CorrelationExceeded, -0.9), (reason.Code, reason.Value));
        Assert.Contains("with c", reason.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Levels_EnterAboveAndStayBelow()
    {
        var fixture = new PolicyFixture("hysteresis: {metric: sharpe, enter: 1, exit: 0.5}");
        Assert.Empty(fixture.Evaluate(Strategy("a", ("sharpe", 0.9))).Active);
        Assert.Equal(["a"], fixture.Evaluate(Strategy("a", ("sharpe", 1))).Active);
        Assert.Equal(["a"], fixture.Evaluate(Strategy("a", ("sharpe", 0.5))).Active);
        var left = fixture.Evaluate(Strategy("a", ("sharpe", 0.49)));
        Assert.Empty(left.Active);
        Assert.Equal(SelectionCodes.BelowExit, Verdict(left, "a").Code);
        Assert.Empty(fixture.Evaluate(Strategy("a", ("sharpe", 0.9))).Active);
    }

    [Fact]
    public void Streaks_ChangeOnlyAfterEnoughInARow()
    {
        var fixture = new PolicyFixture("thresholds: {s: {metric: sharpe, min: 1}}\nhysteresis: {promote_after: 2, demote_after: 3}");
        double[] sharpe = [2, 0, 2, 2, 0, 0, 2, 0, 0, 0, 2];
        bool[] active = [false, false, false, true, true, true, true, true, true, false, false];
        for (var i = 0; i < sharpe.Length; i++) Assert.Equal(active[i], Verdict(fixture.Evaluate(Strategy("a", ("sharpe", sharpe[i]))), "a").Active);
    }

    [Fact]
    public void Dwell_HoldsAStrategyInItsState()
    {
        var fixture = new PolicyFixture("thresholds: {s: {metric: sharpe, min: 1}}\nhysteresis: {min_dwell: 3h}");
        Assert.Equal(Transition.Promote, Verdict(fixture.Evaluate(Strategy("a", ("sharpe", 2))), "a").Transition);
        fixture.Now += TimeSpan.FromHours(2.9);
        var pending = Verdict(fixture.Evaluate(Strategy("a", ("sharpe", 0))), "a");
        Assert.True(pending.Active);
        Assert.Equal(SelectionCodes.DwellPending, pending.Code);
        fixture.Now += TimeSpan.FromHours(0.1);
        Assert.Equal(Transition.Demote, Verdict(fixture.Evaluate(Strategy("a", ("sharpe", 0))), "a").Transition);
        fixture.Now += TimeSpan.FromHours(1);
        Assert.False(Verdict(fixture.Evaluate(Strategy("a", ("sharpe", 2))), "a").Active);
    }

    [Fact]
    public void Sample_TooSmall_NeitherPromotesNorDemotes()
    {
        var fixture = new PolicyFixture("selection: {gates: {and: [sample_days >= 30, sharpe >= 1]}}");
        Assert.Equal(SelectionCodes.SampleInsufficient, Verdict(fixture.Evaluate(Strategy("a", ("sharpe", 9), ("sample_days", 10))), "a").Code);
        Assert.Equal(["a"], fixture.Evaluate(Strategy("a", ("sharpe", 2), ("sample_days", 40))).Active);
        var held = fixture.Evaluate(Strategy("a", ("sharpe", 0), ("sample_days", 5)));
        Assert.Equal(["a"], held.Active);
        Assert.Equal(SelectionCodes.SampleInsufficient, Verdict(held, "a").Code);
        Assert.Empty(fixture.Evaluate(Strategy("a", ("sharpe", 0), ("sample_days", 40))).Active);
    }

    [Fact]
    public void DataCurrency_LagMarksTheWorldButKeepsTheSelection()
    {
        var fixture = new PolicyFixture("data_currency: {max_lag: 5m}");
        var late = Strategy("a") with { DataEnd = Start.AddMinutes(-6) };
        var outcome = fixture.Evaluate(late);
        Assert.Equal(["a"], outcome.Active);
        Assert.Equal((RuleOutcome.Fail, SelectionCodes.DataCurrencyLag), (outcome.Currency!.Outcome, outcome.Currency.Code));
        Assert.Equal(RuleOutcome.Pass, fixture.Evaluate(late with { DataEnd = Start.AddMinutes(-5) }).Currency!.Outcome);
        Assert.Equal(SelectionCodes.DataEndUnknown, fixture.Evaluate(Strategy("a")).Currency!.Code);
    }

    [Fact]
    public void MinHistory_UntilMet_MetricsAreAdvisory()
    {
        var fixture = new PolicyFixture("data_currency: {min_history: 60d}");
        Assert.Equal(SelectionCodes.MinHistoryPending, Verdict(fixture.Evaluate(Strategy("a") with { History = TimeSpan.FromDays(59) }), "a").Code);
        Assert.Equal(["a"], fixture.Evaluate(Strategy("a") with { History = TimeSpan.FromDays(60) }).Active);
    }

    [Fact]
    public void Entrants_WaitForSlotsThatHysteresisStillHolds()
    {
        var fixture = new PolicyFixture("selection: {score: sharpe, topk: {total: 1}}\nhysteresis: {promote_after: 1, demote_after: 2}");
        Assert.Equal(["old"], fixture.Evaluate(Strategy("old", ("sharpe", 1))).Active);
        var first = fixture.Evaluate(Strategy("old", ("sharpe", 1)), Strategy("new", ("sharpe", 2)));
        Assert.Equal(["old"], first.Active);
        Assert.Equal(SelectionCodes.SlotHeld, Verdict(first, "new").Code);
        Assert.Equal(["new"], fixture.Evaluate(Strategy("old", ("sharpe", 1)), Strategy("new", ("sharpe", 2))).Active);
    }

    private static Candidate Sided(string id, StrategySide side, double sharpe) => Strategy(id, ("sharpe", sharpe)) with { Side = side };

    private static StrategyVerdict Verdict(PolicyOutcome outcome, string id) => outcome.Verdicts.Single(verdict => verdict.StrategyId == id);
}
