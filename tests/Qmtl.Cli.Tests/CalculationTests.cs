using System.Globalization;
using System.Text.Json;
using Qmtl.Strategies;

namespace Qmtl.Cli.Tests;

public sealed class CalculationTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Indicator_Sma_IsTheMeanAndEmptyWhileWarmingUp()
    {
        var csv = _scratch.Write("a.csv", "timestamp,open,high,low,close,volume\n" + string.Join('\n', new[] { 1, 2, 4, 8 }.Select((close, i) => $"{60 * (i + 1)},1,9,1,{close},0")));

        var ran = await Command.RunAsync("indicator", "sma", "--csv", csv, "--param", "period=2");

        Assert.Equal(0, ran.ExitCode);
        Assert.Equal(["timestamp,sma", "1970-01-01T00:01:00Z,", "1970-01-01T00:02:00Z,1.5", "1970-01-01T00:03:00Z,3", "1970-01-01T00:04:00Z,6"], ran.Lines);
    }

    [Fact]
    public async Task Indicator_LongerThanTheData_IsEmptyAndSaysSo()
    {
        var csv = _scratch.Write("a.csv", "timestamp,open,high,low,close,volume\n60,1,1,1,1,0\n120,1,1,1,1,0");

        var empty = await Command.RunAsync("indicator", "sma", "--csv", csv, "--param", "period=3");
        var full = await Command.RunAsync("indicator", "sma", "--csv", csv, "--param", "period=2");

        Assert.Equal((0, 3), (empty.ExitCode, empty.Lines.Length));
        Assert.Contains("sma has no value on any of the 2 bars", empty.Error, StringComparison.Ordinal);
        Assert.Equal("", full.Error);
    }

    [Fact]
    public async Task Indicator_List_NamesEveryIndicatorWithParametersAndColumns()
    {
        var json = await Command.JsonAsync("indicator", "--list");
        var table = await Command.RunAsync("indicator", "--list");

        var listed = json.GetProperty("indicators").EnumerateArray().ToArray();
        Assert.Equal(IndicatorCatalog.All.Select(indicator => indicator.Name), listed.Select(entry => entry.GetProperty("name").GetString()));
        Assert.All(listed, entry => Assert.NotEqual(0, entry.GetProperty("columns").GetArrayLength()));
        Assert.All(IndicatorCatalog.All, indicator => Assert.Contains(table.Lines, line => line.TrimStart().StartsWith(indicator.Name + " ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Indicator_ListOfOne_SaysRangesAndWarmup()
    {
        var ran = await Command.RunAsync("indicator", "sma", "--list");

        Assert.Equal(0, ran.ExitCode);
        Assert.Contains("period      1..10000, default 20", ran.Out, StringComparison.Ordinal);
        Assert.Contains("column sma  first value after 19 bars", ran.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("indicator", "name one, or use --list")]
    [InlineData("indicator sma", "--csv is required")]
    public async Task Indicator_WithoutWhatItNeeds_IsWrongUsage(string line, string said)
    {
        var ran = await Command.RunAsync(line.Split(' '));

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains(said, ran.Error, StringComparison.OrdinalIgnoreCase);
    }

    [RequiresFact(Needs.MarketData)]
    public async Task Indicator_RealBars_EqualsTheMeanOfEachWindow()
    {
        var csv = Path.Combine(Machine.MarketDataFolder!, "crypto", "1m", "BTC-PERP.csv");
        double[] close = [.. File.ReadLines(csv).Skip(1).Select(line => double.Parse(line.Split(',')[4], CultureInfo.InvariantCulture))];

        var ran = await Command.RunAsync("indicator", "sma", "--csv", csv, "--param", "period=20");

        string[] values = [.. ran.Lines.Skip(1).Select(line => line.Split(',')[1])];
        Assert.Equal(close.Length, values.Length);
        Assert.All(values.Take(19), value => Assert.Equal("", value));
        for (var i = 19; i < close.Length; i++) Assert.Equal(close.AsSpan(i - 19, 20).ToArray().Average(), double.Parse(values[i], CultureInfo.InvariantCulture), 8);
    }

    [Fact]
    public async Task Indicator_SeveralInstruments_AsksForOne()
    {
        var csv = _scratch.Write("a.csv", "timestamp,symbol,open,high,low,close\n60,X,1,1,1,1\n60,Y,2,2,2,2\n");

        var unsaid = await Command.RunAsync("indicator", "sma", "--csv", csv, "--param", "period=1");
        var said = await Command.RunAsync("indicator", "sma", "--csv", csv, "--param", "period=1", "--symbol", "Y");

        Assert.Equal(2, unsaid.ExitCode);
        Assert.Contains("--symbol must be one of X, Y", unsaid.Error, StringComparison.Ordinal);
        Assert.EndsWith(",2", said.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task NodeId_Document_GivesPublishedIdentitiesInDocumentOrder()
    {
        const string First = """{"node_type":"StreamInput","interval":60,"period":30,"schema_compat_id":"ohlcv-v1","code_hash":"74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"}""";
        const string Second = """{"node_type":"ProcessingNode","interval":1,"period":1,"params":{"b":true,"f":1.0,"g":1e-7,"h":1e17,"n":null},"schema_compat_id":"x","code_hash":"y"}""";
        var file = _scratch.Write("dag.json", $$"""{"nodes":[{{Second}},{{First}}]}""");

        var ran = await Command.RunAsync("node-id", file, "--crc");
        var json = await Command.JsonAsync("node-id", file, "--crc");

        // The second is published; the first's pre-image has a null in it, which only a node without params gives.
        Assert.Equal("blake3:1daac8bb4ec0a23aa4533c241ecc8ef72a2568e3d177a74e0bbee219b3a6066d", ran.Lines[0]);
        Assert.Equal(ran.Lines[..2], json.GetProperty("node_ids").EnumerateArray().Select(id => id.GetString()));
        Assert.Equal($"crc32 {json.GetProperty("node_ids_crc32").GetUInt32()}", ran.Lines[2]);
    }

    [Fact]
    public async Task NodeId_NamesAndStandardInput_ResolveInAnyOrder()
    {
        const string Dag = """[{"name":"b","node_type":"P","interval":60,"period":2,"dependencies":["a"],"schema_compat_id":"s","code_hash":"c"},{"name":"a","node_type":"S","interval":60,"period":1,"schema_compat_id":"s","code_hash":"c"}]""";

        var ran = await Command.RunAsync(["node-id", "-"], CancellationToken.None, Dag);

        Assert.Equal((0, 2), (ran.ExitCode, ran.Lines.Distinct(StringComparer.Ordinal).Count()));
    }

    [Fact]
    public async Task NodeId_Cycle_Is1AndNamesIt()
    {
        const string Dag = """[{"name":"a","node_type":"P","interval":60,"period":1,"dependencies":["b"]},{"name":"b","node_type":"P","interval":60,"period":1,"dependencies":["a"]}]""";

        var ran = await Command.RunAsync(["node-id", "-"], CancellationToken.None, Dag);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("a -> b -> a", ran.Error, StringComparison.Ordinal);
        Assert.Contains("[E_CYCLE]", ran.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("blake3:6241e6c02d515bb55ec7e49e9ce2af9d770f569cf3f958ffe06c0ab1dc987a3b", "--domain", "backtest", "--as-of", "2025-01-01T00:00:00Z", "--partition", "p0")]
    [InlineData("blake3:e4d666316db01277c0127116c724179421cc4935529a3cd70c192301c9af5997")]
    [InlineData("blake3:1171c0f7d32de81f5d6fba05bbfa0dad70e7aee5c98cb4da57e7a233b90da086", "--domain", "live")]
    public async Task ComputeKey_Context_IsThePublishedKey(string key, params string[] context)
    {
        var ran = await Command.RunAsync(["compute-key", "blake3:aa", "--world", "w1", .. context]);

        Assert.Equal((0, key), (ran.ExitCode, ran.Lines.Single()));
    }

    [Fact]
    public async Task Metrics_PublishedSeries_GivesThePublishedNumbers()
    {
        var file = _scratch.Write("r.txt", ".01\n-.005\n.007\n.002\n-.011\n.015\n0\n.004\n\n-.003\n.006\n");

        var json = (await Command.RunAsync("metrics", "--returns", file, "--trials", "5", "--periods-per-year", "252")).Json;

        Assert.Equal(10, json.GetProperty("n").GetInt32());
        Assert.Equal(0.34585723193303736, json.GetProperty("sharpe_per_period_population").GetDouble(), 14);
        Assert.Equal(2.3157894736842106, json.GetProperty("profit_factor").GetDouble(), 12);
        Assert.Equal(0.420796, json.GetProperty("dsr").GetDouble(), 6);
        Assert.False(json.GetProperty("profit_factor_is_infinite").GetBoolean());
    }

    [Fact]
    public async Task Metrics_NoLoss_HasNoInfiniteNumber()
    {
        var ran = await Command.RunAsync(["metrics", "--returns", "-"], CancellationToken.None, "0.1\n0.2\n");

        Assert.Equal(JsonValueKind.Null, ran.Json.GetProperty("profit_factor").ValueKind);
        Assert.True(ran.Json.GetProperty("profit_factor_is_infinite").GetBoolean());
    }

    [Fact]
    public async Task Metrics_TimesBenchmarkAndBootstrap_AddTheirTables()
    {
        var file = _scratch.Write("rt.csv", "timestamp,return\n2024-11-29,0.10\n2024-12-30,-0.10\n1735689600,0.05\n2025-01-02T00:00:00Z,0.10\n");
        var benchmark = _scratch.Write("b.txt", "0.05\n-0.05\n0.025\n0.05\n");

        var json = (await Command.RunAsync("metrics", "--returns", file, "--benchmark", benchmark, "--periods-per-year", "252", "--bootstrap", "200")).Json;

        Assert.Equal(2, json.GetProperty("benchmark").GetProperty("beta").GetDouble(), 12);
        Assert.Equal(0, json.GetProperty("benchmark").GetProperty("alpha").GetDouble(), 12);
        var years = json.GetProperty("monthly");
        Assert.Equal([2024, 2025], years.EnumerateArray().Select(year => year.GetProperty("year").GetInt32()));
        Assert.Equal(-0.01, years[0].GetProperty("total").GetDouble(), 12);
        Assert.Equal(0.155, years[1].GetProperty("01").GetDouble(), 12);
        Assert.Equal(JsonValueKind.Null, years[1].GetProperty("02").ValueKind);
        var drawdown = Assert.Single(json.GetProperty("drawdowns").EnumerateArray());
        Assert.Equal("2024-12-30T00:00:00Z", drawdown.GetProperty("trough_time").GetString());
        Assert.Equal("2025-01-02T00:00:00Z", drawdown.GetProperty("recovery_time").GetString());
        Assert.Equal(json.GetProperty("sharpe_annualised").GetDouble(), json.GetProperty("sharpe_interval").GetProperty("value").GetDouble(), 12);
        Assert.Equal(2, (await Command.RunAsync(["metrics", "--returns", file, "--benchmark", "-"], CancellationToken.None, "0.1\n")).ExitCode);
    }

    [Theory]
    [InlineData("2024-01-02,0.1\n2024-01-01,0.1\n", "line 2: must come after")]
    [InlineData("soon,0.1\n", "line 1: must begin with a time")]
    [InlineData("0.1\n2024-01-01,0.1\n", "a time on 1 of 2 lines")]
    public async Task Metrics_MistakenTimes_Is1AndNamesThem(string text, string problem)
    {
        var ran = await Command.RunAsync(["metrics", "--returns", "-"], CancellationToken.None, text);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains(problem, ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_MalformedLine_Is1AndNamesIt()
    {
        var ran = await Command.RunAsync(["metrics", "--returns", "-"], CancellationToken.None, "0.1\n\nx\n");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("line 3: must be one number, was \"x\"", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fingerprint_PublishedRows_IsThePublishedFingerprint()
    {
        var csv = _scratch.Write("a.csv", "ts,open,high,low,close,volume\n120,2.0,3.5,1.25,3.0,10.0\n60,1.0,2.5,0.5,2.0,\n");

        var ran = await Command.RunAsync("data", "fingerprint", csv, "--node-id", "ohlcv:binance:BTC/USDT:1m", "--interval", "60");
        var ordered = _scratch.Write("b.csv", "ts,open,high,low,close,volume\n60,1.0,2.5,0.5,2.0,\n120,2.0,3.5,1.25,3.0,10.0\n");
        var again = await Command.RunAsync("data", "fingerprint", ordered, "--node-id", "ohlcv:binance:BTC/USDT:1m", "--interval", "1m");

        Assert.Equal("sha256:09d4f311fcf729036ea3277df0d67d13a301645b86942e606c906c2709147fa2", ran.Lines.Single());
        Assert.Equal(ran.Out, again.Out);
    }

    [Fact]
    public async Task Generate_SameSeed_SameBytesInFileAndOnTheOutput()
    {
        var file = _scratch.File("syn.csv");

        var json = await Command.JsonAsync("data", "generate", "--out", file, "--bars", "100", "--interval", "5m", "--start", "2024-03-01", "--seed", "9");
        var ran = await Command.RunAsync("data", "generate", "--bars", "100", "--interval", "5m", "--start", "2024-03-01", "--seed", "9");

        Assert.Equal(("2024-03-01T00:00:00Z", 300, 100), (json.GetProperty("start").GetString(), json.GetProperty("interval_seconds").GetInt32(), json.GetProperty("bars").GetInt32()));
        Assert.Equal(await File.ReadAllTextAsync(file), ran.Out);
    }

    [Fact]
    public async Task Strategies_Json_ListsParametersWithTheirRanges()
    {
        var json = await Command.JsonAsync("strategies");

        var cross = json.GetProperty("strategies").EnumerateArray().Single(strategy => strategy.GetProperty("name").GetString() == "sma-cross");
        var fast = cross.GetProperty("params")[0];
        Assert.Equal(("fast", "10", "1..10000"), (fast.GetProperty("name").GetString(), fast.GetProperty("default").GetString(), fast.GetProperty("range").GetString()));
    }
}
