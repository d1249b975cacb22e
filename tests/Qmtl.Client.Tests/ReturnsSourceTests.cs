using Qmtl.Identity;
using Qmtl.Statistics;
using Qmtl.Strategies;
using Qmtl.V1;

namespace Qmtl.Client.Tests;

public sealed class ReturnsSourceTests
{
    private static readonly double[] Close = SubmitScene.Bars.Aligned[0].FindColumn("close")!.Value.ToArray();

    [Fact]
    public void Find_EverythingStated_GivenReturnsWin()
    {
        var found = Find(new Stated { Listed = [0.5], Built = s => s.Output("returns", s.Price().Close) }, new SubmitOptions { Returns = [0.01, 0.02], AutoReturns = new AutoReturnsConfig() })!;

        Assert.Equal("explicit", found.Source);
        Assert.Equal([0.01, 0.02], found.Values);
        Assert.Equal(SubmitScene.Bars.Times[^1] / 1_000_000_000, found.Times[^1]);
        Assert.Equal(found.Times[^1] - SubmitScene.Bars.IntervalSeconds, found.Times[0]);
    }

    [Fact]
    public void Find_PropertiesAndOutputs_FollowTheOrderReturnsEquityPnl()
    {
        var all = new Stated { Listed = [0.1], ListedEquity = [100, 110], ListedPnl = [5], Built = s => s.Output("equity", s.Price().Close) };

        Assert.Equal("strategy.returns", Find(all)!.Source);
        all.Listed = null;
        Assert.Equal(("strategy.equity", 1), (Find(all)!.Source, Find(all)!.Values.Length));
        all.ListedEquity = null;
        Assert.Equal(("strategy.equity", Close.Length - 1), (Find(all)!.Source, Find(all)!.Values.Length));
        all.Built = s => s.Output("y", s.Price().Close);
        Assert.Equal("strategy.pnl", Find(all)!.Source);
        all.ListedPnl = null;
        Assert.Null(Find(all));
    }

    [Fact]
    public void Find_ReturnsOutput_IsComputedOnTheBarsThatHaveIt()
    {
        var found = Find(new Stated { Built = s => s.Output("returns", (s.Price().Close / s.Price().Close[-1]) - 1.0) })!;

        Assert.Equal("strategy.returns", found.Source);
        Assert.Equal(Close.Zip(Close.Skip(1), (before, now) => (now / before) - 1), found.Values);
        Assert.Equal(SubmitScene.Bars.Times[1] / 1_000_000_000, found.Times[0]);
    }

    [Fact]
    public void Find_EquityAndProfits_BecomeReturns()
    {
        Assert.Equal([0.1, -0.5], Find(new Stated { ListedEquity = [100, 110, 55] })!.Values.Select(r => Math.Round(r, 12)));
        Assert.Equal([0.01, -0.02], Find(new Stated { ListedPnl = [100, -202] }, new SubmitOptions { Replay = new() { Cash = 10_000m } })!.Values);
    }

    [Fact]
    public void Find_AutoReturns_TakeAnOutputThenAColumn()
    {
        var simple = new SubmitOptions { AutoReturns = new AutoReturnsConfig() };
        var instrument = SubmitScene.Bars.Instruments[0];

        Assert.Equal($"auto:{instrument}.close", Find(new Stated(), simple)!.Source);
        Assert.Equal(Close.Zip(Close.Skip(1), (before, now) => (now / before) - 1), Find(new Stated(), simple)!.Values);
        Assert.Equal("auto:prices.value", Find(new Stated { Built = s => s.Output("prices", s.Price().Open) }, simple)!.Source);
        var logs = Find(new Stated(), new SubmitOptions { AutoReturns = new AutoReturnsConfig { Node = instrument, Field = "open", Method = ReturnMethod.LogReturn } })!;
        var open = SubmitScene.Bars.Aligned[0].FindColumn("open")!.Value.Span;
        Assert.Equal($"auto:{instrument}.open", logs.Source);
        Assert.Equal(Math.Log(open[1] / open[0]), logs.Values[0], 12);
        Assert.Equal(Math.Log(open[^1] / open[0]), logs.Values.Sum(), 9);
    }

    [Theory]
    [InlineData("nowhere", "close", 2, "/auto_returns/node", "nowhere")]
    [InlineData(null, "vwap", 2, "/auto_returns/field", "close")]
    [InlineData(null, "close", 501, "/auto_returns/min_length", "500 prices")]
    [InlineData(null, "close", 1, "/auto_returns/min_length", "2 or more")]
    public void Find_MistakenAutoReturns_AreRefusedByField(string? node, string field, int minLength, string pointer, string says)
    {
        var refusal = Assert.Throws<RefusalException>(() => Find(new Stated(), new SubmitOptions { AutoReturns = new AutoReturnsConfig { Node = node, Field = field, MinLength = minLength } }));

        Assert.Equal(pointer, Assert.Single(refusal.Errors).Pointer);
        Assert.Contains(says, refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_StrategyStatesNaN_NamesTheOne() =>
        Assert.Equal("/strategy/equity/1", Assert.Throws<RefusalException>(() => Find(new Stated { ListedEquity = [1, double.NaN] })).Errors.Single().Pointer);

    [Fact]
    public async Task Submit_StrategyWithoutTargets_IsMeasuredByWhatItStates()
    {
        await using var gateway = await SubmitScene.StartAsync();

        var result = await Runner.SubmitAsync(new Stated(), SubmitScene.World, SubmitScene.OptionsFor(gateway) with { AutoReturns = new AutoReturnsConfig() }).Within();

        Assert.Null(result.Replay);
        Assert.Equal($"auto:{SubmitScene.Bars.Instruments[0]}.close", result.Precheck.ReturnsSource);
        Assert.Equal((Close[^1] / Close[0]) - 1, result.Precheck.Metrics["total_return"], 9);
        Assert.True(gateway.Body<EvaluateRequest>("POST /worlds/w/evaluate").Data.PeriodsPerYear > 0);
    }

    [Fact]
    public async Task Submit_CostsOfStatedReturns_AreSubtractedAndReported()
    {
        await using var gateway = await SubmitScene.StartAsync();
        var options = SubmitScene.OptionsFor(gateway) with
        {
            Returns = [0.02, 0.01],
            Costs = new MeasurementCosts { PerPeriod = 0.001, Fills = [new FillCost(10, 100, 101, 40)] },
        };

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, options).Within();

        // 40 over one fill, two bars and ten thousand.
        var cost = 0.001 + (40.0 / 1 / 2 / 10_000);
        Assert.Equal([0.02 - cost, 0.01 - cost], gateway.Body<EvaluateRequest>("POST /worlds/w/evaluate").Series[SubmitScene.Strategy].Returns);
        Assert.Equal(40, result.Precheck.Metrics["execution_total_cost"]);
        Assert.Equal(1000, result.Precheck.Metrics["execution_shortfall_bps"] / 10, 9);
        Assert.DoesNotContain("execution_total_cost", gateway.Body<EvaluateRequest>("POST /worlds/w/evaluate").Metrics[SubmitScene.Strategy].Fields.Keys);
    }

    private static StatedReturns? Find(Strategy strategy, SubmitOptions? options = null) =>
        new ReturnsSource(strategy, strategy.Compile(SubmitScene.Bars.Universe), SubmitScene.Bars, options ?? new SubmitOptions()).Find()?.Invoke();

    private sealed class Stated : Strategy
    {
        public double[]? Listed { get; set; }

        public double[]? ListedEquity { get; set; }

        public double[]? ListedPnl { get; set; }

        public Action<StrategyBuilder> Built { get; set; } = s => s.Output("y", s.Price().Close);

        public override IReadOnlyList<double>? Returns => Listed;

        public override IReadOnlyList<double>? Equity => ListedEquity;

        public override IReadOnlyList<double>? Pnl => ListedPnl;

        protected override void Build(StrategyBuilder s) => Built(s);
    }
}
