using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation.Augmentation;
using Qmtl.WorldService.Evaluation.Extended;

namespace Qmtl.WorldService.Tests.Evaluation;

/// <summary>What series add to metrics, with numbers worked out by hand.</summary>
public sealed class AugmentationTests
{
    [Fact]
    public void Returns_OfEquity_AreItsSteps()
    {
        var returns = StrategyReturns.Of(new StrategySeries { Equity = { 100, 110, 99 } }, null);
        Assert.Equal([0.1, -0.1], returns.Values.Select(value => Math.Round(value, 12)));
        Assert.Equal("strategy.equity", returns.Source);
        Assert.Equal([0.5], StrategyReturns.Of(new StrategySeries { Returns = { 0.5 }, Equity = { 1, 1, 1 } }, null).Values);
    }

    [Fact]
    public void Series_TimeUnderWater_IsTheLongestStayInDays()
    {
        // Up, down, down, down, up to a new high, down: three bars below the peak in a row, each a day long.
        var returns = new StrategyReturns([0.1, -0.05, 0.01, 0.01, 0.1, -0.01], 365, null, null, "");
        Assert.Equal(3, SeriesMeasures.Compute(returns, [])["max_time_under_water_days"], 9);
    }

    [Fact]
    public void Series_Tails_InterpolateBetweenReturns()
    {
        // -0.05 and 99 returns of 0.01: the 1 % quantile lies at place 0.99 of (-0.05, 0.01): -0.05 + 0.99*0.06 = 0.0094, which is no loss.
        var mild = SeriesMeasures.Compute(new StrategyReturns([-0.05, .. Enumerable.Repeat(0.01, 99)], 252, null, null, ""), []);
        Assert.Equal(0, mild["var"]);
        // Twice -0.05: both ends of the interpolation are -0.05, and so is the mean at or below it.
        var hard = SeriesMeasures.Compute(new StrategyReturns([-0.05, -0.05, .. Enumerable.Repeat(0.01, 98)], 252, null, null, ""), []);
        Assert.Equal((0.05, 0.05), (Math.Round(hard["var"], 12), Math.Round(hard["es"], 12)));
    }

    [Fact]
    public void Series_Folds_NeedTwoOfThirty()
    {
        var returns = Enumerable.Range(0, 90).Select(i => i % 2 == 0 ? 0.02 : -0.01).ToArray();
        Assert.Equal(3, SeriesMeasures.Compute(new StrategyReturns(returns, 252, null, null, ""), [])["cv_folds"]);
        Assert.DoesNotContain("cv_folds", SeriesMeasures.Compute(new StrategyReturns(returns[..59], 252, null, null, ""), []).Keys);
    }

    [Fact]
    public void Regimes_TercilesOfRollingDeviation()
    {
        // 20 quiet bars, then 40 loud ones. Windows: 41, from all quiet to all loud, their deviation rising until 20 loud bars fill one.
        double[] returns = [.. Enumerable.Repeat(0.0, 20), .. Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? 0.01 : -0.01)];
        var deviations = Regimes.Deviations(returns);
        Assert.Equal(41, deviations.Length);
        Assert.Equal((0, 0.01), (deviations[0], Math.Round(deviations[^1], 12)));
        var coverage = Regimes.Coverage(returns);
        Assert.Equal(1, coverage.Values.Sum(), 12);
        Assert.Equal(14 / 41.0, coverage["low"], 12);
        Assert.Equal(1, Regimes.Coverage(Enumerable.Repeat(0.01, 30).ToArray())["low"]);
        Assert.Empty(Regimes.Coverage(new double[19]));
    }

    [Fact]
    public void Live_PlainNamesAreAnnualised_WindowsArePerPeriodAndNeedTheirBars()
    {
        // 30 bars of +1 % and -1 % in turn: mean 0, so Sharpe 0; drawdown of 1.01*0.99 falls: 1 - 0.99 * 0.9999^14.
        var returns = Enumerable.Range(0, 60).Select(i => i < 30 ? 0.02 : i % 2 == 0 ? 0.01 : -0.01).ToArray();
        var live = LiveMeasures.Compute(new LiveReturns(returns, 365, "s"), 30, 0.5);
        Assert.Equal(0, live["live_sharpe_p30"], 12);
        Assert.Equal(1 - (0.99 * Math.Pow(0.9999, 14)), live["live_max_drawdown_p30"], 12);
        // 30 of 2 % and 30 of mean 0: mean 1 %, variance 0.5*(0.01^2) + 0.5*(0.01^2 + 0.01^2) = 1.5e-4.
        Assert.Equal(0.01 / Math.Sqrt(1.5e-4), live["live_sharpe_p60"], 9);
        Assert.DoesNotContain("live_sharpe_p90", live.Keys);

        // The plain name over 60 days is that of the 60 bars with the sample's deviation, times the root of 365.
        var annual = LiveMeasures.Compute(new LiveReturns(returns, 365, "s"), 60, 0.5);
        var sharpe = 0.01 / Math.Sqrt(1.5e-4 * 60 / 59) * Math.Sqrt(365);
        Assert.Equal(sharpe, annual["live_sharpe"], 9);
        Assert.Equal(sharpe / 0.5, annual["live_vs_backtest_sharpe_ratio"], 9);
        Assert.Equal((annual["live_sharpe"], annual["live_max_drawdown"]), (annual["realized_sharpe"], annual["realized_max_drawdown"]));
        Assert.Empty(LiveMeasures.Compute(new LiveReturns([], 365, "s"), null, null));
    }

    [Fact]
    public void Baseline_RatiosNeedAPositiveBase()
    {
        var ratios = BaselineRatios.Compute(
            new Dictionary<string, double>(StringComparer.Ordinal) { ["sharpe"] = 0.8, ["max_dd"] = 0.3, ["var"] = 0.02, ["es"] = 0.03 },
            new Dictionary<string, double>(StringComparer.Ordinal) { ["sharpe"] = 1.6, ["max_dd"] = 0.2, ["var"] = 0 });
        Assert.Equal([("paper_vs_backtest_dd_ratio", 1.5), ("paper_vs_backtest_sharpe_ratio", 0.5)], ratios.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, Math.Round(pair.Value, 12))));
        Assert.Null(BaselineRatios.Ratio(-1, -2));
    }

    [Fact]
    public void Complexity_AddsLogarithms()
    {
        Assert.Null(Complexity.Score(new Dictionary<string, double>(StringComparer.Ordinal) { ["sharpe"] = 1 }));
        // 1 + ln(1 + 9) + 0.2 ln(1 + 3) + 0.1 ln(1 + 4).
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal) { ["search_intensity"] = 9, ["n_parameters"] = 3, ["diagnostics.nodes"] = 4 };
        Assert.Equal(1 + Math.Log(10) + (0.2 * Math.Log(4)) + (0.1 * Math.Log(5)), Complexity.Score(metrics)!.Value, 12);
        Assert.Equal((9, 9), (Complexity.Trials(metrics), Complexity.Reported(metrics)));
    }

    [Fact]
    public void Benchmark_OfAWorld_IsSubtracted()
    {
        var extras = Struct.Parser.ParseJson("""{"benchmark":{"returns":[0.01,-0.01,0.02,0],"periods_per_year":4}}""");
        var values = new Dictionary<string, double>(StringComparer.Ordinal) { ["sharpe"] = 2 };
        WorldBenchmark.FromExtras(extras)!.AddTo(values);
        // Mean 0.005, sample variance (0.005^2 + 0.015^2 + 0.015^2 + 0.005^2) / 3 = 1.6667e-4; annualised by sqrt(4).
        var sharpe = 0.005 / Math.Sqrt(5e-4 / 3) * 2;
        Assert.Equal((Math.Round(sharpe, 9), Math.Round(2 - sharpe, 9)), (Math.Round(values["benchmark_sharpe"], 9), Math.Round(values["vs_benchmark_sharpe"], 9)));
        Assert.Null(WorldBenchmark.FromExtras(Struct.Parser.ParseJson("""{"benchmark":{"returns":["x"]}}""")));
        Assert.Null(WorldBenchmark.FromExtras(null));
    }

    [Fact]
    public void Portfolio_Linearity_StandsBesideTheStrategysOwn()
    {
        var up = new StrategyReturns([0.01, 0.01, 0.01, 0.01], 252, null, null, "");
        var down = new StrategyReturns([-0.02, -0.02, -0.02, -0.02], 252, null, null, "");
        var series = new Dictionary<string, StrategyReturns>(StringComparer.Ordinal) { ["a"] = up, ["b"] = down };
        Assert.Equal(0, PortfolioMeasures.Compute(["a", "b"], series)["portfolio_el_v1_score"]);
        Assert.Equal(1, SeriesMeasures.Compute(up, [])["el_v1_straightness"], 9);
        Assert.Empty(PortfolioMeasures.Compute(["a", "c"], series));
    }

    [Fact]
    public void SeriesBytes_RoundTripBitForBit()
    {
        double[] returns = [0.1, -0.0, double.Epsilon, -0.999999, .. Enumerable.Range(0, 1_000).Select(i => Math.Sin(i) / 100)];
        var bytes = SeriesBytes.Write(returns);
        Assert.Equal(returns.Select(BitConverter.DoubleToInt64Bits), SeriesBytes.Read(bytes, returns.Length).Select(BitConverter.DoubleToInt64Bits));
        Assert.True(bytes.Length < returns.Length * sizeof(double));
    }
}
