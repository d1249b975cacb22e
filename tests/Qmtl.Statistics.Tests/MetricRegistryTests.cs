using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Statistics.Tests;

public sealed class MetricRegistryTests
{
    private const long Day = 86_400;

    [Theory]
    [InlineData("sharpe", true)]
    [InlineData("sharpe_mid", true)]
    [InlineData("max_dd_120d", true)]
    [InlineData("winrate_long", true)]
    [InlineData("ulcer_mid", true)]
    [InlineData("sample_days", true)]
    [InlineData("max_drawdown", true)]
    [InlineData("deflated_sharpe_ratio", true)]
    [InlineData("sharpe_first_half_short", true)]
    [InlineData("adv_utilization_p95", true)]
    [InlineData("sharpe_0d", false)]
    [InlineData("sharpe_030d", false)]
    [InlineData("sharpe_-5d", false)]
    [InlineData("sharpe_d", false)]
    [InlineData("sharpe_99999d", false)]
    [InlineData("sharpe_mid_mid", false)]
    [InlineData("Sharpe", false)]
    [InlineData("_mid", false)]
    [InlineData("", false)]
    public void Knows_Name_IsStatWithOptionalWindow(string name, bool expected) => Assert.Equal(expected, MetricRegistry.Knows(name));

    [Theory]
    [InlineData("sharp", "sharpe")]
    [InlineData("sharpe_", "sharpe")]
    [InlineData("shrape_mid", "sharpe_mid")]
    [InlineData("max_ddd_120d", "max_dd_120d")]
    [InlineData("winrat_long", "winrate_long")]
    [InlineData("Sharpe", "sharpe")]
    [InlineData("something_else_entirely", null)]
    [InlineData("", null)]
    public void Suggest_UnknownName_GivesTheNearestOneWithItsWindow(string name, string? expected) => Assert.Equal(expected, MetricRegistry.Suggest(name));

    [Fact]
    public void Suggest_AnyText_GivesAKnownNameOrNothing() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<NonNull<string>>().ToArbitrary(),
        text => MetricRegistry.Suggest(text.Get) is not { } near || MetricRegistry.Knows(near)).QuickCheckThrowOnFailure();

    [Fact]
    public void Compute_UnknownName_SaysWhichOneMayBeMeant()
    {
        var thrown = Assert.Throws<ArgumentException>(() => MetricRegistry.Compute(["sharpee"], Input(10)));
        Assert.Contains("did you mean \"sharpe\"?", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_Window_HoldsWhatLiesInItsDays()
    {
        var input = Input(200);
        var values = MetricRegistry.Compute(["sharpe", "sharpe_short", "sharpe_30d", "sample_days", "sample_days_short", "sample_days_long", "trades", "trades_30d"], input);

        Assert.Equal(ReturnStatistics.Sharpe(input.Returns.Span, 365)!.Value, values["sharpe"]!.Value, 12);
        Assert.Equal(ReturnStatistics.Sharpe(input.Returns.Span[^30..], 365)!.Value, values["sharpe_short"]!.Value, 12);
        Assert.Equal(values["sharpe_short"], values["sharpe_30d"]);
        Assert.Equal((200.0, 30.0, 200.0), (values["sample_days"]!.Value, values["sample_days_short"]!.Value, values["sample_days_long"]!.Value));
        Assert.Equal((20.0, 3.0), (values["trades"]!.Value, values["trades_30d"]!.Value));
    }

    [Fact]
    public void Compute_TradesKnown_AreWhatWinRateAndProfitFactorAreOver()
    {
        var input = Input(100) with { Trades = [new(10 * Day, 3), new(20 * Day, -1), new(99 * Day, -1)] };
        var values = MetricRegistry.Compute(["winrate", "win_rate", "profit_factor", "winrate_30d", "profit_factor_30d"], input);

        Assert.Equal(1.0 / 3, values["winrate"]!.Value, 12);
        Assert.Equal(values["winrate"], values["win_rate"]);
        Assert.Equal(1.5, values["profit_factor"]!.Value, 12);
        Assert.Equal((0.0, 0.0), (values["winrate_30d"]!.Value, values["profit_factor_30d"]!.Value));
        Assert.Equal(ReturnStatistics.WinRatio(input.Returns.Span), MetricRegistry.Compute(["winrate"], input with { Trades = null })["winrate"]);
    }

    [Fact]
    public void Compute_TradesOrPositionsUnknown_LeavesTheirMetricsUndefined()
    {
        var values = MetricRegistry.Compute(["trades", "turnover", "exposure", "adv_utilization_p95"], Input(10) with { Trades = null });
        Assert.All(values, value => Assert.Null(value.Value));
    }

    [Fact]
    public void Compute_Positions_GiveExposureAndTurnover()
    {
        var input = Input(4) with { Weights = new double[] { 0, 1, 1, 0 }, BarsPerYear = 4 };
        var values = MetricRegistry.Compute(["exposure", "turnover"], input);
        Assert.Equal((0.5, 2.0), (values["exposure"]!.Value, values["turnover"]!.Value));
    }

    [Fact]
    public void Compute_EveryMetricOfAnySeries_IsFiniteOrNull() => Prop.ForAll(ReturnStatisticsTests.Series, series =>
    {
        var input = new MetricInput { Returns = series, Timestamps = Enumerable.Range(1, series.Length).Select(i => i * Day).ToArray() };
        var names = MetricRegistry.All.SelectMany(metric => new[] { metric.Name, metric.Name + "_5d", metric.Name + "_long" });
        Assert.All(MetricRegistry.Compute(names, input), value => Assert.True(value.Value is null || double.IsFinite(value.Value.Value), value.Key));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Compute_SeriesThatDoNotFit_AreRefused() =>
        Assert.Throws<ArgumentException>(() => MetricRegistry.Compute(["sharpe"], new MetricInput { Returns = new double[2], Timestamps = new long[3] }));

    [Fact]
    public void Compute_DeflatedSharpe_UsesTheTrialsOfTheInput()
    {
        var input = Input(50);
        var dsr = MetricRegistry.Compute(["dsr", "psr"], input with { Trials = 20 });
        Assert.Equal(SharpeInference.Deflated(input.Returns.Span, 20), dsr["dsr"]);
        Assert.True(dsr["dsr"] < dsr["psr"]);
    }

    // Daily returns through weekends, a trade every ten days.
    private static MetricInput Input(int days) => new()
    {
        Timestamps = Enumerable.Range(1, days).Select(i => i * Day).ToArray(),
        Returns = Enumerable.Range(1, days).Select(i => (Math.Sin(i * 1.7) + 0.1) / 100).ToArray(),
        Trades = [.. Enumerable.Range(1, days / 10).Select(i => new ClosedTrade(i * 10 * Day, i % 2 == 0 ? 5 : -2))],
    };
}
