using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Strategies.Tests.Sharing;

/// <summary>A graph of which a part is read instead of computed: every value is what it is when all is computed, bit for bit.</summary>
public sealed class GraphCutTests
{
    private const int Bars = 200;
    private static readonly Universe Universe = new(["X"], 60);

    [Fact]
    public void Of_NothingReadable_ComputesEverythingInOneGroup()
    {
        var graph = Compute.GraphOf(price => (price.Close.Sma(3) - price.Close.Sma(5)).Abs());

        var cut = GraphCut.Of(graph, [], []);

        Assert.Single(cut.Groups);
        Assert.Equal(ComputePlan.For(graph).NodesComputed, cut.NodesComputed);
        Assert.Empty(cut.Read);
    }

    [Fact]
    public void Of_NodeWhoseReadersAreAllRead_IsNeitherReadNorComputed()
    {
        var graph = Compute.GraphOf(price => price.Close.Sma(3).Ema(4).Shift(1) * 2);
        var nodes = GraphSharing.NodesOf(graph);

        // The chain is sma, ema, shift, times; the first three can be read.
        var cut = GraphCut.Of(graph, nodes.Take(3).Select(node => node.Index), nodes.Select(node => node.Index));

        Assert.Equal([nodes[2].Index], cut.Read);
        Assert.Equal([nodes[3].Index], cut.Groups.Single().Nodes);
        Assert.Equal([nodes[3].Index], cut.Offered);
        Assert.Empty(ComputePlan.For(cut).Sources);
    }

    [Fact]
    public void Of_TwoReadNodes_LetsEachPartRunAsSoonAsItsOwnIsThere()
    {
        var graph = Compute.GraphOf(price => (price.Close.Sma(3) * 2) + (price.Open.Sma(3) * 3) + price.High);
        var read = GraphSharing.NodesOf(graph).Where(node => node.Columns.Columns.Count == 1).Take(1).Concat(GraphSharing.NodesOf(graph).Where(node => node.Columns.Columns.Single().Name == "open").Take(1)).ToArray();

        var cut = GraphCut.Of(graph, read.Select(node => node.Index), []);

        Assert.Equal([1, 1, 2], cut.Groups.Select(group => group.WaitsFor.Count));
    }

    [Fact]
    public void NodesOf_LeavesOutLongerBarsAndTagQueries()
    {
        var clocks = Compute.GraphOf(price => price.Close.Resample("5m").Sma(2).AsOf(price).Sma(3));
        var builder = new StrategyBuilder("test", new Universe(["A", "B"], 60) { Tags = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["A"] = ["t"], ["B"] = ["t"] } });
        builder.Target(builder.TagQuery(["t"]).Panel(price => price.Close.Sma(3)).Rank());

        // What comes back to the clock of the data can be shared again.
        Assert.Equal(2, GraphSharing.NodesOf(clocks).Count);
        Assert.Empty(GraphSharing.NodesOf(builder.ToGraph()));
    }

    [Fact]
    public void ColumnsOf_AreTheSameWhateverElseTheGraphReads()
    {
        var alone = GraphSharing.NodesOf(Compute.GraphOf(price => price.High.Sma(3) + price.Close))[^1];
        var beside = GraphSharing.NodesOf(Compute.GraphOf(price => price.Volume.Sma(9) * (price.High.Sma(3) + price.Close)));

        Assert.Equal(alone.Columns.Columns, beside.Single(node => node.NodeId == alone.NodeId).Columns.Columns);
        Assert.Equal(["close", "high"], alone.Columns.Columns.Select(column => column.Name));
    }

    [Fact]
    public void Process_AnyCutInAnyOrder_EqualsAllComputed() => Prop.ForAll<int>(seed =>
    {
        var random = new Random(seed);
        var graph = RandomGraph(random);
        var data = new RandomBars(seed, Bars);
        var nodes = GraphSharing.NodesOf(graph);
        // What others would publish: a run that computes and offers all.
        var everything = Run(GraphCut.Of(graph, [], nodes.Select(node => node.Index)), data, new Dictionary<(int, int), double[]>(), random, blockLength: 64);
        var share = random.NextDouble();
        var cut = GraphCut.Of(graph, nodes.Where(_ => random.NextDouble() < share).Select(node => node.Index), nodes.Select(node => node.Index));

        var values = Run(cut, data, everything.Offered, random, blockLength: random.Next(1, 80));

        foreach (var (end, column) in everything.Ends) AssertSame(column, values.Ends[end]);
        foreach (var (key, column) in values.Offered) AssertSame(everything.Offered[key], column);
        Assert.Equal(cut.Offered, values.Offered.Keys.Select(key => key.Node).Distinct().Order());
    }).QuickCheckThrowOnFailure();

    private static StrategyGraph RandomGraph(Random random)
    {
        var builder = new StrategyBuilder("test", Universe);
        var price = builder.Price();
        var known = new List<Series> { price.Close, price.Open, price.High };
        for (var i = 0; i < 25; i++)
        {
            var (a, b) = (known[random.Next(known.Count)], known[random.Next(known.Count)]);
            known.Add(random.Next(8) switch
            {
                0 => a + b,
                1 => a * 0.5,
                2 => (a > b).Then(a, 1.0),
                3 => a.Sma(random.Next(1, 6)),
                4 => a.Shift(random.Next(1, 4)),
                5 => price.Bollinger(3, random.Next(1, 3)).Upper - a,
                6 => a.Ema(random.Next(2, 6)),
                _ => a.Resample("5m").Shift(1).AsOf(price),
            });
        }

        foreach (var (number, one) in known.Skip(3).Where(_ => random.Next(4) == 0).Append(known[^1]).Append(price.Low).Index()) builder.Output($"y{number}", one);
        builder.Target((known[^1] > known[^2]).Then(1.0, known[^1]));
        return builder.ToGraph();
    }

    private static (Dictionary<int, double[]> Ends, Dictionary<(int Node, int Output), double[]> Offered) Run(
        GraphCut cut, RandomBars data, IReadOnlyDictionary<(int, int), double[]> published, Random random, int blockLength)
    {
        var plan = ComputePlan.For(cut);
        var run = plan.Start(blockLength);
        var binding = ColumnBinding.Bind(plan, [data]);
        var outputsOf = GraphSharing.NodesOf(cut.Graph).ToDictionary(node => node.Index, node => node.Outputs);
        var ends = cut.Graph.Targets.Select(target => target.Index).Concat(cut.Graph.Outputs.Select(output => output.Index)).Distinct().ToDictionary(index => index, _ => new double[data.Count]);
        var offered = cut.Offered.SelectMany(node => Enumerable.Range(0, outputsOf[node]).Select(output => (node, output))).ToDictionary(key => key, _ => new double[data.Count]);
        for (var start = 0; start < data.Count; start += blockLength)
        {
            var length = Math.Min(blockLength, data.Count - start);
            binding.Load(run, start, length);
            run.Begin(length);
            RunGroups(cut, run, random, node =>
            {
                for (var output = 0; output < outputsOf[node]; output++) published[(node, output)].AsSpan(start, length).CopyTo(run.Read(node, output));
            });
            foreach (var (index, column) in ends) run.Values(index)[..length].CopyTo(column.AsSpan(start));
            foreach (var ((node, output), column) in offered) run.Offered(node, output)[..length].CopyTo(column.AsSpan(start));
        }

        return (ends, offered);
    }

    /// <summary>Values come in any order, and each group runs at some time after what it waits for.</summary>
    private static void RunGroups(GraphCut cut, PlanRun run, Random random, Action<int> arrive)
    {
        var coming = cut.Read.ToList();
        var arrived = new HashSet<int>();
        var pending = Enumerable.Range(0, cut.Groups.Count).ToList();
        while (coming.Count + pending.Count > 0)
        {
            var ready = pending.FindAll(group => cut.Groups[group].WaitsFor.All(arrived.Contains));
            if (coming.Count > 0 && (ready.Count == 0 || random.Next(2) == 0))
            {
                var node = coming[random.Next(coming.Count)];
                coming.Remove(node);
                arrived.Add(node);
                arrive(node);
            }
            else
            {
                // Of those that are ready the first: it may be what the others stand on.
                run.ProcessGroup(ready[0]);
                pending.Remove(ready[0]);
            }
        }
    }

    private static void AssertSame(double[] expected, double[] actual) =>
        Assert.Equal(expected.Select(BitConverter.DoubleToInt64Bits), actual.Select(BitConverter.DoubleToInt64Bits));
}
