using System.Text.Json;
using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class TagQueryTests
{
    private static readonly Universe Three = new(["BTC-PERP", "ETH-PERP", "EURUSD"], 60);

    [Theory]
    [InlineData("BTC-PERP", "btc-perp btc perp")]
    [InlineData("BTC/USDT", "btc usdt")]
    [InlineData("SPY", "spy")]
    [InlineData("es.2024_12", "es.2024_12 es 2024 12")]
    public void FromName_Instrument_IsItsNameAndItsParts(string instrument, string tags) =>
        Assert.Equal(tags.Split(' '), InstrumentTags.FromName(instrument));

    [Fact]
    public void TagQuery_AnyAndAll_FindWhatTheNamesSay()
    {
        Assert.Equal(["BTC-PERP", "ETH-PERP"], Find(Three, TagMatch.Any, "perp"));
        Assert.Equal(["BTC-PERP", "EURUSD"], Find(Three, TagMatch.Any, "btc", "eurusd"));
        Assert.Equal(["ETH-PERP"], Find(Three, TagMatch.All, "perp", "eth"));
    }

    [Fact]
    public void TagQuery_GivenTags_ReplaceThoseOfTheName()
    {
        var universe = Three with { Tags = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["EURUSD"] = ["fx", "major"] } };

        Assert.Equal(["EURUSD"], Find(universe, TagMatch.All, "fx", "major"));
        Assert.Throws<RefusalException>(() => Find(universe, TagMatch.Any, "eurusd"));
    }

    [Fact]
    public void TagQuery_NoMatch_NamesTheKnownTags()
    {
        var refusal = Assert.Throws<RefusalException>(() => Find(Three, TagMatch.Any, "prep"));

        Assert.Equal(
            "tags(prep): matches none of BTC-PERP, ETH-PERP, EURUSD (any of the tags); known tags are btc, btc-perp, eth, eth-perp, eurusd, perp; did you mean perp?",
            refusal.Message);
    }

    [Theory]
    [InlineData("two words", "The parameter tags must be 1 to 100 letters, digits, \"_\", \".\" or \"-\" each, was \"two words\".")]
    [InlineData(" ", "The parameter tags must be 1 to 100 letters, digits, \"_\", \".\" or \"-\" each, was \"\".")]
    public void TagQuery_MalformedTag_IsRefused(string tag, string message) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => Find(Three, TagMatch.Any, tag)).Message);

    [Fact]
    public void Compile_MoreMembers_ChangesNoIdentity()
    {
        var one = new Followers().Compile(new Universe(["BTC-PERP"], 60));
        var two = new Followers().Compile(Three);

        Assert.Equal(one.Nodes.Select(node => node.NodeId), two.Nodes.Select(node => node.NodeId));
        Assert.Equal(one.NodeIdsCrc32, two.NodeIdsCrc32);
        Assert.Equal(["BTC-PERP", "ETH-PERP"], two.Targets.Select(target => target.Instrument));
        Assert.Equal(one.Serialize(), two.Serialize());
    }

    [Fact]
    public void Compile_TagQuery_IsTheNodeOfTheContract()
    {
        var graph = new Followers().Compile(Three);
        var query = graph.Nodes[0];

        Assert.Equal("TagQueryNode", query.NodeType);
        Assert.Equal(NodeId.Compute(new NodeSpec { NodeType = "TagQueryNode", Interval = 60, Period = 1, Tags = ["perp"], SchemaCompatId = query.SchemaCompatId, CodeHash = query.CodeHash }), query.NodeId);
        Assert.Equal([query.NodeId!], graph.Nodes[1].Dependencies);
        using var document = JsonDocument.Parse(graph.Serialize());
        SubmissionCheck.Inspect(document.RootElement, graph.NodeIdsCrc32).ThrowIfRefused();
    }

    [Fact]
    public void Process_TwoMembers_EachHasItsOwnValues()
    {
        var graph = new Followers().Compile(Three);
        var plan = ComputePlan.For(graph);
        var run = plan.Start(1);
        foreach (var (source, i) in plan.Sources.Select((source, i) => (source, i))) run.Source(i)[0] = source.Instrument == "BTC-PERP" ? 1 : -1;

        run.Process(1);

        Assert.Equal([1, 0], graph.Targets.Select(target => run.Values(target.Index)[0]));
    }

    [Fact]
    public void TagQuery_LongerInterval_IsGatheredFromTheRunsBars()
    {
        var one = new Hourly().Compile(new Universe(["BTC-PERP"], 60));
        var two = new Hourly().Compile(Three);

        Assert.Equal(one.Nodes.Select(node => node.NodeId), two.Nodes.Select(node => node.NodeId));
        Assert.Equal(2, two.Targets.Count);
        Assert.Contains(two.Nodes, node => node.Interval == 3600);
    }

    [Fact]
    public void Expression_OverTwoMembers_IsRefused()
    {
        var group = new StrategyBuilder("test", Three).TagQuery(["perp"]);

        var refusal = Assert.Throws<RefusalException>(() => group.Prices[0].Close - group.Prices[1].Close);

        Assert.Contains("mixes BTC-PERP and ETH-PERP, two members of a tag query", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Panel_OfSomeMembers_IsRefused()
    {
        var group = new StrategyBuilder("test", Three).TagQuery(["perp"]);

        var refusal = Assert.Throws<RefusalException>(() => Panel.Of(group.Prices[0].Close).Mean());

        Assert.Contains("compares 1 of the 2 members of a tag query", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(group.Panel(price => price.Close).Mean().NodeId);
    }

    private static IEnumerable<string> Find(Universe universe, TagMatch match, params string[] tags) =>
        new StrategyBuilder("test", universe).TagQuery(tags, match).Instruments;

    private sealed class Hourly : Strategy
    {
        protected override void Build(StrategyBuilder s)
        {
            foreach (var price in s.TagQuery(["perp"], TagMatch.Any, "1h").Prices) s.Target(price, When(price.Close > price.Close.Sma(5), 1.0, 0.0).AsOf(s.Price(price.Instrument)));
        }
    }

    private sealed class Followers : Strategy
    {
        protected override void Build(StrategyBuilder s)
        {
            foreach (var price in s.TagQuery(["perp"]).Prices) s.Target(price, When(price.Close > 0.0, 1.0, 0.0));
        }
    }
}
