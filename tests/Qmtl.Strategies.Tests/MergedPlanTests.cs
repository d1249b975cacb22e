using FsCheck;
using FsCheck.Fluent;
using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

/// <summary>Several graphs in one plan, and one plan in several parts: each value is what it would be alone, bit for bit.</summary>
public sealed class MergedPlanTests
{
    private static readonly Universe Universe = new(["A", "B", "C"], 60);

    [Fact]
    public void For_SeveralGraphs_ComputesEqualNodesOnce()
    {
        StrategyGraph[] graphs = [Cross(5, 20), Cross(5, 30), Cross(5, 20)];

        var plan = ComputePlan.For(graphs);

        // For each of three instruments: two averages, above, when; the second graph adds its slow average, above and when; the third nothing.
        Assert.Equal(36, plan.NodesAsked);
        Assert.Equal(21, plan.NodesComputed);
        Assert.Equal(1 - (21 / 36.0), plan.ReuseRatio, 1e-12);
        Assert.Equal(3, plan.Sources.Count);
    }

    [Fact]
    public void For_TwoPiecesOfCodeUnderOneName_AreRefused()
    {
        var lambdas = Assert.Throws<RefusalException>(() => ComputePlan.For([
            Build(s => s.Output("y", s.Compute(2, [s.Price("A").Close], [NodeCode("test.twice", "1")] static (view) => view[0][0]))),
            Build(s => s.Output("y", s.Compute(2, [s.Price("A").Close], [NodeCode("test.twice", "1")] static (view) => view[0][1])))]));
        var kernels = Assert.Throws<RefusalException>(() => ComputePlan.For([
            Build(s => s.Output("y", s.Compute(new Once(), s.Price("A").Close))), Build(s => s.Output("y", s.Compute(new Again(), s.Price("A").Close)))]));

        Assert.Equal(
            "test.twice: is the name and version of two pieces of code, in MergedPlanTests and in MergedPlanTests; give each [NodeCode] a name of its own, or share one static method.",
            lambdas.Message);
        Assert.Contains("in Once and in Again", kernels.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void For_OnePieceOfCodeInSeveralGraphs_IsComputedOnce()
    {
        StrategyGraph[] graphs = [.. Enumerable.Range(0, 3).Select(_ => Build(s =>
        {
            s.Output("lambda", s.Compute(2, [s.Price("A").Close], [NodeCode("test.shared", "1")] static (view) => view[0][0]));
            s.Output("kernel", s.Compute(new Once(), s.Price("A").Close));
        }))];

        Assert.Equal((6, 2), (ComputePlan.For(graphs).NodesAsked, ComputePlan.For(graphs).NodesComputed));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(256)]
    public void Process_MergedOrSharded_EqualsEachGraphAlone(int blockLength)
    {
        StrategyGraph[] graphs = [Cross(5, 20), Ranked(), Cross(3, 9), Hourly(), Constant(), Columns()];
        var data = Universe.Instruments.Select((name, i) => new Named(name, new RandomBars(i + 3, 400))).ToArray();
        var alone = graphs.Select(graph => Run([ComputePlan.For(graph)], [graph], data, 64)).SelectMany(columns => columns).ToArray();

        AssertSame(alone, Run([ComputePlan.For(graphs)], graphs, data, blockLength));
        foreach (var shards in new[] { 1, 2, 3, 50 }) AssertSame(alone, Run(ComputePlan.For(graphs).Shards(shards), graphs, data, blockLength));
    }

    [Fact]
    public void Process_RandomGraph_EachOutputIsWhatItIsAlone() => Prop.ForAll<int>(seed =>
    {
        // Slots are used again in the whole graph otherwise than in the graph of one output; no value may be overwritten while it is needed.
        var data = new Named("A", new RandomBars(seed, 150));
        var series = RandomSeries(new Random(seed), new PriceSeries("A", 60));
        StrategyGraph[] alone = [.. series.Select((one, i) => Build(s => s.Output($"y{i}", one)))];
        var together = Build(s =>
        {
            for (var i = 0; i < series.Length; i++) s.Output($"y{i}", series[i]);
        });

        var expected = alone.SelectMany(graph => Run([ComputePlan.For(graph)], [graph], [data], 150)).ToArray();
        AssertSame(expected, Run([ComputePlan.For(together)], [together], [data], 64));
        AssertSame(expected, Run(ComputePlan.For(alone).Shards(2), alone, [data], 13));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Shards_IndependentInstruments_AreBalanced()
    {
        var plan = ComputePlan.For(new SmaCross().Compile(new Universe([.. Enumerable.Range(0, 40).Select(i => $"I{i}")], 60)));

        var shards = plan.Shards(4);

        Assert.Equal([40, 40, 40, 40], shards.Select(shard => shard.NodesComputed));
        Assert.All(shards, shard => Assert.Equal(10, shard.Sources.Count));
        foreach (var target in plan.Graph.Targets) Assert.Single(shards, shard => shard.Computes(0, target.Index));
    }

    [Fact]
    public void Shards_ConnectedByAPanel_StayTogether() => Assert.Single(ComputePlan.For(Ranked()).Shards(4));

    [Fact]
    public void Values_OfAnIntermediateNode_AreNotKept()
    {
        var plan = ComputePlan.For(Cross(5, 20));
        var run = plan.Start(4);

        Assert.Contains("keeps those of targets and outputs", Assert.Throws<InvalidOperationException>(() => run.Values(2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void For_GraphsOfDifferentData_IsRefused()
    {
        var refusal = Assert.Throws<RefusalException>(() => ComputePlan.For([Cross(5, 20), new SmaCross().Compile(new Universe(["A"], 300))]));

        Assert.Equal("A@5m: comes every 5m, other bars every 1m; graphs that are computed together read the same data.", refusal.Message);
    }

    private static Series[] RandomSeries(Random random, PriceSeries price)
    {
        var known = new List<Series> { price.Close, price.Open, price.High };
        for (var i = 0; i < 30; i++)
        {
            var (a, b) = (known[random.Next(known.Count)], known[random.Next(known.Count)]);
            known.Add(random.Next(7) switch
            {
                0 => a + b,
                1 => a * 0.5,
                2 => (a > b).Then(a, 1.0),
                3 => a.Sma(random.Next(1, 6)),
                4 => a.Shift(random.Next(1, 4)),
                5 => price.Bollinger(3, random.Next(1, 3)).Upper - a,
                _ => a.Resample("5m").Shift(1).AsOf(price),
            });
        }

        return [.. known.Skip(3).Where(_ => random.Next(3) == 0).Append(known[^1])];
    }

    private static StrategyGraph Cross(int fast, int slow) => new SmaCross()
        .With(new Dictionary<string, string>(StringComparer.Ordinal) { ["fast"] = $"{fast}", ["slow"] = $"{slow}" }).Compile(Universe);

    private static StrategyGraph Ranked() => Build(s => s.Target(s.Panel(p => p.Close.Sma(7) - p.Open).Rank() - 0.5));

    private static StrategyGraph Hourly() => Build(s =>
    {
        var price = s.Price("B");
        s.Target(price, When((price.Close.Sma(3) > price.Close.Sma(20)) & (price.Resample("1h").Close > price.Resample("1h").Open).AsOf(price), 1.0, 0.0));
        s.Output("filter", price.Resample("5m").Close.Sma(2));
    });

    private static StrategyGraph Constant() => Build(s => s.Target(s.Price("C"), 0.25));

    private static StrategyGraph Columns() => Build(s =>
    {
        s.Output("close", s.Price("A").Close);
        s.Output("weight", -s.Price("A").Close);
        s.Target(s.Price("A"), s.Price("A").Open);
    });

    private static Series When(Signal condition, Series then, Series otherwise) => condition.Then(then, otherwise);

    private static StrategyGraph Build(Action<StrategyBuilder> build)
    {
        var builder = new StrategyBuilder("test", Universe);
        build(builder);
        return builder.ToGraph();
    }

    /// <summary>Every target and output of every graph, in order, from whichever part computes it.</summary>
    private static double[][] Run(IReadOnlyList<ComputePlan> parts, StrategyGraph[] graphs, Named[] data, int blockLength)
    {
        var wanted = graphs.SelectMany((graph, g) => graph.Targets.Select(t => (g, t.Index)).Concat(graph.Outputs.Select(o => (g, o.Index)))).ToArray();
        var columns = wanted.Select(_ => new double[data[0].Count]).ToArray();
        foreach (var part in parts)
        {
            var run = part.Start(blockLength);
            var binding = ColumnBinding.Bind(part, data);
            for (var start = 0; start < data[0].Count; start += blockLength)
            {
                var length = Math.Min(blockLength, data[0].Count - start);
                binding.Load(run, start, length);
                run.Process(length);
                for (var i = 0; i < wanted.Length; i++)
                {
                    if (part.Computes(wanted[i].g, wanted[i].Index)) run.Values(wanted[i].g, wanted[i].Index)[..length].CopyTo(columns[i].AsSpan(start));
                }
            }
        }

        return columns;
    }

    private static void AssertSame(double[][] expected, double[][] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i].Select(BitConverter.DoubleToInt64Bits), actual[i].Select(BitConverter.DoubleToInt64Bits));
    }

    private sealed class Named(string instrument, RandomBars bars) : IColumnSource
    {
        public string Instrument => instrument;

        public int Count => bars.Count;

        public ReadOnlySpan<long> Times => bars.Times;

        public IReadOnlyCollection<string> ColumnNames => bars.ColumnNames;

        public ReadOnlyMemory<double>? FindColumn(string name) => bars.FindColumn(name);
    }

    [NodeCode("test.kernel_twice", "1")]
    private sealed class Once : Kernel
    {
        public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output) => inputs[0].CopyTo(output);
    }

    [NodeCode("test.kernel_twice", "1")]
    private sealed class Again : Kernel
    {
        public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output) => inputs[0].CopyTo(output);
    }
}
