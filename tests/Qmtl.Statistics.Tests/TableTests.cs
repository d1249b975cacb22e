using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Statistics.Tests;

public sealed class TableTests
{
    [Fact]
    public void Drawdowns_KnownSeries_HavePeakTroughAndRecovery()
    {
        // Equity 1.1, 0.99, 0.891, 1.1137.., 1.0024.., 1.2028..
        double[] returns = [0.1, -0.1, -0.1, 0.25, -0.1, 0.2];

        var all = DrawdownTable.All(returns);

        Assert.Equal(2, all.Count);
        Assert.Equal((0, 2, 3), (all[0].PeakIndex, all[0].TroughIndex, all[0].RecoveryIndex!.Value));
        Assert.Equal(0.19, all[0].Depth, 12);
        Assert.Equal((3, 4, 5), (all[1].PeakIndex, all[1].TroughIndex, all[1].RecoveryIndex!.Value));
        Assert.Equal(0.145, DrawdownTable.AverageDepth(returns)!.Value, 12);
        Assert.Equal(all[0], Assert.Single(DrawdownTable.Deepest(returns, 1)));
    }

    [Fact]
    public void Drawdowns_NeverRecovered_AreOpenAndMayBeginAtTheStart()
    {
        var drawdown = Assert.Single(DrawdownTable.All([-0.1, 0.05]));

        Assert.Equal((-1, 0), (drawdown.PeakIndex, drawdown.TroughIndex));
        Assert.Null(drawdown.RecoveryIndex);
        Assert.Empty(DrawdownTable.All([0.1, 0]));
        Assert.Null(DrawdownTable.AverageDepth([0.1]));
    }

    [Fact]
    public void Drawdowns_AnySeries_AgreeWithTheLargestAndDoNotOverlap() => Prop.ForAll(ReturnStatisticsTests.Series, series =>
    {
        var all = DrawdownTable.All(series);
        Assert.Equal(ReturnStatistics.MaxDrawdown(series) ?? 0, all.Count == 0 ? 0 : all.Max(drawdown => drawdown.Depth), 1e-12);
        Assert.All(all.Zip(all.Skip(1)), pair => Assert.True(pair.First.RecoveryIndex <= pair.Second.PeakIndex));
        Assert.All(all, drawdown => Assert.True(drawdown.PeakIndex < drawdown.TroughIndex && !(drawdown.RecoveryIndex <= drawdown.TroughIndex)));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Monthly_BarsOverNewYear_FallIntoTheirMonths()
    {
        long[] times = [.. new[] { "2024-12-30", "2024-12-31", "2025-01-01", "2025-03-01" }.Select(day => DateTimeOffset.Parse(day + "T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeSeconds())];

        var months = PeriodReturns.Monthly(times, [0.1, 0.1, double.NaN, -0.5]);

        Assert.Equal([(2024, 12, 2), (2025, 3, 1)], months.Select(month => (month.Year, month.Month, month.Bars)));
        Assert.Equal(0.21, months[0].Return, 12);
        Assert.Equal([(2024, 0), (2025, 0)], PeriodReturns.Yearly(times, [0.1, 0.1, 0, -0.5]).Select(year => (year.Year, year.Month)));
        Assert.Throws<ArgumentException>(() => PeriodReturns.Monthly(times, [0.1]));
    }

    [Fact]
    public void Monthly_AnySeries_CompoundsToTheTotal() => Prop.ForAll(ReturnStatisticsTests.Series, series =>
    {
        long[] times = [.. series.Select((_, i) => i * 500_000L)];
        var total = series.Aggregate(1.0, (level, r) => level * (1 + r)) - 1;
        Assert.Equal(total, PeriodReturns.Monthly(times, series).Aggregate(1.0, (level, month) => level * (1 + month.Return)) - 1, 1e-9 * (1 + Math.Abs(total)));
        Assert.Equal(total, PeriodReturns.Yearly(times, series).Aggregate(1.0, (level, year) => level * (1 + year.Return)) - 1, 1e-9 * (1 + Math.Abs(total)));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Benchmark_LinearCopy_HasItsBetaAndAlpha()
    {
        double[] benchmark = [0.01, -0.02, 0.03, 0.005, -0.01];
        double[] returns = [.. benchmark.Select(b => 0.001 + (1.5 * b))];

        var report = BenchmarkStatistics.Of(returns, benchmark, 252);

        Assert.Equal(1.5, report.Beta!.Value, 12);
        Assert.Equal(0.001 * 252, report.Alpha!.Value, 12);
        Assert.Equal(1, report.Correlation!.Value, 12);
        Assert.Equal(1, report.RSquared!.Value, 12);
        double[] difference = [.. returns.Zip(benchmark, (r, b) => r - b)];
        Assert.Equal(ReturnStatistics.Sharpe(difference, 252), report.InformationRatio);
        Assert.Equal(ReturnStatistics.Volatility(difference, 252), report.TrackingError);
        Assert.Equal(returns.Average() * 252 / 1.5, report.Treynor!.Value, 12);
        Assert.Equal((0.003 + (1.5 * 0.045)) / 0.045, report.UpCapture!.Value, 12);
        Assert.Equal((0.002 - (1.5 * 0.03)) / -0.03, report.DownCapture!.Value, 12);
    }

    [Fact]
    public void Benchmark_ConstantOrMissing_IsUndefinedNotNaN()
    {
        var report = BenchmarkStatistics.Of([0.01, double.NaN, 0.02], [0.01, 0.5, 0.01], 252);

        Assert.Null(report.Beta);
        Assert.Null(report.Correlation);
        Assert.Null(report.Alpha);
        Assert.NotNull(report.TrackingError);
        Assert.Throws<ArgumentException>(() => BenchmarkStatistics.Of([0.01], [], 252));
    }
}
