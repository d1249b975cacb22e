using System.Globalization;
using Qmtl.Bench.Measuring;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Bench.Engine;

/// <summary>B: eight nodes for each of 50 symbols, one of them across all symbols, block by block and bar by bar.</summary>
/// <remarks>SMA 20, EMA 20, RSI 14, ATR 14, z-score 20, correlation 30 with the next symbol, rank of the z-score, and a weight that follows from them.</remarks>
internal static class Portfolio
{
    /// <summary>Nodes a symbol, as the workload counts them: what an expression needs beside them is part of the price.</summary>
    public const int Nodes = 8;

    public const double StrongRank = 0.5, HighCorrelation = 0.9, MiddleRsi = 50;

    private const int StreamBars = 4_000;

    /// <summary>Blocks, as a backtest computes them.</summary>
    public static Contest PrepareBlocks(Scale scale)
    {
        var data = Generate(scale);
        return Prepare(data, data.Count, PlanOf(data).PreferredBlockLength);
    }

    /// <summary>One bar at a time, as a live run computes them. An item is the evaluation of a node: eight a symbol need more than eight, the comparisons behind the weight among them.</summary>
    public static Contest PrepareStream(Scale scale)
    {
        var data = Generate(scale);
        var bars = Math.Min(data.Count, StreamBars);
        return Prepare(data, bars, blockLength: 1) with { Items = (long)bars * PlanOf(data).NodesComputed };
    }

    /// <summary>The symbols apart, without what compares them, on two cores. The baseline is the same on one.</summary>
    public static Contest PrepareShards(Scale scale)
    {
        var data = Generate(scale);
        var plan = ComputePlan.For(new SymbolsApart().Compile(data.Universe));
        var halves = plan.Shards(2);
        return new Contest(
            (long)data.Count * plan.NodesComputed,
            () => LastValues([plan], PlanLoop.Run([plan], data.Aligned)),
            () => LastValues(halves, PlanLoop.RunAtOnce(halves, data.Aligned)),
            Tolerance: 0);
    }

    /// <summary>The bytes that a bar allocates once a stream is under way.</summary>
    public static double AllocatedPerBar(Scale scale)
    {
        var data = Generate(scale);
        var plan = PlanOf(data);
        var binding = ColumnBinding.Bind(plan, data.Aligned);
        var run = plan.Start(blockLength: 1);
        var warm = Math.Min(200, data.Count / 2);
        Feed(run, binding, 0, warm);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Feed(run, binding, warm, data.Count);
        return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / (data.Count - warm);
    }

    private static ComputePlan PlanOf(MarketData data) => ComputePlan.For(new EightNodes().Compile(data.Universe));

    private static Contest Prepare(MarketData data, int bars, int blockLength)
    {
        var market = new SideBySide(data, bars);
        var plan = PlanOf(data);
        var binding = ColumnBinding.Bind(plan, data.Aligned);
        return new Contest(
            (long)bars * data.Instruments.Count * Nodes,
            () => new FusedPortfolio(market).Run(),
            () => Compute(plan, binding, bars, blockLength),
            Tolerance: 1e-9);
    }

    private static MarketData Generate(Scale scale)
    {
        var (symbols, bars) = scale switch { Scale.Full => (50, 20_000), Scale.Quick => (50, 2_000), _ => (6, 400) };
        return MarketData.Of([.. Enumerable.Range(0, symbols).Select(i => SyntheticBars.Generate(new SyntheticOptions
        {
            Instrument = string.Create(CultureInfo.InvariantCulture, $"S{i:00}"),
            Count = bars,
            Seed = 500 + (ulong)i,
            Decimals = 8,
        }))]);
    }

    private static void Feed(PlanRun run, ColumnBinding binding, int start, int end)
    {
        for (var i = start; i < end; i++)
        {
            binding.Load(run, i, 1);
            run.Process(1);
        }
    }

    /// <summary>The last value of every node, and the sum of all weights, which needs every bar.</summary>
    private static double[] Compute(ComputePlan plan, ColumnBinding binding, int bars, int blockLength)
    {
        var run = plan.Start(blockLength);
        var (targets, outputs) = (plan.Graph.Targets, plan.Graph.Outputs);
        var weights = new double[targets.Count * bars];
        var length = 0;
        for (var start = 0; start < bars; start += length)
        {
            length = Math.Min(blockLength, bars - start);
            binding.Load(run, start, length);
            run.Process(length);
            for (var i = 0; i < targets.Count; i++) run.Values(targets[i].Index)[..length].CopyTo(weights.AsSpan((i * bars) + start));
        }

        var results = new double[outputs.Count + 1];
        for (var i = 0; i < outputs.Count; i++) results[i] = run.Values(outputs[i].Index)[length - 1];
        foreach (var weight in weights) results[^1] += double.IsNaN(weight) ? 0 : weight;
        return results;
    }

    private static double[] LastValues(IReadOnlyList<ComputePlan> parts, PlanLoop[] loops)
    {
        var results = new double[parts[0].Graph.Outputs.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var index = parts[0].Graph.Outputs[i].Index;
            var part = parts.Index().First(part => part.Item.Computes(0, index)).Index;
            results[i] = loops[part].Last(index);
        }

        return results;
    }

    private sealed class SymbolsApart : Strategy
    {
        protected override void Build(StrategyBuilder s)
        {
            foreach (var price in s.Instruments.Select(s.Price))
            {
                var close = price.Close;
                foreach (var (name, series) in new[] { ("sma", close.Sma(20)), ("ema", close.Ema(20)), ("rsi", close.Rsi(14)), ("atr", price.Atr(14)), ("z", close.ZScore(20)) })
                    s.Output($"{price.Instrument}.{name}", series);
            }
        }
    }

    private sealed class EightNodes : Strategy
    {
        protected override void Build(StrategyBuilder s)
        {
            PriceSeries[] prices = [.. s.Instruments.Select(s.Price)];
            var scores = s.Panel(price => price.Close.ZScore(20));
            var ranks = scores.Rank();
            for (var i = 0; i < prices.Length; i++)
            {
                var (price, next) = (prices[i], prices[(i + 1) % prices.Length]);
                var (sma, ema) = (price.Close.Sma(20), price.Close.Ema(20));
                var (rsi, atr) = (price.Close.Rsi(14), price.Atr(14));
                var correlation = price.Close.Correlation(next.Close, 30);
                var rank = ranks[price.Instrument];
                var weight = When((ema > sma) & (rsi > MiddleRsi) & (rank > StrongRank) & (correlation < HighCorrelation), 1 / atr, 0);
                foreach (var (name, series) in new[] { ("sma", sma), ("ema", ema), ("rsi", rsi), ("atr", atr), ("z", scores[price.Instrument]), ("corr", correlation), ("rank", rank), ("weight", weight) })
                    s.Output($"{price.Instrument}.{name}", series);
                s.Target(price, weight);
            }
        }
    }
}
