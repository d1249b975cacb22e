using Qmtl.WorldService.Evaluation.Augmentation;

namespace Qmtl.WorldService.Tests.Evaluation;

public sealed class LiveFiguresTests
{
    [Fact]
    public void Of_HandWorkedReturns_GivesTheirFigures()
    {
        // Gains of 2 % and losses of 1 % in turn, 24 of them, 365 a year: mean 0.005, sample variance 0.015^2 * 24/23.
        double[] returns = [.. Enumerable.Range(0, 24).Select(i => i % 2 == 0 ? 0.02 : -0.01)];
        var figures = LiveFigures.Of(new LiveReturns(returns, 365, "risk_hub:v1"), 30, 2);
        var sharpe = 0.005 / (0.015 * Math.Sqrt(24.0 / 23)) * Math.Sqrt(365);
        Assert.Equal(sharpe, figures.Sharpe!.Value, 12);
        Assert.Equal(sharpe / 2, figures.SharpeRatio!.Value, 12);
        Assert.Equal(0.01, figures.MaxDrawdown!.Value, 12);
        Assert.Equal((24, "risk_hub:v1"), (figures.Points, figures.Source));
    }

    [Fact]
    public void Of_LossesBeforeTheWindow_DoNotCount()
    {
        double[] returns = [-0.5, .. Enumerable.Repeat(0.01, 10), -0.02, .. Enumerable.Repeat(0.01, 9)];
        Assert.Equal(0.02, LiveFigures.Of(new LiveReturns(returns, 365, "s"), 20, null).MaxDrawdown!.Value, 12);
        Assert.Equal(0.5, LiveFigures.Of(new LiveReturns(returns, 365, "s"), 21, null).MaxDrawdown!.Value, 12);
    }

    [Theory]
    [InlineData(365.0, 30, 30)]
    [InlineData(252.0, 30, 21)]
    [InlineData(8_760.0, 1, 24)]
    [InlineData(12.0, 1, 1)]
    public void Of_TheWindow_HoldsTheDaysOfTheCalendar(double periodsPerYear, int days, int points) =>
        Assert.Equal(points, LiveFigures.Of(new LiveReturns([.. Enumerable.Repeat(0.001, 5_000)], periodsPerYear, "s"), days, null).Points);

    [Fact]
    public void Of_TooFewReturns_KnowsTheDrawdownOnly()
    {
        var figures = LiveFigures.Of(new LiveReturns([.. Enumerable.Range(0, 19).Select(i => i % 2 == 0 ? 0.02 : -0.01)], 365, "s"), null, 1);
        Assert.Null(figures.Sharpe);
        Assert.Null(figures.SharpeRatio);
        Assert.Equal(["live_max_drawdown", "realized_max_drawdown"], figures.ToMetrics().Keys);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    public void Of_ABacktestThatEarnedNothing_GivesNoRatio(double? backtest)
    {
        var figures = LiveFigures.Of(new LiveReturns([.. Enumerable.Range(0, 24).Select(i => i % 2 == 0 ? -0.02 : 0.01)], 365, "s"), 30, backtest);
        Assert.True(figures.Sharpe < 0);
        Assert.Null(figures.SharpeRatio);
    }

    [Fact]
    public void Of_Nothing_KnowsNothing()
    {
        Assert.Equal(LiveFigures.None, LiveFigures.Of(null, 30, 1));
        Assert.Empty(LiveFigures.Of(new LiveReturns([], 252, "s"), 30, 1).ToMetrics());
    }
}
