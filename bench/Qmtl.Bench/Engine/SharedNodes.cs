using Qmtl.Bench.Measuring;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Bench.Engine;

/// <summary>Many strategies that look at the market in the same way and decide differently: eight of the ten nodes of each are those of all others.</summary>
internal static class SharedNodes
{
    public static Contest Prepare(Scale scale)
    {
        var (strategies, bars) = scale switch { Scale.Full => (100, 20_000), Scale.Quick => (100, 2_000), _ => (5, 500) };
        var data = MarketData.Of(SyntheticBars.Generate(new SyntheticOptions { Count = bars, Seed = 31, Decimals = 8 }));
        StrategyGraph[] graphs = [.. Enumerable.Range(0, strategies).Select(i => new Decider(10 + i).Compile(data.Universe))];
        ComputePlan[] apart = [.. graphs.Select(ComputePlan.For)];
        var together = ComputePlan.For(graphs);
        return new Contest(
            strategies,
            () => Array.ConvertAll(PlanLoop.Run(apart, data.Aligned), loop => loop.Last(apart[0].Graph.Targets[0].Index)),
            () => Targets(together, PlanLoop.Run([together], data.Aligned)[0]),
            Tolerance: 0);
    }

    private static double[] Targets(ComputePlan plan, PlanLoop loop)
    {
        var targets = new double[plan.Graphs.Count];
        for (var i = 0; i < targets.Length; i++) targets[i] = loop.Last(plan.Graphs[i].Targets[0].Index, i);
        return targets;
    }

    private sealed class Decider(int period) : Strategy
    {
        protected override void Build(StrategyBuilder s)
        {
            var price = s.Price();
            var close = price.Close;
            // Shared: true range and its smoothing, average, two extremes, index, score and their product.
            s.Output("atr", price.Atr(14));
            s.Output("ema", close.Ema(50));
            s.Output("high", price.High.Max(20));
            s.Output("low", price.Low.Min(20));
            var score = close.Rsi(14) * close.ZScore(20);
            // Its own: how the score stands to an average of itself.
            s.Target((score > score.Sma(period)).AsSeries());
        }
    }
}
