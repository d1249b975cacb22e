using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Statistics.Tests;

public sealed class RobustnessTests
{
    [Fact]
    public void Deflated_MoreTrials_NeverLooksBetter() => Prop.ForAll(ReturnStatisticsTests.Series, series =>
    {
        var previous = double.PositiveInfinity;
        foreach (var trials in new[] { 1, 2, 3, 5, 15, 16, 17, 40, 41, 100, 1000, 1_000_000, int.MaxValue })
        {
            if (SharpeInference.Deflated(series, trials) is not { } dsr) return;
            Assert.InRange(dsr, 0, 1);
            Assert.True(dsr <= previous, $"{trials} trials: {dsr} after {previous}");
            previous = dsr;
        }
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1, 0)]
    [InlineData(10, 1.5746)]
    [InlineData(1000, 3.2551)]
    public void ExpectedMaximum_Trials_AgreesWithTheFormulaByHand(int trials, double expected) => Assert.Equal(expected, SharpeInference.ExpectedMaximum(trials), 4e-4);

    [Fact]
    public void Deflated_WithTrialVariance_UsesTheTrialsInsteadOfTheSample()
    {
        var error = SharpeInference.StandardError(GoldenTests.Returns)!.Value;
        Assert.Equal(SharpeInference.Deflated(GoldenTests.Returns, 10)!.Value, SharpeInference.Deflated(GoldenTests.Returns, 10, error * error)!.Value, 12);
        Assert.Equal(SharpeInference.Probabilistic(GoldenTests.Returns)!.Value, SharpeInference.Deflated(GoldenTests.Returns, 10, 0)!.Value, 12);
        Assert.True(SharpeInference.Deflated(GoldenTests.Returns, 10, 1) < SharpeInference.Deflated(GoldenTests.Returns, 10, 0.01));
    }

    [Fact]
    public void Deflated_ImpossibleArguments_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SharpeInference.Deflated(GoldenTests.Returns, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharpeInference.Deflated(GoldenTests.Returns, 2, -1));
    }

    [Theory]
    [InlineData(59, null)]
    [InlineData(60, 2)]
    [InlineData(149, 4)]
    [InlineData(150, 5)]
    [InlineData(1000, 5)]
    public void CrossValidated_Length_DecidesTheNumberOfFolds(int length, int? folds)
    {
        var returns = Enumerable.Range(0, length).Select(i => Math.Sin(i) / 100).ToArray();
        Assert.Equal(folds, SharpeStability.CrossValidated(returns, 252)?.Folds);
    }

    [Fact]
    public void Linearity_StraightRise_IsPerfectAndItsMirrorScoresZero()
    {
        double[] rise = [.. Enumerable.Range(0, 100).Select(i => 0.01 * i)];
        double[] fall = [.. rise.Select(y => -y)];
        var v2 = EquityLinearity.V2(rise)!.Value;

        Assert.Equal(1, v2.Score, 6);
        Assert.Equal(1, EquityLinearity.V1(rise)!.Value.Score, 9);
        Assert.Equal(0, EquityLinearity.V2(fall)!.Value.Score);
        Assert.Equal(0, EquityLinearity.V1(fall)!.Value.Score);
        Assert.Equal(1, EquityLinearity.V2(fall, up: false)!.Value.Score, 6);
        Assert.Null(EquityLinearity.V2([1, 2]));
    }

    [Fact]
    public void Linearity_AnyCurve_ScoresBetweenZeroAndOne() => Prop.ForAll(ReturnStatisticsTests.Series, series =>
    {
        var curve = EquityLinearity.Cumulative(series);
        if (EquityLinearity.V2(curve) is not { } v2 || EquityLinearity.V1(curve) is not { } v1) return;
        Assert.InRange(v2.Score, 0, 1 + 1e-9);
        Assert.InRange(v1.Score, 0, 1 + 1e-9);
        Assert.InRange(v2.SpearmanRho, -1 - 1e-9, 1 + 1e-9);
        Assert.Equal(1, v2.TimeUnderWater + v2.NewHighFraction, 12);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void ExecutionCosts_KnownFills_SumUp()
    {
        var costs = ExecutionCosts.Of([new FillCost(10, 100, 101, 1, 0.5, 0.1), new FillCost(-10, 100, 99.5, 2, -0.5)]);
        Assert.Equal((3.0, 10.0, 1.0, 20.0), (costs.Commission, costs.Slippage, costs.MarketImpact, costs.Volume));
        Assert.Equal(15 / 20.0 * 10_000, costs.ShortfallBps!.Value, 9);
        Assert.Equal(1500, costs.CommissionBps!.Value, 9);
        Assert.Equal(14.0 / 2 / 100 / 10_000, costs.AdjustmentPerPeriod(2, 100), 15);
        Assert.Null(ExecutionCosts.Of([]).CommissionBps);
        Assert.Equal(0, ExecutionCosts.Of([]).AdjustmentPerPeriod(0, 100));
    }
}
