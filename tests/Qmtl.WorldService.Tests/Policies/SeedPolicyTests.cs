using System.Text;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Tests.Policies;

/// <summary>The sample policy as it was first written down, and what it says in cases worked out by hand.</summary>
public sealed class SeedPolicyTests
{
    private const string Sample =
        """
        # config/worlds/crypto_mom_1h.yml
        world: crypto_mom_1h
        version: 1

        data_currency:
          max_lag: 5m        # validate if now - data_end <= 5m; else compute-only until caught up
          min_history: 60d   # metrics remain advisory until met
          bar_alignment: exchange_calendar

        selection:
          gates:
            and:
              - sample_days >= 30
              - trades_60d >= 40
              - sharpe_mid >= 0.60
              - max_dd_120d <= 0.25
          score: "sharpe_mid + 0.1*winrate_long - 0.2*ulcer_mid"
          topk:
            total: 8
            by_side: { long: 5, short: 3 }
          constraints:
            correlation:
              max_pairwise: 0.8
            exposure:
              gross_budget: { long: 0.60, short: 0.40 }
              max_leverage: 3.0
              sector_cap: { per_sector: 0.30 }
          hysteresis:
            promote_after: 2
            demote_after: 2
            min_dwell: 3h

        position_policy:
          on_promote: flat_then_enable
          on_demote: disable_then_flat
        """;

    [Fact]
    public void Sample_Loads_WithEveryRuleItStates()
    {
        var policy = Load(Sample);
        Assert.Equal(("crypto_mom_1h", 1), (policy.World, policy.Version));
        Assert.Equal(new DataCurrencyPolicy(TimeSpan.FromMinutes(5), TimeSpan.FromDays(60), "exchange_calendar"), policy.DataCurrency);
        Assert.Equal("all of (sample_days >= 30, trades_60d >= 40, sharpe_mid >= 0.6, max_dd_120d <= 0.25)", policy.Gates!.Text);
        Assert.Equal("sharpe_mid + 0.1 * winrate_long - 0.2 * ulcer_mid", policy.Ranking!.ToString());
        Assert.Equal(new TopKPolicy(8, 5, 3), policy.TopK);
        Assert.Equal(0.8, policy.MaxCorrelation);
        Assert.Equal((0.6, 0.4, 3.0, 0.3), (policy.Exposure!.Long, policy.Exposure.Short, policy.Exposure.MaxLeverage, policy.Exposure.SectorCap));
        Assert.Equal(new StreakHysteresis(2, 2, TimeSpan.FromHours(3)), policy.Streaks);
        Assert.Equal(new PositionPolicy(OnPromote: "flat_then_enable", OnDemote: "disable_then_flat"), policy.Positions);

        // sharpe_mid is the Sharpe ratio of 90 days, winrate_long that of 365: values are kept under the one name.
        Assert.Equal(["max_dd_120d", "sample_days", "sharpe_90d", "trades_60d", "ulcer_90d", "winrate_365d"], policy.Slots.Names.Order(StringComparer.Ordinal));
        var canonical = PolicyCanonical.Write(policy);
        Assert.Equal(canonical, PolicyCanonical.Write(Load(canonical)));
    }

    [Theory]
    [InlineData(300, null, 0)]
    [InlineData(301, "data_currency_lag", -1)]
    public void DataCurrency_FiveMinutesAreAllowed(int lagSeconds, string? code, double distance)
    {
        // The world is one of crypto: every second counts. 300 - 301 = -1.
        var fixture = new PolicyFixture(Load(Sample));
        var late = Strategy("a") with { DataEnd = PolicyFixture.Start.AddSeconds(-lagSeconds) };
        fixture.Evaluate(late);
        var outcome = fixture.Evaluate(late);
        Assert.Equal(["a"], outcome.Active);
        Assert.Equal((code is null ? RuleOutcome.Pass : RuleOutcome.Fail, code, (double)lagSeconds, 300.0, distance), (outcome.Currency!.Outcome, outcome.Currency.Code, outcome.Currency.Value, outcome.Currency.Threshold, outcome.Currency.Distance));
    }

    [Fact]
    public void MinHistory_BeforeSixtyDays_TheMetricsOnlyAdvise()
    {
        var young = Verdict(new PolicyFixture(Load(Sample)).Evaluate(Strategy("a") with { History = TimeSpan.FromDays(59) }), "a");
        Assert.Equal((false, false, SelectionCodes.MinHistoryPending, 0), (young.Active, young.Selected, young.Code, young.Next.Above));
        Assert.Equal("data_currency.min_history: 60d (history_days was 59: 1 more)", young.Reasons[1].Needed);
    }

    [Theory]
    // 30 - 29 = 1 day and 40 - 39 = 1 trade are lacking: the sample says nothing yet, so the strategy keeps its place.
    [InlineData("sample_days", 29, 0, -1.0, "sample_insufficient", "sample_days >= 30 (sample_days was 29: 1 more)")]
    [InlineData("trades_60d", 39, 1, -1.0, "sample_insufficient", "trades_60d >= 40 (trades_60d was 39: 1 more)")]
    // 0.59 - 0.60 = -0.01; 0.25 - 0.26 = -0.01.
    [InlineData("sharpe_90d", 0.59, 2, -0.01, "gate_failed", "sharpe_mid >= 0.6 (sharpe_mid was 0.59: 0.01 more)")]
    [InlineData("max_dd_120d", 0.26, 3, -0.01, "gate_failed", "max_dd_120d <= 0.25 (max_dd_120d was 0.26: 0.01 less)")]
    public void Gates_EachFailingAlone_Decides(string metric, double value, int gate, double distance, string code, string needed)
    {
        var verdict = Verdict(new PolicyFixture(Load(Sample)).Evaluate(Strategy("a", (metric, value))), "a");
        Assert.Equal((false, code), (verdict.Selected, verdict.Code));
        var gates = Assert.Single(verdict.Reasons, reason => reason.Rule == "gate");
        Assert.Equal(RuleOutcome.Fail, gates.Outcome);
        Assert.Equal(gate, Assert.Single(Enumerable.Range(0, 4), i => gates.Children[i].Outcome == RuleOutcome.Fail));
        Assert.Equal(distance, gates.Children[gate].Distance!.Value, 12);
        Assert.Equal(needed, gates.Needed);
    }

    [Fact]
    public void Gates_AtEveryLimit_Pass()
    {
        var verdict = Verdict(new PolicyFixture(Load(Sample)).Evaluate(Strategy("a", ("sample_days", 30), ("trades_60d", 40), ("sharpe_90d", 0.6), ("max_dd_120d", 0.25))), "a");
        Assert.True(verdict.Selected);
        Assert.All(verdict.Reasons[2].Children, gate => Assert.Equal((RuleOutcome.Pass, 0.0, null), (gate.Outcome, gate.Distance, gate.Needed)));
    }

    [Fact]
    public void Score_IsTheSumAsWritten()
    {
        // 1.2 + 0.1 * 0.55 - 0.2 * 0.05 = 1.2 + 0.055 - 0.01 = 1.245.
        var verdict = Verdict(new PolicyFixture(Load(Sample)).Evaluate(Strategy("a", ("sharpe_90d", 1.2), ("winrate_365d", 0.55), ("ulcer_90d", 0.05))), "a");
        Assert.Equal(1.245, verdict.Score!.Value, 12);
        Assert.Equal(verdict.Score, Assert.Single(verdict.Reasons, reason => reason.Rule == "score").Value);
    }

    [Fact]
    public void Correlation_FromTheBestDown_WhoConflictsWithOneThatStaysFalls()
    {
        // a stays. b falls to a (0.81). c would fall to b (0.95), but b is gone. d falls to a: -0.85 is as much one bet as 0.85.
        // e and c: 0.80 is allowed.
        PairCorrelation[] pairs = [new("a", "b", 0.81), new("c", "b", 0.95), new("d", "a", -0.85), new("c", "e", 0.80)];
        var outcome = new PolicyFixture(Load(Sample)).Evaluate(pairs, Scored("a", 1.5), Scored("b", 1.4), Scored("c", 1.3), Scored("d", 1.2), Scored("e", 1.1));
        Assert.Equal(["a", "c", "e"], Selected(outcome));
        var b = Assert.Single(Verdict(outcome, "b").Reasons, reason => reason.Rule == "correlation");
        Assert.Equal((SelectionCodes.CorrelationExceeded, 0.81, 0.8), (b.Code, b.Value, b.Threshold));
        Assert.Equal("|correlation| <= 0.8 with a", b.Text);
        Assert.Equal("|correlation| <= 0.8 with a, or a score above 1.5, that of a", b.Needed);
        Assert.Equal(0.8 - 0.85, Verdict(outcome, "d").Reasons[^1].Distance!.Value, 12);
    }

    [Fact]
    public void Exposure_EqualShares_OfWhichNobodyKnowsTheSector()
    {
        // A long place is worth 0.60 / 5 = 0.12, a short one 0.40 / 3 = 0.1333. All sectors are unknown and count as one:
        // 0.12, 0.24, then 0.36 > 0.30. The limit is closed from there on, so the short one falls too.
        var outcome = new PolicyFixture(Load(Sample)).Evaluate(Equal("l1", 1.5), Equal("l2", 1.4), Equal("l3", 1.3), Equal("s1", 1.2) with { Side = StrategySide.Short });
        Assert.Equal(["l1", "l2"], Selected(outcome));
        var third = Verdict(outcome, "l3").Reasons[^1];
        Assert.Equal(("exposure", SelectionCodes.SectorCapExceeded, "sector unknown <= 0.3"), (third.Rule, third.Code, third.Text));
        Assert.Equal(0.36, third.Value!.Value, 12);
        Assert.Equal(-0.06, third.Distance!.Value, 12);
        Assert.Equal("sector unknown <= 0.3 (unknown was 0.36: 0.06 less)", third.Needed);
        Assert.Equal(SelectionCodes.SectorCapExceeded, Verdict(outcome, "s1").Code);
        Assert.Equal(0.12, Assert.Single(Verdict(outcome, "l1").Reasons, reason => reason.Rule == "exposure").Value!.Value, 12);
    }

    [Fact]
    public void Exposure_GrossBudget_DropsTheLowestScoresUntilItIsKept()
    {
        // x alone is above the cap of its sector, 0.30: no order would make it fit, and nothing is closed for it. Then 0.30, 0.35, 0.55,
        // and 0.65 > 0.60 closes the long side: d would fit again (0.55 + 0.05 = 0.60), but it is lower than c. Short has its own 0.40.
        var outcome = new PolicyFixture(Load(WithSectors)).Evaluate(
            Weighted("x", 1.9, 0.7, "BTC"), Weighted("a", 1.5, 0.3, "ETH"), Weighted("a2", 1.45, 0.05, "BTC"), Weighted("b", 1.4, 0.2, "BTC"),
            Weighted("c", 1.3, 0.1, "XRP"), Weighted("d", 1.2, 0.05, "BTC"), Weighted("s", 1.1, 0.2, "XRP") with { Side = StrategySide.Short });
        Assert.Equal(["a", "a2", "b", "s"], Selected(outcome));
        Assert.Equal(0.65, Verdict(outcome, "c").Reasons[^1].Value!.Value, 12);
        Assert.Equal(SelectionCodes.SectorCapExceeded, Verdict(outcome, "x").Code);
        Assert.Equal((SelectionCodes.GrossBudgetExceeded, SelectionCodes.GrossBudgetExceeded), (Verdict(outcome, "c").Code, Verdict(outcome, "d").Code));
    }

    [Fact]
    public void Exposure_Leverage_CountsShareTimesLeverage()
    {
        // 0.3 * 8 = 2.4; 0.2 * 5 = 1.0 would make 3.4 > 3; leverage is closed to c as well, although 2.4 + 0.1 * 2 = 2.6 would fit.
        var outcome = new PolicyFixture(Load(WithSectors)).Evaluate(
            Levered("a", 1.5, 0.3, 8, "BTC"), Levered("b", 1.4, 0.2, 5, "ETH"), Levered("c", 1.3, 0.1, 2, "XRP"));
        Assert.Equal(["a"], Selected(outcome));
        var b = Verdict(outcome, "b").Reasons[^1];
        Assert.Equal((SelectionCodes.LeverageExceeded, "leverage <= 3"), (b.Code, b.Text));
        Assert.Equal(3.4, b.Value!.Value, 12);
    }

    [Fact]
    public void Exposure_SectorCap_SplitsAShareOverTheSymbols()
    {
        // ETH and SOL are both layer1: 0.2 + 0.15 = 0.35 > 0.30. m spreads 0.2 over money (0.2 + 0.1 = 0.30 fits) and payments (0.1).
        var outcome = new PolicyFixture(Load(WithSectors)).Evaluate(
            Weighted("e", 1.5, 0.2, "ETH"), Weighted("s", 1.4, 0.15, "SOL"), Weighted("b", 1.3, 0.2, "BTC"), Weighted("m", 1.2, 0.2, "BTC", "XRP"));
        Assert.Equal(["e", "b", "m"], Selected(outcome));
        Assert.Equal("sector layer1 <= 0.3", Verdict(outcome, "s").Reasons[^1].Text);
    }

    [Fact]
    public void TopK_BySide_FiveLongAndThreeShort()
    {
        var longs = Enumerable.Range(1, 6).Select(i => Scored($"l{i}", 2 - (i / 10.0)));
        var shorts = Enumerable.Range(1, 4).Select(i => Scored($"s{i}", 1.3 - (i / 10.0)) with { Side = StrategySide.Short });
        var outcome = new PolicyFixture(Load(Sample)).Evaluate([.. longs, .. shorts]);
        Assert.Equal(["l1", "l2", "l3", "l4", "l5", "s1", "s2", "s3"], Selected(outcome));
        var sixth = Verdict(outcome, "l6").Reasons[^1];
        Assert.Equal((SelectionCodes.SideLimitExceeded, "long <= 5", 6.0), (sixth.Code, sixth.Text, sixth.Value));

        // l5 has 2 - 0.5 = 1.5.
        Assert.Equal("a score above 1.5, that of l5, the last one in under long <= 5", sixth.Needed);
        Assert.Equal(SelectionCodes.SideLimitExceeded, Verdict(outcome, "s4").Code);
    }

    [Fact]
    public void TopK_Total_EndsBothSides()
    {
        var policy = Load(Sample.Replace("total: 8", "total: 4", StringComparison.Ordinal));
        var outcome = new PolicyFixture(policy).Evaluate(
            Scored("l1", 1.9), Scored("l2", 1.8), Scored("l3", 1.7), Scored("s1", 1.6) with { Side = StrategySide.Short }, Scored("l4", 1.5), Scored("s2", 1.4) with { Side = StrategySide.Short });
        Assert.Equal(["l1", "l2", "l3", "s1"], Selected(outcome));
        Assert.Equal((SelectionCodes.TopKExceeded, SelectionCodes.TopKExceeded), (Verdict(outcome, "l4").Code, Verdict(outcome, "s2").Code));
        Assert.Equal("a score above 1.6, that of s1, the last one in under total <= 4", Verdict(outcome, "s2").Reasons[^1].Needed);
    }

    [Fact]
    public void Hysteresis_OverASequence_WithDwellOfThreeHours()
    {
        var fixture = new PolicyFixture(Load(Sample));
        (double Hour, double Sharpe, bool Active, string Code)[] steps =
        [
            (0.0, 1.0, false, "promotion_pending"), // the first of two
            (2.0, 1.0, true, "selected"),           // the second: in since 2:00
            (3.0, 0.1, true, "demotion_pending"),   // the first of two below
            (4.5, 0.1, true, "dwell_pending"),      // two below, but only 2.5 hours in
            (4.6, 1.0, true, "selected"),           // back above: the count below starts again
            (5.0, 0.1, true, "demotion_pending"),
            (6.0, 0.1, false, "gate_failed"),       // two below, 4 hours in: out since 6:00
            (7.0, 1.0, false, "promotion_pending"),
            (8.0, 1.0, false, "dwell_pending"),     // two above, but only 2 hours out
            (9.0, 1.0, true, "selected"),           // exactly 3 hours out
        ];
        foreach (var (hour, sharpe, active, code) in steps)
        {
            fixture.Now = PolicyFixture.Start.AddHours(hour);
            var verdict = Verdict(fixture.Evaluate(Strategy("a", ("sharpe_90d", sharpe))), "a");
            Assert.Equal((hour, active, code), (hour, verdict.Active, verdict.Code));
        }
    }

    [Fact]
    public void Hysteresis_Dwell_SaysHowLongIsMissing()
    {
        var fixture = new PolicyFixture(Load(Sample));
        fixture.Evaluate(Strategy("a"));
        fixture.Evaluate(Strategy("a"));
        fixture.Now += TimeSpan.FromHours(2.5);
        fixture.Evaluate(Strategy("a", ("sharpe_90d", 0)));
        var dwell = Verdict(fixture.Evaluate(Strategy("a", ("sharpe_90d", 0))), "a").Reasons[^1];

        // 2.5 h = 9,000 s of 10,800 s.
        Assert.Equal(("min_dwell: 3h", 9_000.0, 10_800.0, -1_800.0), (dwell.Text, dwell.Value, dwell.Threshold, dwell.Distance));
        Assert.Equal("min_dwell: 3h (seconds_in_state was 9000: 1800 more)", dwell.Needed);
    }

    [Fact]
    public void Transitions_WhoFadesLeavesAndWhoHeldOutEnters_AtTheSameEvaluation()
    {
        var fixture = new PolicyFixture(Load(Sample));
        fixture.Evaluate(Strategy("old"));
        Assert.Equal(("old", Transition.Promote), Assert.Single(Transitions(fixture.Evaluate(Strategy("old")))));
        fixture.Now += TimeSpan.FromHours(3);
        Candidate[] next = [Strategy("old", ("sharpe_90d", 0)), Scored("new1", 0.9), Scored("new2", 1.1) with { Side = StrategySide.Short }];
        Assert.Empty(Transitions(fixture.Evaluate(next)));
        Assert.Equal([("new1", Transition.Promote), ("new2", Transition.Promote), ("old", Transition.Demote)], Transitions(fixture.Evaluate(next)));

        static IEnumerable<(string, Transition)> Transitions(PolicyOutcome outcome) => outcome.Verdicts
            .Where(verdict => verdict.Transition is Transition.Promote or Transition.Demote).OrderBy(verdict => verdict.StrategyId, StringComparer.Ordinal).Select(verdict => (verdict.StrategyId, verdict.Transition));
    }

    [Theory]
    [InlineData("position_policy: {on_promote: carry, on_demote: carry}", "carry", "carry")]
    [InlineData("position_policy: {on_promote: carry}", "carry", "disable_then_flat")]
    [InlineData("position_policy: {on_demote: carry}", "flat_then_enable", "carry")]
    [InlineData("top_k: {metric: sharpe, k: 1}", "flat_then_enable", "disable_then_flat")]
    public void Positions_WhereThePolicyIsSilent_NobodyInheritsAny(string policy, string onPromote, string onDemote) =>
        Assert.Equal(new PositionActions(onPromote, onDemote), PositionActions.Of(Load(policy)));

    [Fact]
    public void Positions_OfAWorldWithoutAPolicy_AreTheSafeOnes() => Assert.Equal(new PositionActions("flat_then_enable", "disable_then_flat"), PositionActions.Of(null));

    private static string WithSectors { get; } = Sample.Replace(
        "sector_cap: { per_sector: 0.30 }", "sector_cap: { per_sector: 0.30 }\n      sectors: {BTC: money, ETH: layer1, SOL: layer1, XRP: payments}", StringComparison.Ordinal);

    private static PolicyDocument Load(string text)
    {
        var load = new PolicyLoader(new MetricNames()).Load(Encoding.UTF8.GetBytes(text), null);
        Assert.Empty(load.Problems);
        return load.Policy!.Document;
    }

    /// <summary>A strategy that passes every gate and is small enough for every budget: score 1.0.</summary>
    private static Candidate Strategy(string id, params (string Metric, double Value)[] changes)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["sample_days"] = 200,
            ["trades_60d"] = 100,
            ["sharpe_90d"] = 1.0,
            ["max_dd_120d"] = 0.1,
            ["winrate_365d"] = 0,
            ["ulcer_90d"] = 0,
            ["weight"] = 0.03,
        };
        foreach (var (metric, value) in changes) metrics[metric] = value;
        return new Candidate(id, StrategySide.Long, metrics, PolicyFixture.Start, TimeSpan.FromDays(200));
    }

    private static Candidate Scored(string id, double score) => Strategy(id, ("sharpe_90d", score));

    private static Candidate Weighted(string id, double score, double weight, params string[] symbols) => Strategy(id, ("sharpe_90d", score), ("weight", weight)) with { Symbols = symbols };

    private static Candidate Levered(string id, double score, double weight, double leverage, params string[] symbols) =>
        Strategy(id, ("sharpe_90d", score), ("weight", weight), ("leverage", leverage)) with { Symbols = symbols };

    private static Candidate Equal(string id, double score)
    {
        var candidate = Scored(id, score);
        return candidate with { Metrics = candidate.Metrics.Where(pair => pair.Key != "weight").ToDictionary(StringComparer.Ordinal) };
    }

    private static IEnumerable<string> Selected(PolicyOutcome outcome) => outcome.Verdicts.Where(verdict => verdict.Selected).OrderBy(verdict => verdict.Rank).Select(verdict => verdict.StrategyId);

    private static StrategyVerdict Verdict(PolicyOutcome outcome, string id) => outcome.Find(id)!;
}
