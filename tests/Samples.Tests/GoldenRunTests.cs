using System.Text.Json.Nodes;
using Qmtl.Client;
using Qmtl.Runtime;
using Qmtl.Samples;
using Qmtl.Strategies;

namespace Samples.Tests;

/// <summary>Each sample carries what its run must find; any change of engine, core or statistics shows here.</summary>
public sealed class GoldenRunTests
{
    private static readonly string[] Exact = ["strategy", "bars", "warmup_bars", "start", "end", "trades", "fills", "final_equity", "stream_digest"];
    private static readonly string[] Computed = ["total_return", "sharpe", "sortino", "max_drawdown", "win_rate", "profit_factor", "exposure_time", "commission_paid"];

    public static TheoryData<string, Type> Samples => new() { { "SmaCross", typeof(TrendFollower) }, { "Breakout", typeof(ChannelBreakout) } };

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Run_OnTheGeneratedMarket_FindsWhatTheSampleSays(string sample, Type type)
    {
        var expected = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "expected", sample, "expected.json")))!.AsObject();

        var found = ReplayJson.ToNode(new KernelReplay().Run((Strategy)Activator.CreateInstance(type)!, new GeneratedMarket().Bars, GeneratedMarket.Costs)).AsObject();

        foreach (var name in Exact) Assert.True(JsonNode.DeepEquals(expected[name], found[name]), $"{name}: expected {expected[name]}, found {found[name]}");
        foreach (var name in Computed) Assert.Equal(expected[name]!.GetValue<double>(), found[name]!.GetValue<double>(), 1e-12);
    }

    [Fact]
    public void Market_AnHourLater_IsTheSameUpToThen()
    {
        var market = new GeneratedMarket();
        var before = market.Bars.Series[0];

        market.Next();

        var after = market.Bars.Series[0];
        Assert.Equal(before.Count + 1, after.Count);
        Assert.True(before.Close.SequenceEqual(after.Close[..before.Count]));
    }
}
