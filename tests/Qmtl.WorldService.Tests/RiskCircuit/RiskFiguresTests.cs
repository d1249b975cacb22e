using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.RiskCircuit;
using Qmtl.WorldService.RiskHub;

namespace Qmtl.WorldService.Tests.RiskCircuit;

public sealed class RiskFiguresTests
{
    [Fact]
    public void Drawdown_OfOneSeries_IsCompounded()
    {
        // 1 -> 1.1 -> 0.88 -> 0.924: from the peak 1.1 to 0.88 is a fall of 0.2.
        var snapshot = new RiskSnapshot { RealizedReturns = List(0.1, -0.2, 0.05) };
        Assert.Equal(0.2, RiskFigures.Of(Row(snapshot)).Drawdown!.Value, 12);
    }

    [Fact]
    public void Drawdown_OfSeveralSeries_IsOfTheirWeightedSumFromTheNewestBack()
    {
        // Weights 0.5 and 0.5; the older first value of a has no partner. Steps: 0.5*0.2 + 0.5*0 = 0.1, then 0.5*-0.2 + 0.5*-0.2 = -0.2.
        var snapshot = new RiskSnapshot
        {
            Weights = { ["a"] = 0.5, ["b"] = 0.5 },
            RealizedReturns = Value.ForStruct(new Struct { Fields = { ["a"] = List(-0.9, 0.2, -0.2), ["b"] = List(0, -0.2), ["not held"] = List(-0.5, -0.5) } }),
        };
        Assert.Equal(0.2, RiskFigures.Of(Row(snapshot)).Drawdown!.Value, 12);
    }

    [Fact]
    public void ValueAtRisk_FromCovariance_IsZTimesTheDeviationOfThePortfolio()
    {
        // w'Σw = 0.36*0.0004 + 0.16*0.0009 + 2*0.24*0.0003 = 0.000144 + 0.000144 + 0.000144 = 0.000432.
        var snapshot = new RiskSnapshot { Weights = { ["a"] = 0.6, ["b"] = 0.4 }, Covariance = { ["a,a"] = 0.0004, ["b,b"] = 0.0009, ["a,b"] = 0.0003 } };
        Assert.Equal(2.3263478740408408 * Math.Sqrt(0.000432), RiskFigures.Of(Row(snapshot)).ValueAtRisk!.Value, 12);
        snapshot.Covariance.Remove("b,b");
        Assert.Null(RiskFigures.Of(Row(snapshot)).ValueAtRisk);
    }

    [Fact]
    public void ValueAtRisk_FromManyReturns_IsTheirOnePercentQuantileIfThatIsLarger()
    {
        var returns = Enumerable.Repeat(0.001, 98).Concat([-0.05, -0.06, -0.07]).ToArray();
        var snapshot = new RiskSnapshot { Weights = { ["a"] = 1 }, Covariance = { ["a,a"] = 1e-8 }, RealizedReturns = List(returns) };

        // 101 points: the 1 % quantile is the second smallest.
        Assert.Equal(0.06, RiskFigures.Of(Row(snapshot)).ValueAtRisk!.Value, 12);
        snapshot.RealizedReturns = List(returns[3..]);
        Assert.Equal(2.3263478740408408 * 1e-4, RiskFigures.Of(Row(snapshot)).ValueAtRisk!.Value, 12);
    }

    [Fact]
    public void Leverage_IsWhatTheProducerSays_ElseTheGrossWeight()
    {
        var snapshot = new RiskSnapshot { Weights = { ["a"] = 1.5, ["b"] = -0.5 } };
        Assert.Equal(2, RiskFigures.Of(Row(snapshot)).Leverage!.Value, 12);
        snapshot.Constraints = new Struct { Fields = { ["leverage"] = Value.ForNumber(3.5) } };
        Assert.Equal(3.5, RiskFigures.Of(Row(snapshot)).Leverage);
    }

    [Fact]
    public void Of_AnEmptySnapshot_KnowsNothing() => Assert.Equal(new RiskFigures(null, null, null), RiskFigures.Of(Row(new RiskSnapshot())));

    [Fact]
    public void Judge_AtTheLimitHolds_AboveBreaches_UnknownDoesNot()
    {
        var limits = new RiskLimits(0.2, 0.05, 2);
        Assert.Empty(RiskCircuitRules.Judge(limits, new RiskFigures(0.2, 0.05, 2)));
        Assert.Empty(RiskCircuitRules.Judge(limits, new RiskFigures(null, null, null)));
        Assert.Empty(RiskCircuitRules.Judge(RiskLimits.None, new RiskFigures(1, 9, 9)));
        Assert.Equal(
            [new RiskBreach("max_drawdown", 0.21, 0.2), new RiskBreach("max_var", double.MaxValue, 0.05), new RiskBreach("max_leverage", 2.5, 2)],
            RiskCircuitRules.Judge(limits, new RiskFigures(0.21, double.NaN, 2.5)));
    }

    [Fact]
    public void Judge_MoreRisk_NeverBreachesLess() => Prop.ForAll(
        Gen.Choose(0, 300).Select(x => x / 100.0).Three().Two().ToArbitrary(),
        pair =>
        {
            var ((d1, v1, l1), (d2, v2, l2)) = pair;
            var limits = new RiskLimits(0.5, 1, 1.5);
            var one = RiskCircuitRules.Judge(limits, new RiskFigures(Math.Min(d1, d2), Math.Min(v1, v2), Math.Min(l1, l2))).Select(breach => breach.Limit);
            var other = RiskCircuitRules.Judge(limits, new RiskFigures(Math.Max(d1, d2), Math.Max(v1, v2), Math.Max(l1, l2))).Select(breach => breach.Limit);
            Assert.Subset(other.ToHashSet(StringComparer.Ordinal), one.ToHashSet(StringComparer.Ordinal));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("max_drawdwn", 0.1, "did you mean 'max_drawdown'?")]
    [InlineData("max_drawdown", 1.5, "must be a number above 0, at most 1")]
    [InlineData("max_var", 0, "must be a number above 0")]
    [InlineData("max_leverage", -1, "must be a number above 0")]
    public void Read_LimitsThatNobodyWouldCheck_AreRefused(string key, double value, string message)
    {
        var profile = new RiskProfile { Tier = "high", Limits = new Struct { Fields = { [key] = Value.ForNumber(value) } } };
        var refusal = Assert.Throws<RefusalException>(() => RiskLimits.Read(profile));
        Assert.Equal("/risk_profile/limits/" + key, Assert.Single(refusal.Errors).Pointer);
        Assert.Contains(message, refusal.Errors[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exit_TakesTheHeaviestOut_FrozenOrDrained()
    {
        var now = new DateTimeOffset(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);
        ActivationEntry[] entries = [Entry("a", "long", 0.4), Entry("b", "long", 0.6), Entry("b", "short", 0.1), Entry("c", "long", 0.9) with { Freeze = true }, Entry("d", "long", 0.6)];
        var drained = ExitRules.Exit(entries, freeze: false, now);
        Assert.Equal([("b", "long"), ("b", "short")], drained.Select(entry => (entry.StrategyId, entry.Side)));
        Assert.All(drained, entry => Assert.Equal((false, 0.0, false, true, 2), (entry.Active, entry.Weight, entry.Freeze, entry.Drain, entry.EntryVersion)));
        Assert.All(ExitRules.Exit(entries, freeze: true, now), entry => Assert.Equal((true, false), (entry.Freeze, entry.Drain)));
        Assert.Empty(ExitRules.Exit([entries[3]], freeze: true, now));
    }

    private static ActivationEntry Entry(string strategy, string side, double weight) =>
        new() { WorldId = "w", StrategyId = strategy, Side = side, Active = true, Weight = weight, EffectiveMode = "live", EntryVersion = 1 };

    private static Value List(params double[] values) => Value.ForList([.. values.Select(Value.ForNumber)]);

    private static RiskSnapshotRow Row(RiskSnapshot snapshot) => new() { WorldId = "w", Stage = "live", Snapshot = snapshot };
}
