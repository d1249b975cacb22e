using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

/// <summary>Graphs find equal nodes by comparing what they do. That must agree with the identities, which say so by their hashes.</summary>
public sealed class NodeTableTests
{
    private static readonly Universe Four = new(["A-USDT", "B-USDT", "C-USDT", "D-USDT"], 60);

    [Fact]
    public void Compile_AnyBuiltInStrategy_HasEachIdentityOnce()
    {
        foreach (var entry in StrategyCatalog.All) AssertEachOnce(entry.Create().Compile(Four));
    }

    [Fact]
    public void Compile_AnyIndicatorWrittenTwice_HasEachIdentityOnce()
    {
        foreach (var indicator in IndicatorCatalog.All)
        {
            StrategyGraph[] graphs = [Graph(indicator.Name), Graph(indicator.Name)];

            AssertEachOnce(graphs[0]);
            Assert.Equal(ComputePlan.For(graphs[0]).NodesComputed, ComputePlan.For(graphs).NodesComputed);
        }
    }

    [Fact]
    public void Add_NodesThatDiffer_HaveDifferentIdentities()
    {
        var price = Compute.Builder.Price();
        Series[] series =
        [
            price.Close, price.Open, price.Close.Sma(3), price.Close.Sma(4), price.Close.Ema(3), price.Open.Sma(3), price.Close - price.Open, price.Open - price.Close,
            price.Close + 1.0, price.Close + 2.0, price.Close - 1.0, 1.0 - price.Close, price.Close + price.Close, price.Close + price.Open,
            price.Close.Alma(9, 0.85, 6), price.Close.Alma(9, 0.8, 6), price.Resample("5m").Close, price.Resample("15m").Close,
        ];
        var table = new NodeTable();

        var places = series.Select(one => table.Add(one.Node)).ToArray();

        Assert.Distinct(places);
        Assert.Distinct(series.Select(one => one.NodeId));
    }

    [Fact]
    public void Add_SameInAnotherOrder_IsOneNodeOnlyWhereOrderDoesNotMatter()
    {
        var price = Compute.Builder.Price();
        (Series, Series)[] pairs = [(price.Close + price.Open, price.Open + price.Close), (price.Close * 0.0, -0.0 * price.Close), (price.Close / price.Open, price.Open / price.Close)];

        foreach (var (one, other) in pairs)
        {
            var table = new NodeTable();

            Assert.Equal(string.Equals(one.NodeId, other.NodeId, StringComparison.Ordinal), table.Add(one.Node) == table.Add(other.Node));
        }

        Assert.Equal(pairs[0].Item1.NodeId, pairs[0].Item2.NodeId);
        Assert.Equal(pairs[1].Item1.NodeId, pairs[1].Item2.NodeId);
        Assert.NotEqual(pairs[2].Item1.NodeId, pairs[2].Item2.NodeId);
    }

    [Fact]
    public void NodeId_LongChain_NeedsNoStack()
    {
        var series = Compute.Builder.Price().Close;
        for (var i = 0; i < 100_000; i++) series += 1.0;

        Assert.True(NodeId.IsWellFormed(series.NodeId));
        Assert.Equal(200, series.ToString().Length);
    }

    private static StrategyGraph Graph(string indicator) => IndicatorCatalog.Create(indicator).Compile(Compute.Universe);

    private static void AssertEachOnce(StrategyGraph graph) => Assert.Distinct(graph.Ordered.Select(node => node.Key), StringComparer.Ordinal);
}
