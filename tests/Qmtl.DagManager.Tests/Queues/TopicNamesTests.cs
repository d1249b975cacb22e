using FsCheck;
using FsCheck.Fluent;
using Qmtl.DagManager.Queues;
using Qmtl.Identity;

namespace Qmtl.DagManager.Tests.Queues;

public sealed class TopicNamesTests
{
    private static readonly NodeSpec Node = Graphs.Price("BTC/USDT");
    private static readonly string Digest = Node.NodeId![NodeId.Prefix.Length..];

    [Fact]
    public void FirstFree_NothingTaken_NamesWorldDomainAssetTypeAndDigest() =>
        Assert.Equal($"w1.backtest.btc-usdt_streaminput_{Digest[..8]}_v1", TopicNames.FirstFree(Node, Graphs.Context(), "v1", _ => false));

    [Fact]
    public void FirstFree_Dryrun_IsMarkedAsSimulated() =>
        Assert.Equal($"w1.dryrun.btc-usdt_streaminput_{Digest[..8]}_v1_sim", TopicNames.FirstFree(Node, Graphs.Context(domain: ExecutionDomain.Dryrun), "v1", _ => false));

    [Fact]
    public void FirstFree_NoTagAndNoWorld_StillHasAName() =>
        Assert.Equal($"asset_streaminput_{Digest[..8]}_v1", TopicNames.FirstFree(Node with { Tags = [] }, Graphs.Context(world: ""), "v1", _ => false));

    [Fact]
    public void FirstFree_NamesTaken_GrowsTheDigestByTwoAndThenANumber()
    {
        var taken = new HashSet<string>();
        var names = new List<string>();
        for (var i = 0; i < 31; i++)
        {
            names.Add(TopicNames.FirstFree(Node, Graphs.Context(), "v1", taken.Contains));
            taken.Add(names[^1]);
        }

        Assert.Equal(Enumerable.Range(4, 29).Select(length => $"w1.backtest.btc-usdt_streaminput_{Digest[..(2 * length)]}_v1"), names[..29]);
        Assert.Equal([$"w1.backtest.btc-usdt_streaminput_{Digest}_v1_2", $"w1.backtest.btc-usdt_streaminput_{Digest}_v1_3"], names[29..]);
    }

    [Fact]
    public void Sanitise_AnyText_HoldsOnlyWhatATopicMay() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text => TopicNames.Sanitise(text.Get).All(character => char.IsAsciiDigit(character) || char.IsAsciiLetterLower(character) || ".-_".Contains(character, StringComparison.Ordinal)))
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("StreamInput", "raw", 3)]
    [InlineData("Sma", "indicator", 1)]
    [InlineData("TradeOrderPublisher", "trade_exec", 1)]
    [InlineData("Portfolio", "trade_exec", 1)]
    public void Of_NodeType_DecidesHowATopicIsKept(string nodeType, string name, int partitions)
    {
        var kept = TopicClass.Of(nodeType);

        Assert.Equal((name, partitions), (kept.Name, kept.Partitions));
    }
}
