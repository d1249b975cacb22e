using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

/// <summary>Identities of panels, their outputs and nodes on other clocks: pinned, checked as a submission is, and free of whatever is no part of them.</summary>
public sealed class NodeIdentityTests
{
    private static readonly Universe TwoPerps = new(["ETH-PERP", "BTC-PERP"], 60);

    private static readonly Dictionary<string, (Func<StrategyBuilder, Series> Series, string Id)> Golden = new(StringComparer.Ordinal)
    {
        ["resample"] = (s => s.Price("BTC-PERP").Close.Resample("1h"), "blake3:25d96961ccc9ad27178c54585bdd770abb2684cabb92c0a41b63d0b234a5a9b5"),
        ["resample price"] = (s => s.Price("BTC-PERP", "1h").High, "blake3:fa446a0f25ed77a02ac0eb7152605f795fe3abe5f33d7182897165b5c216567e"),
        ["as of"] = (s => s.Price("BTC-PERP", "1h").Close.Sma(20).AsOf(s.Price("BTC-PERP")), "blake3:47098479017c6acc3c429acb41e6ae76fd3de787ba9a65ccc11637722eed1a22"),
        ["time"] = (s => s.Price("BTC-PERP").Time, "blake3:c886ba99fde00cc2b87877d2ffa806dbcdf1f6fbfab97c71aa6af61a71af7ccc"),
        ["time of hours"] = (s => s.Price("BTC-PERP", "1h").Time, "blake3:fd1f8f2a068e9aee1bc74bf61d8c2ba2152e7b2f2bf9be55959a76d61d7492ee"),
        ["rank"] = (s => s.Panel(p => p.Close).Rank()["BTC-PERP"], "blake3:6e3b67a9fa17b0fd7847062bb59cfa90de599ade98e67c9b90bbd7543e1d99ea"),
        ["other rank"] = (s => s.Panel(p => p.Close).Rank()["ETH-PERP"], "blake3:63ecf21c19dcaa45f1703ea911776725b050d18e37377aeae5e868beecb3a43f"),
        ["zscore"] = (s => s.Panel(p => p.Close).ZScore()["BTC-PERP"], "blake3:13de2812eefe598665470fa6ba96000842707ccef6e5f7bffa6ca973dd630457"),
        ["demean"] = (s => s.Panel(p => p.Close).Demean()["BTC-PERP"], "blake3:ab08e0b675c0812ee7ab062b2573b57ea418490ec05ad526ec5b6d792045e5cc"),
        ["quantile"] = (s => s.Panel(p => p.Close).Quantile(2)["BTC-PERP"], "blake3:e99c4410b7a97bf14fe58ee869598cc98bad87f4102a79bfc12fa68ff84a95bc"),
        ["top"] = (s => s.Panel(p => p.Close).Top(1)["BTC-PERP"], "blake3:0daccb14d0ab625c5cd8f03d787fdbb525b60e3daa327465eed19faae540c0f3"),
        ["bottom"] = (s => s.Panel(p => p.Close).Bottom(1)["BTC-PERP"], "blake3:ab1947c416eb3253875449dd15066e49fbc69cb7d46890be8ac2ce8afb1da94a"),
        ["winsorize"] = (s => s.Panel(p => p.Close).Winsorize()["BTC-PERP"], "blake3:85507b52a35c38af47fde3900f6adb79a7fcb1736cce5b627ad238d7cda76146"),
        ["sum"] = (s => s.Panel(p => p.Close).Sum(), "blake3:d13bef464a60a442aec03b49f70062f59030c67d9dd5c301fc266b7d5ef1e6fe"),
        ["mean"] = (s => s.Panel(p => p.Close).Mean(), "blake3:8c35eaa79ab0b8ec13e6af1ac3ac945a02aadaba03fcc696df55ea4ec482e707"),
        ["tagged rank"] = (s => s.TagQuery(["perp"]).Panel(p => p.Close).Rank()["BTC-PERP"], "blake3:5d82cc03a735de8312fcd9fffefb8fe328d54fa76e3482b03c52faa045ebba2c"),
        ["tagged mean"] = (s => s.TagQuery(["perp"]).Panel(p => p.Close).Mean(), "blake3:90a5be6d14cf7df4af61429922639bfb9df01b0d94747b3ef0854059ffd1ab55"),
    };

    public static TheoryData<string> Kinds => [.. Golden.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void NodeId_OfEachKind_IsTheOnePublished(string kind) =>
        Assert.Equal(Golden[kind].Id, Golden[kind].Series(new StrategyBuilder("golden", TwoPerps)).NodeId);

    [Fact]
    public void NodeId_OfEachKind_IsItsOwn() => Assert.Equal(Golden.Count, Golden.Values.Select(golden => golden.Id).Distinct(StringComparer.Ordinal).Count());

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Serialize_EachKind_PassesTheChecksOfASubmission(string kind)
    {
        var graph = GraphOf(kind, TwoPerps);

        // The check computes every identity anew from the canonical form and compares.
        using var document = JsonDocument.Parse(graph.Serialize());
        SubmissionCheck.Inspect(document.RootElement, graph.NodeIdsCrc32).ThrowIfRefused();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void NodeId_NamesStrategyAndOrderOfInstruments_AreNoPartOfIt(string kind) =>
        Prop.ForAll<NonEmptyString, bool>((name, turned) =>
        {
            var universe = turned ? new Universe(["BTC-PERP", "ETH-PERP"], 60) : TwoPerps;
            var builder = new StrategyBuilder(name.Get, universe);
            return Golden[kind].Series(builder).Named(name.Get.Length > 200 ? "long" : name.Get).NodeId == Golden[kind].Id;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void NodeId_AnotherInstrumentInTheRun_ChangesPanelsButNotTagQueries()
    {
        var three = new Universe(["ETH-PERP", "BTC-PERP", "SOL-PERP"], 60);

        Assert.NotEqual(Golden["rank"].Id, Golden["rank"].Series(new StrategyBuilder("golden", three)).NodeId);
        foreach (var kind in new[] { "tagged rank", "tagged mean", "as of", "time" })
            Assert.Equal(Golden[kind].Id, Golden[kind].Series(new StrategyBuilder("golden", three)).NodeId);
    }

    [Fact]
    public void Compile_MembersOfATagQueryComputedDifferently_AreRefused()
    {
        var builder = new StrategyBuilder("test", TwoPerps);
        var group = builder.TagQuery(["perp"]).Panel(p => p.Instrument == "BTC-PERP" ? p.Close : p.Open);

        var refusal = Assert.Throws<RefusalException>(() => group.Rank());

        Assert.Contains("must hold the same expression of every member", refusal.Message, StringComparison.Ordinal);
    }

    private static StrategyGraph GraphOf(string kind, Universe universe)
    {
        var builder = new StrategyBuilder("golden", universe);
        builder.Output("y", Golden[kind].Series(builder));
        return builder.ToGraph();
    }
}
