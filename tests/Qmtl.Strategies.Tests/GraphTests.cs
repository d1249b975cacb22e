using System.Text;
using System.Text.Json;
using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class GraphTests
{
    /// <summary>Enough for every built-in strategy: four instruments, with the tag that one of them looks for.</summary>
    private static readonly Universe Four = new(["A-USDT", "B-USDT", "C-USDT", "D-USDT"], 60);
    private static readonly Dictionary<string, string> Defaults = new(StringComparer.Ordinal);

    [Fact]
    public void Compile_SmaCross_SharesWhatBothAveragesNeed()
    {
        var graph = new SmaCross().Compile(Compute.Universe);

        Assert.Equal(
            ["X@1m", "close(X@1m)", "sma(close(X@1m), 10)", "sma(close(X@1m), 30)"], graph.Nodes.Take(4).Select(node => node.Name));
        Assert.Equal(7, graph.Nodes.Count);
        Assert.Equal(29, graph.Warmup);
        Assert.Equal(["X"], graph.Instruments);
        Assert.Equal("PositionTargetNode", graph.Nodes[^1].NodeType);
    }

    [Fact]
    public void Serialize_AnyBuiltInStrategy_PassesTheChecksOfASubmission()
    {
        foreach (var entry in StrategyCatalog.All)
        {
            var graph = entry.Create().Compile(Four);

            using var document = JsonDocument.Parse(graph.Serialize());
            var check = SubmissionCheck.Inspect(document.RootElement, graph.NodeIdsCrc32);

            check.ThrowIfRefused();
            Assert.Equal(graph.NodeIdsCrc32, document.RootElement.GetProperty("node_ids_crc32").GetUInt32());
        }
    }

    [Fact]
    public void NodeId_OfEachNode_IsTheHashOfItsPreImage()
    {
        var sma = new SmaCross().Compile(Compute.Universe).Nodes[2];
        var close = sma.Dependencies.Single();

        var code = ContentHash.Sha256Hex("qmtl.op/sma/1");
        var preImage = $"ProcessingNode|60|10|{{\"op\":\"sma\"}}|{close}|series-v1|{code}";

        Assert.Equal("blake3:" + Blake3.HashHex(Encoding.UTF8.GetBytes(preImage)), sma.NodeId);
    }

    [Fact]
    public void NodeId_SameExpressionWrittenTwice_IsOneNode()
    {
        var graph = Compute.GraphOf(p => (p.Close.Sma(5) + p.Open) - (p.Open + p.Close.Sma(5)));

        Assert.Equal(["X@1m", "close(X@1m)", "sma(close(X@1m), 5)", "open(X@1m)"], graph.Nodes.Take(4).Select(node => node.Name));
        Assert.Equal(6, graph.Nodes.Count);
    }

    [Fact]
    public void NodeId_ArgumentsExchanged_DiffersWhereTheOrderMatters()
    {
        Assert.NotEqual(Id(p => p.Close - p.Open), Id(p => p.Open - p.Close));
        Assert.NotEqual(Id(p => p.Close / 2.0), Id(p => 2.0 / p.Close));
        Assert.NotEqual(Id(p => (p.Close > p.Open).Then(1.0, 0.0)), Id(p => (p.Close > p.Open).Then(0.0, 1.0)));
        Assert.Equal(Id(p => p.Close * 2.0), Id(p => 2.0 * p.Close));
    }

    [Fact]
    public void Compile_DeepExpression_HasNamesThatASubmissionTakes()
    {
        var graph = Compute.GraphOf(p =>
        {
            var x = p.Close;
            for (var i = 0; i < 60; i++) x = (x * p.Open) + (x / p.High);
            return x;
        });

        Assert.All(graph.Nodes, node => Assert.InRange(node.Name!.Length, 1, 200));
        Assert.StartsWith("add(multiply(add(", graph.Nodes[^1].Name, StringComparison.Ordinal);
    }

    [Fact]
    public void NodeId_NameGiven_IsNoPartOfIt()
    {
        Assert.Equal(Id(p => p.Close.Sma(5)), Id(p => p.Close.Named("last price").Sma(5).Named("fast")));
        Assert.Equal("fast", Compute.GraphOf(p => p.Close.Sma(5).Named("fast")).Nodes[^1].Name);
    }

    [Fact]
    public void NodeId_OtherInstrumentIntervalOrPeriod_Differs()
    {
        string[] ids =
        [
            .. new[] { new Universe(["X"], 60), new Universe(["Y"], 60), new Universe(["X"], 300) }
                .Select(universe => new SmaCross().Compile(universe).Nodes[2].NodeId!),
            new SmaCross().With(new Dictionary<string, string>(StringComparer.Ordinal) { ["fast"] = "11" }).Compile(Compute.Universe).Nodes[2].NodeId!,
        ];

        Assert.Equal(ids.Length, ids.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Compile_TwoStrategiesOverTheSamePrices_HaveCommonNodes()
    {
        var cross = new SmaCross().Compile(Compute.Universe).Nodes.Select(node => node.NodeId);
        var momentum = new Momentum().Compile(Compute.Universe).Nodes.Select(node => node.NodeId);

        Assert.Equal(2, cross.Intersect(momentum, StringComparer.Ordinal).Count());
    }

    [Fact]
    public void With_AllDefaultsSpelledOut_ChangesNothing()
    {
        foreach (var entry in StrategyCatalog.All)
        {
            var spelled = entry.Parameters.ToDictionary(p => p.Name, p => p.Default, StringComparer.Ordinal);

            Assert.Equal(
                entry.Create().With(Defaults).Compile(Four).Serialize(), entry.Create().With(spelled).Compile(Four).Serialize());
        }
    }

    private static string Id(Func<PriceSeries, Series> expression) => Compute.GraphOf(expression).Nodes[^1].NodeId!;
}
