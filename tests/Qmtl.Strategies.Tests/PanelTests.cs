using FsCheck;
using FsCheck.Fluent;
using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

/// <summary>Comparing instruments with each other, against plain references; and the identities of panels.</summary>
public sealed class PanelTests
{
    private static readonly Dictionary<string, (Func<Panel, Panel> Panel, Func<double[], double[]> Reference)> PerMember = new(StringComparer.Ordinal)
    {
        ["rank"] = (p => p.Rank(), v => [.. v.Select(x => v.Length == 1 ? 0.5 : (v.Count(y => y < x) + ((v.Count(y => y == x) - 1) / 2.0)) / (v.Length - 1))]),
        ["zscore"] = (p => p.ZScore(), Standardised),
        ["demean"] = (p => p.Demean(), v => [.. v.Select(x => x - v.Average())]),
        ["quantile"] = (p => p.Quantile(3), v => [.. v.Select(x => Math.Floor(3.0 * v.Count(y => y < x) / v.Length))]),
        ["top"] = (p => p.Top(2), v => [.. v.Select((x, i) => v.Count(y => y > x) + v.Take(i).Count(y => y == x) < 2 ? 1.0 : 0)]),
        ["bottom"] = (p => p.Bottom(2), v => [.. v.Select((x, i) => v.Count(y => y < x) + v.Take(i).Count(y => y == x) < 2 ? 1.0 : 0)]),
        ["winsorize"] = (p => p.Winsorize(0.2, 0.7), v => [.. v.Select(x => Math.Clamp(x, Quantile(v, 0.2), Quantile(v, 0.7)))]),
        ["mean"] = (p => p - p.Mean(), v => [.. v.Select(x => x - v.Average())]),
        ["sum of magnitudes"] = (p => p / p.Abs().Sum(), v => [.. v.Select(x => v.All(y => y == 0) ? double.NaN : x / v.Sum(Math.Abs))]),
        ["range"] = (p => p.Each(_ => p.Max() - p.Min()), v => [.. v.Select(_ => v.Max() - v.Min())]),
    };

    public static TheoryData<string> Functions => [.. PerMember.Keys];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Cross_RandomUniverse_EqualsTheReferenceAndTheStream(string name)
    {
        // Small universes are compared pair by pair in memory of the stack, large ones sorted in memory that is rented.
        var plans = new[] { 2, 3, 5, 250 }.Select(count => PlanOf([.. Enumerable.Range(0, count).Select(i => $"I{i:000}")], PerMember[name].Panel)).ToArray();
        Prop.ForAll<int>(seed =>
        {
            var plan = plans[seed % 13 == 0 ? 3 : (seed & 0xFF) % 3];
            var data = plan.Graph.Instruments.Select((instrument, i) => new NamedBars(instrument, new RandomBars(seed + i, 30, missing: 0.15))).ToArray();

            var batch = Run(plan, data, 30);
            var stream = Run(plan, data, 1);

            for (var bar = 0; bar < 30; bar++) AssertBar(name, data, batch, bar);
            return batch.Zip(stream).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Count_OfValues_IsTheSameComparedOrSorted()
    {
        // 161 and more are sorted: the same numbers twice over must keep their places relative to each other.
        var values = Enumerable.Range(0, 100).Select(i => (double)((i * 37) % 23)).ToArray();
        double[] doubled = [.. values, .. values];
        double[] below = new double[100], upTo = new double[100], below2 = new double[200], upTo2 = new double[200];

        Places.Count(values, below, upTo, new double[200]);
        Places.Count(doubled, below2, upTo2, new double[400]);

        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(2 * below[i % 100], below2[i]);
            Assert.Equal(2 * upTo[i % 100], upTo2[i]);
        }
    }

    [Fact]
    public void Rank_OrderOfTheUniverse_IsNoPartOfTheIdentity()
    {
        var graph = GraphOf(["A", "B", "C"], p => p.Rank());

        Assert.Equal(graph.Outputs.Select(output => output.NodeId), GraphOf(["C", "A", "B"], p => p.Rank()).Outputs.Select(output => output.NodeId));
        Assert.Equal(3, graph.Outputs.Select(output => output.NodeId).Distinct(StringComparer.Ordinal).Count());
        Assert.Single(graph.Nodes, node => node.SchemaCompatId == "panel-v1");
        Assert.Equal("cross_rank(close(A@1m), close(B@1m), close(C@1m)).B", graph.Nodes.Single(node => node.NodeId == graph.Outputs[1].NodeId).Name);
        Assert.Contains("close(C@1m), ... 5 members)", GraphOf(["A", "B", "C", "D", "E"], p => p.Rank()).Nodes[^1].Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Rank_OfATagQuery_KeepsItsIdentityWhenMembersAreAdded()
    {
        var two = Tagged(["BTC-PERP", "ETH-PERP"]);
        var three = Tagged(["BTC-PERP", "ETH-PERP", "SOL-PERP"]);

        Assert.Equal(two.NodeIdsCrc32, three.NodeIdsCrc32);
        Assert.Equal(2, two.Targets.Count);
        Assert.Equal(3, three.Targets.Count);

        var data = new[] { "BTC-PERP", "ETH-PERP", "SOL-PERP" }.Select((name, i) => new NamedBars(name, new RandomBars(i, 5, missing: 0))).ToArray();
        var plan = ComputePlan.For(three);
        var run = plan.Start(5);
        ColumnBinding.Bind(plan, data).Load(run, 0, 5);
        run.Process(5);
        for (var bar = 0; bar < 5; bar++)
        {
            var best = data.MaxBy(series => series.Bars["close"][bar])!.Instrument;
            foreach (var target in three.Targets) Assert.Equal(target.Instrument == best ? 1.0 : 0.0, run.Values(target.Index)[bar]);
        }
    }

    [Fact]
    public void Panel_Mistakes_SayWhatIsWrong()
    {
        Refused("panel: has no members; give it at least one series.", _ => Panel.Of(Array.Empty<Series>()));
        Refused("panel: has the member A twice; names must differ.", s => Panel.Of(s.Price("A").Close, s.Price("A").Open));
        Refused("panel(add(close(A@1m), close(B@1m))): has a member that comes from A@1m and B@1m; name the members: Panel.Of((name, series), ...).", s => Panel.Of(s.Price("A").Close + s.Price("B").Close));
        Refused("panel(close(A@1m), ... 2 members): has the members A, B, the other panel A; they must be the same.", s => s.Panel(p => p.Close) + Panel.Of(s.Price("A").Close));
        Refused("panel(close(A@1m), ... 2 members): has no member BB; did you mean B?", s => Panel.Of(s.Panel(p => p.Close)["BB"]));
        Refused("top(close(A@1m)): count must be a whole number 1..2, the members of the panel, was 3.", s => s.Panel(p => p.Close).Top(3));
        Refused("quantile(close(A@1m)): buckets must be a whole number 2..1000, was 1.", s => s.Panel(p => p.Close).Quantile(1));
        Refused("winsorize(close(A@1m)): lower and upper must be shares with 0 <= lower < upper <= 1, were 0.9 and 0.1.", s => s.Panel(p => p.Close).Winsorize(0.9, 0.1));
    }

    [Fact]
    public void Target_Panel_HoldsEachMemberInItsInstrument()
    {
        var builder = new StrategyBuilder("test", new Universe(["B", "A"], 60));
        builder.Target(builder.Panel(p => p.Close).Top(1));

        Assert.Equal(["A", "B"], builder.ToGraph().Targets.Select(target => target.Instrument));
    }

    private static StrategyGraph Tagged(string[] instruments)
    {
        var builder = new StrategyBuilder("test", new Universe(instruments, 60));
        builder.Target(builder.TagQuery(["perp"]).Panel(p => p.Close).Top(1));
        return builder.ToGraph();
    }

    private static void Refused(string message, Func<StrategyBuilder, Panel> expression) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => expression(new StrategyBuilder("test", new Universe(["A", "B"], 60)))).Message);

    private static ComputePlan PlanOf(string[] instruments, Func<Panel, Panel> expression) => ComputePlan.For(GraphOf(instruments, expression));

    private static StrategyGraph GraphOf(string[] instruments, Func<Panel, Panel> expression)
    {
        var builder = new StrategyBuilder("test", new Universe(instruments, 60));
        var panel = expression(builder.Panel(p => p.Close));
        foreach (var name in panel.Names) builder.Output(name, panel[name]);
        return builder.ToGraph();
    }

    private static double[][] Run(ComputePlan plan, NamedBars[] data, int blockLength)
    {
        var run = plan.Start(blockLength);
        var binding = ColumnBinding.Bind(plan, data);
        var values = plan.Graph.Outputs.Select(_ => new double[binding.Count]).ToArray();
        for (var start = 0; start < binding.Count; start += blockLength)
        {
            var length = Math.Min(blockLength, binding.Count - start);
            binding.Load(run, start, length);
            run.Process(length);
            for (var i = 0; i < values.Length; i++) run.Values(plan.Graph.Outputs[i].Index)[..length].CopyTo(values[i].AsSpan(start));
        }

        return values;
    }

    private static void AssertBar(string name, NamedBars[] data, double[][] computed, int bar)
    {
        var present = Enumerable.Range(0, data.Length).Where(i => !double.IsNaN(data[i].Bars["close"][bar])).ToArray();
        var expected = PerMember[name].Reference([.. present.Select(i => data[i].Bars["close"][bar])]);
        for (var i = 0; i < present.Length; i++) Assert.Equal(expected[i], computed[present[i]][bar], 1e-9);
        foreach (var i in Enumerable.Range(0, data.Length).Except(present))
        {
            // The range of the others exists even where a member is missing.
            if (name != "range") Assert.True(double.IsNaN(computed[i][bar]));
        }
    }

    private static double[] Standardised(double[] values)
    {
        if (values.Length == 0) return [];
        var mean = values.Average();
        var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        return [.. values.Select(value => values.Distinct().Count() == 1 ? double.NaN : (value - mean) / deviation)];
    }

    private static double Quantile(double[] values, double share)
    {
        var sorted = values.Order().ToArray();
        var position = share * (sorted.Length - 1);
        var at = (int)position;
        return at + 1 == sorted.Length ? sorted[at] : sorted[at] + ((position - at) * (sorted[at + 1] - sorted[at]));
    }

    private sealed class NamedBars(string instrument, RandomBars bars) : IColumnSource
    {
        public RandomBars Bars => bars;

        public string Instrument => instrument;

        public int Count => bars.Count;

        public ReadOnlySpan<long> Times => BarTimes.EveryMinute(Count);

        public IReadOnlyCollection<string> ColumnNames => bars.ColumnNames;

        public ReadOnlyMemory<double>? FindColumn(string name) => bars.FindColumn(name);
    }
}
