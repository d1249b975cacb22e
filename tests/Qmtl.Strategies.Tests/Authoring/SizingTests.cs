using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class SizingTests
{
    private const double BarsPerYear = 252;
    private static readonly Universe Year = new(["X"], 60) { BarsPerYear = BarsPerYear };

    [Fact]
    public void Universe_BarsPerYear_IsCountedOnlyWhenAsked()
    {
        var counted = 0;
        var universe = new Universe(["X"], 3600) { CountBarsPerYear = () => ++counted };

        Assert.Equal(0, counted);
        Assert.Equal(1, universe.BarsPerYear);
        Assert.Equal(1, universe.BarsPerYear);
        Assert.Equal(8760, new Universe(["X"], 3600).BarsPerYear);
    }

    [Fact]
    public void VolatilityTarget_IsAnnualOverRealisedAndCapped()
    {
        var bars = TestBars.Walk(300);
        var close = bars.Close.ToArray();
        var wide = Values(s => s.Size.VolatilityTarget(s.Price().Close, 0.1, 20, maxWeight: 100), bars);
        var capped = Values(s => s.Size.VolatilityTarget(s.Price().Close, 0.1, 20, maxWeight: 0.5), bars);

        for (var i = 20; i < close.Length; i++)
        {
            double[] returns = [.. Enumerable.Range(i - 19, 20).Select(j => (close[j] / close[j - 1]) - 1)];
            var mean = returns.Average();
            var volatility = Math.Sqrt(returns.Sum(r => (r - mean) * (r - mean)) / 19 * BarsPerYear);
            Assert.Equal(0.1 / volatility, wide[i], 1e-9 * wide[i]);
            Assert.Equal(Math.Min(0.5, wide[i]), capped[i]);
        }

        Assert.True(double.IsNaN(wide[19]));
    }

    [Fact]
    public void Kelly_IsFractionOfMeanOverVarianceWithinTheCap()
    {
        // Returns of 2 % and -1 % in turn: mean 0.005, sample variance of four 0.0003.
        var returns = new TestColumns([0.02, -0.01, 0.02, -0.01]);

        Assert.Equal(0.5 * 0.005 / 0.0003, Compute.Values(p => p.Close.Kelly(4, 0.5, cap: 100), returns)[3], 1e-9);
        Assert.Equal(1, Compute.Values(p => p.Close.Kelly(4), returns)[3]);
        Assert.Equal(-2, Compute.Values(p => (-p.Close).Kelly(4, 1, cap: 2), returns)[3]);
    }

    [Fact]
    public void AtrRisk_StopAwayByTheMultiple_CostsTheRisk()
    {
        var bars = TestBars.Walk(200);
        var weights = Compute.Values(p => p.AtrRisk(0.01, 2, 14, maxWeight: 100), bars);
        var atr = Compute.Values(p => p.Atr(14), bars);

        for (var i = 20; i < bars.Count; i++)
        {
            var units = weights[i] / bars.Close[i];
            Assert.Equal(0.01, units * 2 * atr[i], 1e-12);
        }
    }

    [Fact]
    public void ToGrossClampGrossDollarNeutral_OneBar_AreWhatTheySay()
    {
        var three = new Universe(["A", "B", "C"], 60);

        Assert.Equal([0.5, 0.25, -0.25], Weights(three, panel => panel.ToGross(1), 2, 1, -1));
        Assert.Equal([1, 0.5, -0.5], Weights(three, panel => panel.ClampGross(2), 2, 1, -1));
        Assert.Equal([0.5, 0.25, -0.25], Weights(three, panel => panel.ClampGross(2), 0.5, 0.25, -0.25));
        Assert.Equal([0.5, 0, -0.5], Weights(three, panel => panel.DollarNeutral(), 3, 2, 1));
        Assert.All(Weights(three, panel => panel.ToGross(1), 0, 0, 0), weight => Assert.True(double.IsNaN(weight)));
    }

    [Fact]
    public void InverseVolatility_SharesSumToOne()
    {
        var universe = new Universe(["A", "B"], 60) { BarsPerYear = BarsPerYear };
        var builder = new StrategyBuilder("test", universe);
        builder.Target(builder.Size.InverseVolatility(builder.Panel(p => p.Close), 10));
        var plan = ComputePlan.For(builder.ToGraph());
        var run = plan.Start(1);
        for (var i = 0; i < 50; i++)
        {
            for (var source = 0; source < 2; source++) run.Source(source)[0] = 100 + ((source + 1) * (i % 2));
            run.Process(1);
        }

        var weights = plan.Graph.Targets.Select(target => run.Values(target.Index)[0]).ToArray();
        Assert.Equal(1, weights.Sum(), 1e-12);
        Assert.Equal(2, weights[0] / weights[1], 0.05);
    }

    [Theory]
    [InlineData("annual", "volatility_target(close(X@1m)): annual must be a number 1E-06..100, was 0.")]
    [InlineData("fraction", "kelly(close(X@1m)): fraction must be a number 0..1, was 2.")]
    [InlineData("risk", "atr_risk(close(X@1m)): risk must be a number 1E-06..1, was NaN.")]
    [InlineData("gross", "to_gross(close(X@1m)): gross must be above 0 and at most 1000, was 0.")]
    public void Argument_OutOfRange_NamesNodeAndArgument(string mistake, string message)
    {
        var s = Compute.Builder;
        var price = s.Price();

        Assert.Equal(message, Assert.Throws<RefusalException>(() => mistake switch
        {
            "annual" => s.Size.VolatilityTarget(price.Close, 0),
            "fraction" => price.Close.Kelly(10, 2),
            "risk" => price.AtrRisk(double.NaN),
            _ => Panel.Of(price.Close).ToGross(0)["X"],
        }).Message);
    }

    private static double[] Values(Func<StrategyBuilder, Series> expression, IColumnSource bars) => Compute.Values(_ => expression(new StrategyBuilder("test", Year)), bars);

    private static double[] Weights(Universe universe, Func<Panel, Panel> function, params double[] values)
    {
        var builder = new StrategyBuilder("test", universe);
        builder.Target(function(builder.Panel(p => p.Close)));
        var plan = ComputePlan.For(builder.ToGraph());
        var run = plan.Start(1);
        foreach (var (source, i) in plan.Sources.Select((source, i) => (source, i))) run.Source(i)[0] = values[source.Instrument[0] - 'A'];
        run.Process(1);
        return [.. plan.Graph.Targets.OrderBy(target => target.Instrument, StringComparer.Ordinal).Select(target => run.Values(target.Index)[0])];
    }
}
