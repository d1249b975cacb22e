using Qmtl.Data;
using Qmtl.Runtime;
using Qmtl.Strategies;

namespace Qmtl.Docs.Tests;

/// <summary>What authoring.md shows runs, and what it lists is there.</summary>
public sealed class AuthoringTests
{
    [Fact]
    public void Strategies_StandInTheTable() => DocumentTables.AssertTable(
        "docs/authoring.md", "strategies",
        string.Join('\n', (string[])["| name | parameters | does |", "|---|---|---|", .. StrategyCatalog.All.Select(entry => $"| `{entry.Name}` | {string.Join(", ", entry.Parameters.Select(p => $"`{p.Name}={p.Default}`"))} | {entry.Description} |")]));

    [Fact]
    public void ShownStrategies_Trade()
    {
        var one = MarketData.Of(Walk("AAA-USDT", 3));
        var three = MarketData.Of(Walk("AAA-USDT", 3), Walk("BBB-USDT", 4), Walk("CCC-USDT", 5));

        Assert.All((Strategy[])[new DipBuyer(), new Reverter(), new Skewness(), new HourlyTrend(), new TrendWithFeature()], strategy => AssertTrades(strategy, one));
        Assert.All((Strategy[])[new Rotation(), new TaggedTrend()], strategy => AssertTrades(strategy, three));
    }

    [Fact]
    public void ShownLabels_AreOutputsAndNoTargets()
    {
        var graph = new TrainingSet().Compile(new Universe(["X"], 60));

        Assert.Equal(["z_at_entry", "outcome", "return"], graph.Outputs.Select(output => output.Name));
        Assert.Empty(graph.Targets);
        Assert.All(StrategyOutputs.Compute(new TrainingSet(), MarketData.Of(Walk("X", 3)), new ReplayOptions()).Outputs, output => Assert.True(output.Present > 3_000, output.Name));
    }

    private static BarSeries Walk(string instrument, ulong seed) =>
        SyntheticBars.Generate(new SyntheticOptions { Instrument = instrument, Seed = seed, Count = 4_000, Volatility = 0.004 });

    private static void AssertTrades(Strategy strategy, MarketData data) =>
        Assert.True(new KernelReplay().Run(strategy, data, new ReplayOptions { Sizing = SizingMode.Target, AllowShort = true }).Trades > 0, $"{strategy.Name} never traded.");
}
