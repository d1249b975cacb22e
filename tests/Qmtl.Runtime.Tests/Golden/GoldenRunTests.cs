using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime.Tests;

/// <summary>
/// Every built-in strategy carries its golden run: statistics and stream digest on invented bars that are the same on every machine, and the identity of
/// each of its nodes. Whoever changes one on purpose runs with QMTL_WRITE_GOLDEN=1 and commits the difference.
/// </summary>
public sealed class GoldenRunTests
{
    private const string WriteVariable = "QMTL_WRITE_GOLDEN";
    private static readonly string[] Instruments = ["AAA-USDT", "BBB-USDT", "CCC-USDT", "DDD-EUR"];

    public static TheoryData<string> Strategies => [.. StrategyCatalog.All.Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(Strategies))]
    public async Task Run_BuiltInStrategy_FindsWhatItFoundBefore(string name)
    {
        var data = Market(name);
        var options = new ReplayOptions { CommissionBps = 5, SlippageBps = 1, AllowShort = true, Sizing = SizingMode.Target, Leverage = 2 };

        var result = new KernelReplay().Run(StrategyCatalog.Create(name), data, options);

        Assert.True(result.Fills > 0, $"{name} never traded.");
        await AssertGoldenAsync(name + ".json", Describe(result));
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void Run_AnyBlockLength_GivesTheSameStream(string name)
    {
        var data = Market(name);
        var options = new ReplayOptions { AllowShort = true, Sizing = SizingMode.Target, Leverage = 2 };
        var whole = new KernelReplay().Run(StrategyCatalog.Create(name), data, options).StreamDigest;

        foreach (var length in new[] { 1, 7, 4096 })
            Assert.Equal(whole, new KernelReplay().Run(StrategyCatalog.Create(name), data, options with { BlockLength = length }).StreamDigest);
    }

    [Fact]
    public async Task Compile_BuiltInStrategies_HaveTheIdentitiesTheyHadBefore()
    {
        var universe = new Universe(Instruments, 60);
        var nodes = new JsonObject();
        foreach (var entry in StrategyCatalog.All)
            nodes[entry.Name] = new JsonArray([.. entry.Create().Compile(universe).Nodes.Select(node => (JsonNode)$"{node.NodeId} {node.Name}")]);

        await AssertGoldenAsync("node-ids.json", nodes);
    }

    /// <summary>Two instruments share the steps of one walk, so that pairs have a spread to trade.</summary>
    private static MarketData Market(string strategy) => string.Equals(strategy, "pairs", StringComparison.Ordinal)
        ? MarketData.Of(Walk("AAA-USDT", 11, 100), Follower("BBB-USDT", Walk("AAA-USDT", 11, 100), Walk("noise", 12, 50)))
        : MarketData.Of([.. Instruments.Select((instrument, i) => Walk(instrument, (ulong)(21 + i), 100 * (i + 1)))]);

    private static BarSeries Walk(string instrument, ulong seed, double price) =>
        SyntheticBars.Generate(new SyntheticOptions { Instrument = instrument, Seed = seed, Count = 4_000, Price = price, Volatility = 0.004, Drift = 0.00005 });

    /// <summary>A tenth of the noise's moves on top of the leader's: sums and products only, like the walk itself.</summary>
    private static BarSeries Follower(string instrument, BarSeries leader, BarSeries noise)
    {
        var factor = noise.Close.ToArray().Select(close => 0.9 + (0.1 * (close / 50.0))).ToArray();
        var columns = leader.ColumnNames.ToDictionary(
            name => name, name => leader.FindColumn(name)!.Value.ToArray().Select((value, i) => name == "volume" ? value : Math.Round(value * factor[i], 2)).ToArray(), StringComparer.Ordinal);
        return new BarSeries(instrument, leader.Times.ToArray(), columns);
    }

    private static JsonObject Describe(ReplayResult result) => new()
    {
        ["params"] = new JsonObject(result.Params.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        ["symbols"] = new JsonArray([.. result.Symbols.Select(symbol => (JsonNode)symbol)]),
        ["bars"] = result.Bars,
        ["warmup_bars"] = result.WarmupBars,
        ["final_equity"] = result.FinalEquity,
        ["sharpe"] = result.Sharpe,
        ["max_drawdown"] = result.MaxDrawdown,
        ["trades"] = result.Trades,
        ["fills"] = result.Fills,
        ["rejected_orders"] = result.RejectedOrders,
        ["exposure_time"] = result.ExposureTime,
        ["turnover"] = result.Turnover,
        ["stream_digest"] = result.StreamDigest,
    };

    private static async Task AssertGoldenAsync(string file, JsonObject found)
    {
        var source = Path.Combine(SourceFolder(), file);
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            await File.WriteAllTextAsync(source, found.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n");
            return;
        }

        Assert.True(File.Exists(source), $"{file} is missing; run with {WriteVariable}=1 and commit it.");
        var expected = JsonNode.Parse(await File.ReadAllTextAsync(source))!.AsObject();
        foreach (var (name, value) in found) AssertSame(file, name, expected[name], value);
        Assert.Equal(expected.Select(member => member.Key), found.Select(member => member.Key));
    }

    // The digest covers every target, fill and the account, and must be equal; statistics may differ in their last bits between processors.
    private static void AssertSame(string file, string name, JsonNode? expected, JsonNode? found)
    {
        if (found?.GetValueKind() == JsonValueKind.Number && expected?.GetValueKind() == JsonValueKind.Number)
            Assert.Equal(double.Parse(expected.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture), double.Parse(found.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture), 1e-9);
        else if (expected is JsonArray before && found is JsonArray now)
            Assert.Equal(before.Select(FirstWord), now.Select(FirstWord));
        else
            Assert.True(JsonNode.DeepEquals(expected, found), $"{file}: {name} was {expected?.ToJsonString()}, is {found?.ToJsonString()}");
    }

    // An identity stands before its name; names are for people and may change.
    private static string FirstWord(JsonNode? item) => item!.ToString().Split(' ')[0];

    private static string SourceFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Qmtl.sln"))) folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? throw new DirectoryNotFoundException("No folder above the tests holds Qmtl.sln."), "tests/Qmtl.Runtime.Tests/Golden");
    }
}
