using System.Globalization;
using System.Security.Cryptography;

namespace Qmtl.Cli.Tests;

public sealed class BacktestTests : IDisposable
{
    /// <summary>What scripts rely on.</summary>
    private static readonly string[] Published =
    [
        "strategy", "params", "symbols", "bars", "start", "end", "initial_cash", "final_equity", "total_return", "cagr", "volatility_annual", "sharpe", "sortino", "calmar", "max_drawdown",
        "max_drawdown_days", "trades", "win_rate", "profit_factor", "exposure_time", "commission_paid", "stream_digest", "elapsed_ms", "bars_per_second", "calendar", "open_trades", "open_position",
        "fills",
    ];

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Backtest_Json_HasThePublishedFieldsAndTheSameDigestTwice()
    {
        var csv = await BarsAsync(2_000);

        var first = await Command.JsonAsync("backtest", "sma-cross", "--csv", csv, "--param", "fast=5", "--param", "slow=20");
        var second = await Command.JsonAsync("backtest", "sma-cross", "--csv", csv, "--param", "slow=20", "--param", "fast=5");

        Assert.Empty(Published.Except(first.EnumerateObject().Select(member => member.Name), StringComparer.Ordinal));
        Assert.Equal(2_000, first.GetProperty("bars").GetInt32());
        Assert.Equal("5", first.GetProperty("params").GetProperty("fast").GetString());
        Assert.Equal(first.GetProperty("stream_digest").GetString(), second.GetProperty("stream_digest").GetString());
    }

    [Fact]
    public async Task Backtest_EachCondition_ReachesTheReplay()
    {
        var csv = await BarsAsync(2_000);
        string[] plain = ["backtest", "sma-cross", "--csv", csv];
        string[][] conditions =
        [
            ["--cash", "500"], ["--commission-bps", "5"], ["--slippage-bps", "5"], ["--fill", "close"], ["--sizing", "fixed", "--size", "2"], ["--whole-units"], ["--short", "on"],
            ["--param", "entry=cross"],
        ];
        var digests = new HashSet<string>(StringComparer.Ordinal) { Digest(await Command.JsonAsync(plain)) };

        foreach (var condition in conditions) Assert.True(digests.Add(Digest(await Command.JsonAsync([.. plain, .. condition]))), $"{string.Join(' ', condition)} changes nothing.");

        // All of it at once and a weight of one are the same; a weight of a half is not.
        string[] half = ["backtest", "buy-and-hold", "--csv", csv, "--param", "weight=0.5"];
        Assert.NotEqual(Digest(await Command.JsonAsync(half)), Digest(await Command.JsonAsync([.. half, "--sizing", "target"])));
        var closed = await Command.JsonAsync([.. plain, "--short", "on", "--close-at-end"]);
        Assert.Equal(0, closed.GetProperty("open_trades").GetInt32());
        var counted = await Command.JsonAsync([.. plain, "--bars-per-year", "1000"]);
        Assert.Equal(1000, counted.GetProperty("bars_per_year").GetDouble());
        var traded = await Command.JsonAsync([.. plain, "--calendar", "fx"]);
        Assert.Equal("fx", traded.GetProperty("calendar").GetString());
    }

    [Theory]
    [InlineData(2_000, "mean-reversion", "Targets below zero held flat: ")]
    [InlineData(2_000, "vol-target", "Partial weights held whole: ")]
    [InlineData(20, "sma-cross", "No target yet: the first value needs 30 bars, the data has 20.")]
    public async Task Backtest_ConditionsThatChangeTheStrategy_AreSaid(int bars, string strategy, string note)
    {
        var csv = await BarsAsync(bars);

        var noted = await Command.RunAsync("backtest", strategy, "--csv", csv);
        var plain = await Command.RunAsync("backtest", "buy-and-hold", "--csv", csv);

        Assert.Equal(0, noted.ExitCode);
        Assert.Contains(note, noted.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(note, plain.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backtest_EquityBelowZero_IsCalledRuin()
    {
        var csv = _scratch.Write("jump.csv", "timestamp,open,high,low,close,volume\n" + string.Join('\n', Enumerable.Range(1, 80).Select(i => $"{60 * i},{Price(i)},{Price(i)},{Price(i)},{Price(i)},1")));

        var ran = await Command.RunAsync("backtest", "momentum", "--csv", csv, "--param", "lookback=5", "--short", "on");

        Assert.Equal(0, ran.ExitCode);
        Assert.Contains("Ruined: ", ran.Out, StringComparison.Ordinal);

        // Falls, so that it is sold short, and then becomes a hundred times as much.
        static int Price(int bar) => bar < 60 ? 1000 - bar : 100_000;
    }

    [Fact]
    public async Task Backtest_Tag_GivesAnInstrumentItsTags()
    {
        var csv = await BarsAsync(2_000);
        var symbol = Path.GetFileNameWithoutExtension(csv);
        string[] query = ["backtest", "tag-trend", "--csv", csv, "--param", "tags=liquid", "--param", "trend=20"];

        var tagged = await Command.JsonAsync([.. query, "--tag", $"{symbol}=spot,liquid"]);
        var (untagged, stranger) = (await Command.RunAsync(query), await Command.RunAsync([.. query, "--tag", "NOBODY=liquid"]));

        Assert.True(tagged.GetProperty("trades").GetInt32() > 0);
        Assert.Equal(1, untagged.ExitCode);
        Assert.Contains("matches none of", untagged.Error, StringComparison.Ordinal);
        Assert.Equal(2, stranger.ExitCode);
        Assert.Contains("There is no instrument NOBODY to tag", stranger.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backtest_Stream_IsTheFileThatTheDigestNames()
    {
        var csv = await BarsAsync(1_000);
        var file = _scratch.File("run.events");

        var result = await Command.JsonAsync("backtest", "sma-cross", "--csv", csv, "--stream", file);

        Assert.Equal(Digest(result), "sha256:" + Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(file))));
        Assert.Equal(["a.csv", "run.events"], Directory.GetFiles(_scratch.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Backtest_StreamOfARefusedRun_LeavesNoFile()
    {
        var csv = await BarsAsync(100);
        var file = _scratch.File("run.events");

        var ran = await Command.RunAsync("backtest", "sma-cross", "--csv", csv, "--stream", file, "--leverage", "0");

        Assert.Equal(2, ran.ExitCode);
        Assert.Equal(["a.csv"], Directory.GetFiles(_scratch.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Backtest_FlatPrices_HasNullsWhereNumbersAreUndefined()
    {
        var rows = Enumerable.Range(0, 40).Select(i => string.Create(CultureInfo.InvariantCulture, $"{1_700_000_000 + (60 * i)},5,5,5,5,1"));
        var csv = _scratch.Write("flat.csv", "timestamp,open,high,low,close,volume\n" + string.Join('\n', rows));

        var result = await Command.JsonAsync("backtest", "sma-cross", "--csv", csv);

        Assert.Equal(System.Text.Json.JsonValueKind.Null, result.GetProperty("sharpe").ValueKind);
        Assert.Equal(0, result.GetProperty("trades").GetInt32());
    }

    [Theory]
    [InlineData("2,1,1,1,x,1", "line 3, column close: must be a number")]
    [InlineData("1,1,1,1,1,1", "use --dedupe first or last")]
    [InlineData("0,1,1,1,1,1", "use --sort")]
    [InlineData("2,1,1,1", "the line has 4 cells")]
    public async Task Backtest_MalformedCsv_Is1AndNamesThePlace(string row, string problem)
    {
        var csv = _scratch.Write("bad.csv", "timestamp,open,high,low,close,volume\n1,1,1,1,1,1\n" + row + "\n");

        var ran = await Command.RunAsync("backtest", "sma-cross", "--csv", csv);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains(problem, ran.Error, StringComparison.Ordinal);
        Assert.Contains("bad.csv line 3", ran.Error, StringComparison.Ordinal);
    }

    [RequiresFact(Needs.MarketData)]
    public async Task Backtest_RealBars_EqualsALoopWrittenFromTheDefinitions()
    {
        var csv = Path.Combine(Machine.MarketDataFolder!, "crypto", "1m", "BTC-PERP.csv");
        var rows = File.ReadLines(csv).Skip(1).Select(line => line.Split(',')).ToArray();
        double[] open = [.. rows.Select(row => double.Parse(row[1], CultureInfo.InvariantCulture))], close = [.. rows.Select(row => double.Parse(row[4], CultureInfo.InvariantCulture))];
        var expected = AllInAtNextOpen(open, close, fast: 10, slow: 30);

        var result = await Command.JsonAsync("backtest", "sma-cross", "--csv", csv, "--param", "fast=10", "--param", "slow=30");

        Assert.Equal(45_031, result.GetProperty("bars").GetInt32());
        Assert.Equal(expected.Trades, result.GetProperty("trades").GetInt32());
        Assert.Equal(expected.Equity[^1], result.GetProperty("final_equity").GetDouble(), 2);
        Assert.Equal(Sharpe(expected.Equity, 525_600), result.GetProperty("sharpe").GetDouble(), 4);
    }

    private static (double[] Equity, int Trades) AllInAtNextOpen(double[] open, double[] close, int fast, int slow)
    {
        var (cash, held, trades, wanted) = (10_000.0, 0.0, 0, false);
        var equity = new double[close.Length];
        for (var i = 0; i < close.Length; i++)
        {
            if (wanted && held == 0) (held, cash) = (cash / open[i], 0);
            else if (!wanted && held > 0) (cash, held, trades) = (held * open[i], 0, trades + 1);
            equity[i] = cash + (held * close[i]);
            if (i < slow - 1) continue;
            var (quick, slack) = (close.AsSpan(i - fast + 1, fast).ToArray().Average(), close.AsSpan(i - slow + 1, slow).ToArray().Average());
            wanted = quick - slack > 1e-12 * slack;
        }

        return (equity, trades);
    }

    private static double Sharpe(double[] equity, double barsPerYear)
    {
        double[] returns = [.. equity.Skip(1).Zip(equity, (now, before) => (now / before) - 1)];
        var mean = returns.Average();
        return mean / Math.Sqrt(returns.Sum(value => (value - mean) * (value - mean)) / (returns.Length - 1)) * Math.Sqrt(barsPerYear);
    }

    private async Task<string> BarsAsync(int count)
    {
        var csv = _scratch.File("a.csv");
        await Command.JsonAsync("data", "generate", "--out", csv, "--bars", count.ToString(CultureInfo.InvariantCulture), "--seed", "5", "--volatility", "0.005");
        return csv;
    }

    private static string Digest(System.Text.Json.JsonElement result) => result.GetProperty("stream_digest").GetString()!;
}
