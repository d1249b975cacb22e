using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.Distributions;

namespace Qmtl.Statistics.Tests;

public sealed class TailAndOutcomeTests
{
    private static readonly double[] Returns = GoldenTests.Returns;

    [Fact]
    public void Omega_KnownSeries_IsGainsOverLossesAgainstTheThreshold()
    {
        Assert.Equal(0.044 / 0.019, TailStatistics.Omega(Returns)!.Value, 12);
        // Against 0.005: gains .005 .002 .010 .001, losses .010 .003 .016 .005 .001 .008.
        Assert.Equal(0.018 / 0.043, TailStatistics.Omega(Returns, 0.005)!.Value, 12);
        Assert.Null(TailStatistics.Omega([0.01, 0]));
    }

    [Fact]
    public void TailRatio_KnownSeries_ComparesTheOuterQuantiles()
    {
        // Sorted: −.011 −.005 −.003 0 .002 .004 .006 .007 .010 .015; quantiles at 0.45 and 8.55.
        Assert.Equal((0.010 + (0.55 * 0.005)) / (0.011 - (0.45 * 0.006)), TailStatistics.TailRatio(Returns)!.Value, 12);
        Assert.Null(TailStatistics.TailRatio([]));
    }

    [Fact]
    public void CornishFisher_SymmetricMesokurtic_IsTheNormalFigure()
    {
        // Mean 0, variance 1, no skewness and the kurtosis of a normal distribution: nothing is to be corrected.
        double[] symmetric = [.. Enumerable.Repeat(0.0, 4), .. Enumerable.Repeat(Math.Sqrt(3), 1), .. Enumerable.Repeat(-Math.Sqrt(3), 1)];
        Assert.Equal(3, Moments.Kurtosis(symmetric)!.Value, 12);

        Assert.Equal(-Normal.InvCDF(0, 1, 0.01), TailStatistics.CornishFisherValueAtRisk(symmetric)!.Value, 9);
        Assert.Equal(Normal.PDF(0, 1, Normal.InvCDF(0, 1, 0.01)) / 0.01, TailStatistics.CornishFisherShortfall(symmetric)!.Value, 9);
    }

    [Fact]
    public void CornishFisherShortfall_AnySeries_IsTheMeanOfTheQuantilesBelow() => Prop.ForAll(ReturnStatisticsTests.Series, series =>
    {
        if (Moments.Skewness(series) is not { } skew || Moments.Kurtosis(series) is not { } kurtosis) return;
        var (mean, deviation, excess) = (Moments.Mean(series)!.Value, Moments.PopulationDeviation(series)!.Value, kurtosis - 3);
        double Quantile(double u)
        {
            var z = Normal.InvCDF(0, 1, u);
            return mean + (deviation * (z + (((z * z) - 1) * skew / 6) + (((z * z * z) - (3 * z)) * excess / 24) - (((2 * z * z * z) - (5 * z)) * skew * skew / 36)));
        }

        const int Steps = 20_000;
        var integral = Enumerable.Range(0, Steps).Sum(i => Quantile(0.05 * (i + 0.5) / Steps)) / Steps;
        Assert.Equal(Math.Max(-integral, 0), TailStatistics.CornishFisherShortfall(series, 0.05)!.Value, 1e-4);
        Assert.Equal(Math.Max(-Quantile(0.05), 0), TailStatistics.CornishFisherValueAtRisk(series, 0.05)!.Value, 1e-12);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void CornishFisher_ImpossibleProbability_IsRefused(double p) => Assert.Throws<ArgumentOutOfRangeException>(() => TailStatistics.CornishFisherValueAtRisk(Returns, p));

    [Fact]
    public void Outcomes_KnownTrades_HaveTheFiguresByHand()
    {
        double[] profits = [100, -50, 200, -50, -100, 50];
        Assert.Equal((350.0 / 3) / (200.0 / 3), OutcomeStatistics.PayoffRatio(profits)!.Value, 12);
        Assert.Equal(25 / (200.0 / 3), OutcomeStatistics.ExpectancyRatio(profits)!.Value, 12);
        Assert.Equal(0.5 - (0.5 / 1.75), OutcomeStatistics.KellyOfBets(profits)!.Value, 12);
        var deviation = Math.Sqrt(profits.Sum(profit => Math.Pow(profit - 25, 2)) / 5);
        Assert.Equal(Math.Sqrt(6) * 25 / deviation, OutcomeStatistics.SystemQuality(profits)!.Value, 12);
        Assert.Equal(25 / (deviation * deviation), OutcomeStatistics.KellyLeverage(profits)!.Value, 12);
        Assert.Equal(2, OutcomeStatistics.MaxConsecutiveLosses(profits));
        Assert.Equal(1, OutcomeStatistics.MaxConsecutiveWins(profits));
        Assert.Equal(1, OutcomeStatistics.MaxConsecutiveLosses([-1, 0, -1]));
        Assert.Null(OutcomeStatistics.PayoffRatio([1, 2]));
        Assert.Null(OutcomeStatistics.SystemQuality([1]));
    }

    [Fact]
    public void RollingSharpe_AnySeries_EqualsTheSharpeOfEachWindow() => Prop.ForAll(ReturnStatisticsTests.Series, ArbMap.Default.ArbFor<byte>(), (series, size) =>
    {
        var window = 2 + (size % 9);
        var rolling = RollingStatistics.Sharpe(series, window, 252, 0.001);
        var volatility = RollingStatistics.Volatility(series, window, 252);
        for (var i = 0; i < series.Length; i++)
        {
            if (i < window - 1)
            {
                Assert.True(double.IsNaN(rolling[i]) && double.IsNaN(volatility[i]));
                continue;
            }

            var part = series.AsSpan(i - window + 1, window);
            Assert.Equal(ReturnStatistics.Volatility(part, 252)!.Value, volatility[i], 1e-12);
            if (ReturnStatistics.Sharpe(part, 252, 0.001) is { } expected) Assert.Equal(expected, rolling[i], 1e-9 * Math.Max(1, Math.Abs(expected)));
            else Assert.True(double.IsNaN(rolling[i]));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void RollingSharpe_AfterAMillionLargeReturns_HasNotDrifted()
    {
        double[] returns = [.. Enumerable.Range(0, 1_000_000).Select(i => i < 500_000 ? Math.Sin(i) * 1e6 : Math.Sin(i) * 1e-3)];

        var rolling = RollingStatistics.Sharpe(returns, 100, 252);

        Assert.Equal(ReturnStatistics.Sharpe(returns.AsSpan()[^100..], 252)!.Value, rolling[^1], 1e-10);
    }

    [Fact]
    public void MinimumTrackRecord_ThatManyBars_ReachTheConfidence()
    {
        var bars = SharpeInference.MinimumTrackRecord(Returns)!.Value;
        var z = ReturnStatistics.SharpePerPeriodPopulation(Returns)!.Value / (SharpeInference.StandardError(Returns)!.Value * Math.Sqrt((Returns.Length - 1) / (bars - 1)));

        Assert.Equal(0.95, Normal.CDF(0, 1, z), 1e-9);
        Assert.Null(SharpeInference.MinimumTrackRecord([-0.01, 0.005, -0.02]));
    }
}
