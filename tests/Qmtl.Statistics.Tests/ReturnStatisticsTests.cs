using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.Statistics;

namespace Qmtl.Statistics.Tests;

public sealed class ReturnStatisticsTests
{
    /// <summary>Series of returns between −20% and +20%.</summary>
    internal static Arbitrary<double[]> Series => ArbMap.Default.GeneratorFor<int[]>().Select(steps => steps.Select(step => step % 2001 / 10_000.0).ToArray()).ToArbitrary();

    [Fact]
    public void Moments_AnySeries_AgreeWithMathNet() => Prop.ForAll(Series, series =>
    {
        if (series.Length < 3 || series.Distinct().Count() < 2) return;
        Assert.Equal(series.Mean(), Moments.Mean(series)!.Value, 1e-14);
        Assert.Equal(series.StandardDeviation(), Moments.SampleDeviation(series)!.Value, 1e-14);
        Assert.Equal(series.PopulationStandardDeviation(), Moments.PopulationDeviation(series)!.Value, 1e-14);
        Assert.Equal(series.PopulationSkewness(), Moments.Skewness(series)!.Value, 1e-9);
        Assert.Equal(series.PopulationKurtosis(), Moments.Kurtosis(series)!.Value - 3, 1e-9);
        Assert.Equal(series.QuantileCustom(0.05, QuantileDefinition.R7), Moments.Quantile(series, 0.05)!.Value, 1e-13);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Moments_NumbersFarFromZero_KeepTheirDeviation() =>
        // Differences of 1 on a base of 1e9: a formula with sums of squares would lose them.
        Assert.Equal(1, Moments.SampleDeviation([1e9 - 1, 1e9, 1e9 + 1])!.Value, 12);

    [Fact]
    public void Sharpe_KnownSeries_IsMeanOverSampleDeviationAnnualised()
    {
        double[] returns = [0.01, 0.03, -0.01, 0.01];
        Assert.Equal(0.01 / Math.Sqrt(0.0008 / 3), ReturnStatistics.SharpePerPeriod(returns)!.Value, 12);
        Assert.Equal(0.01 / Math.Sqrt(0.0008 / 3) * Math.Sqrt(252), ReturnStatistics.Sharpe(returns, 252)!.Value, 12);
        Assert.Equal(0, ReturnStatistics.Sharpe(returns, 252, riskFree: 0.01)!.Value, 12);
    }

    [Fact]
    public void Sortino_KnownSeries_DividesLossesByAllReturns() =>
        Assert.Equal(0.01 / Math.Sqrt(0.0001 / 4) * Math.Sqrt(252), ReturnStatistics.Sortino([0.01, 0.03, -0.01, 0.01], 252)!.Value, 12);

    [Fact]
    public void Report_UndefinedStatistics_AreNullNotNaN()
    {
        double[][] awkward = [[], [0.01], [0.1, 0.1, 0.1, 0.1, 0.1], [0, 0, 0], [-1, 0.5], [-2, 1], [double.NaN, double.PositiveInfinity], [1e308, 1e308], [-0.1, -0.1]];
        foreach (var series in awkward)
        {
            foreach (var options in new[] { new ReturnReportOptions(), new ReturnReportOptions(252, Trials: 7, TrialVariance: 0) })
                Assert.All(ReturnReport.Of(series, options).Statistics, statistic => Assert.True(statistic.Value is null || double.IsFinite(statistic.Value.Value), statistic.Key));
        }

        Assert.Null(ReturnStatistics.Sharpe([0.1, 0.1, 0.1, 0.1, 0.1], 252));
        Assert.Null(ReturnStatistics.Sharpe([0.1], 252));
        Assert.Null(ReturnStatistics.Sharpe([0.1, 0.2], double.NaN));
    }

    [Fact]
    public void ProfitFactor_WithoutLosses_IsNullAndFlagged()
    {
        var report = ReturnReport.Of(new[] { 0.01, 0.02 });
        Assert.Null(report["profit_factor"]);
        Assert.True(report.ProfitFactorIsInfinite);
        Assert.False(ReturnReport.Of(new[] { 0.01, -0.02 }).ProfitFactorIsInfinite);
        Assert.False(ReturnReport.Of(new[] { 0.0 }).ProfitFactorIsInfinite);
    }

    [Fact]
    public void MaxDrawdown_CompoundedAndAdditive_Differ()
    {
        double[] returns = [1.0, -0.5, 0.1];
        Assert.Equal(0.5, ReturnStatistics.MaxDrawdown(returns)!.Value, 12);
        Assert.Equal(0.5, ReturnStatistics.MaxDrawdownAdditive(returns)!.Value, 12);
        Assert.Equal(0.1, ReturnStatistics.MaxDrawdown([-0.1, 0.05])!.Value, 12);
        Assert.Equal(0.75, ReturnStatistics.MaxDrawdown([-0.5, -0.5])!.Value, 12);
        Assert.Equal(1.0, ReturnStatistics.MaxDrawdownAdditive([-0.5, -0.5])!.Value, 12);
    }

    [Fact]
    public void MaxDrawdown_AnySeries_EqualsTheWorstPairOfPoints() => Prop.ForAll(Series, series =>
    {
        if (series.Length == 0) return;
        double[] equity = [1, .. series.Select((_, i) => series.Take(i + 1).Aggregate(1.0, (e, r) => e * (1 + r)))];
        var worst = equity.SelectMany((peak, i) => equity.Skip(i).Select(later => 1 - (later / peak))).Max();
        Assert.Equal(worst, ReturnStatistics.MaxDrawdown(series)!.Value, 12);
        Assert.Equal(worst, Drawdowns.Equity(equity).MaxDrawdown, 12);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Cagr_OneYearOfBars_IsTheTotalReturn()
    {
        var returns = Enumerable.Repeat(0.001, 252).ToArray();
        Assert.Equal(Math.Pow(1.001, 252) - 1, ReturnStatistics.Cagr(returns, 252)!.Value, 12);
        Assert.Equal(-1, ReturnStatistics.Cagr([0.5, -1.0], 252));
        Assert.Null(ReturnStatistics.Cagr([0.5, -1.5], 252));
    }

    [Fact]
    public void Ulcer_KnownSeries_IsTheRootMeanSquareDrawdown() =>
        Assert.Equal(Math.Sqrt((0 + 0.01 + 0.0025) / 3), ReturnStatistics.Ulcer([0.5, -0.1, (0.95 / 0.9) - 1])!.Value, 12);

    [Fact]
    public void ExpectedShortfall_AnySeries_IsAtLeastValueAtRisk() => Prop.ForAll(Series, series =>
        series.Length == 0 || ReturnStatistics.ExpectedShortfall(series, 0.05) >= ReturnStatistics.ValueAtRisk(series, 0.05) - 1e-15).QuickCheckThrowOnFailure();

    [Fact]
    public void Equity_ReturnsBetweenPoints_GiveTheSameStatisticsAsTheCurve()
    {
        double[] equity = [100, 110, 99, 120, 118];
        var report = EquityStatistics.Of(equity, 252, [0, 86_400, 172_800, 259_200, 345_600]);
        var returns = EquityStatistics.Returns(equity);

        Assert.Equal(4, returns.Length);
        Assert.Equal(0.18, report.TotalReturn!.Value, 12);
        Assert.Equal(Math.Pow(1.18, 252 / 4.0) - 1, report.Cagr!.Value, 6);
        Assert.Equal(ReturnStatistics.Sharpe(returns, 252)!.Value, report.Sharpe!.Value, 12);
        Assert.Equal(0.1, report.MaxDrawdown!.Value, 12);
        Assert.Equal(report.Cagr.Value / 0.1, report.Calmar!.Value, 3);
        Assert.Equal(TimeSpan.FromDays(2), report.MaxDrawdownSpan);
    }

    [Fact]
    public void Equity_FlatEmptyOrRuined_HasNullsWhereUndefined()
    {
        Assert.Equal(new EquityReport(null, null, null, null, null, null, null, null, null), EquityStatistics.Of([], 252));
        var flat = EquityStatistics.Of([100, 100, 100], 252, [0, 1, 2]);
        Assert.Equal((0.0, 0.0, null, null), (flat.TotalReturn, flat.MaxDrawdown, flat.Sharpe, flat.MaxDrawdownSpan));
        var ruined = EquityStatistics.Of([100, -5, 10], 252);
        Assert.True(ruined.Sharpe is null || double.IsFinite(ruined.Sharpe.Value));
    }

    [Fact]
    public void Drawdown_LargestFall_NamesPeakTroughAndRecovery()
    {
        var drawdown = Drawdowns.Equity([10, 12, 9, 11, 13, 12, 14]);
        Assert.Equal((0.25, 1, 2, (int?)4), (drawdown.MaxDrawdown, drawdown.PeakIndex, drawdown.TroughIndex, drawdown.RecoveryIndex));
        Assert.Null(Drawdowns.Equity([10, 12, 9, 11]).RecoveryIndex);
        Assert.Equal(2, Drawdowns.Equity([10, 12, 9, 11]).LongestUnderWater);
    }
}
