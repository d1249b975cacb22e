using System.Globalization;
using System.Text.Json;
using Qmtl.Strategies;

namespace Qmtl.Cli.Tests;

/// <summary>Features and a label, and nothing to trade.</summary>
public sealed class LabelsOnly : Strategy
{
    protected override void Build(StrategyBuilder s)
    {
        var close = s.Price().Close;
        s.Output("mean, of 3", close.Sma(3));
        s.Output("ahead", close.ForwardReturn(2));
    }
}

/// <summary>Trades, and outputs what it trades on.</summary>
public sealed class TrendWithOutput : Strategy
{
    protected override void Build(StrategyBuilder s)
    {
        var close = s.Price().Close;
        var trend = close - close.Sma(20);
        s.Output("trend", trend);
        s.Target(When(trend > 0, 1.0, -1.0));
    }
}

public sealed class BacktestFilesTests : IDisposable
{
    private static readonly string Assembly = typeof(LabelsOnly).Assembly.Location;
    private static readonly string Labels = $"{Assembly}:{typeof(LabelsOnly).FullName}", Trend = $"{Assembly}:{typeof(TrendWithOutput).FullName}";
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("all-in")]
    [InlineData("target")]
    public async Task Backtest_Trades_AddUpToTheResult(string sizing)
    {
        var (csv, file) = (await BarsAsync(2_000), _scratch.File("trades.csv"));

        var result = await Command.JsonAsync(
            "backtest", Trend, "--csv", csv, "--short", "on", "--sizing", sizing, "--commission-bps", "5", "--slippage-bps", "2", "--close-at-end", "--trades", file, "--leverage", "2");

        var trades = Rows(file);
        Assert.Equal(result.GetProperty("trades").GetInt32(), trades.Length);
        Assert.Equal(["long", "short"], trades.Select(trade => trade["side"]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Equal((double)trades.Sum(trade => Amount(trade, "commission")), result.GetProperty("commission_paid").GetDouble(), 6);
        // Everything is closed at the end, so the profits are the whole difference.
        Assert.Equal((double)(10_000 + trades.Sum(trade => Amount(trade, "net_profit"))), result.GetProperty("final_equity").GetDouble(), 6);
        Assert.All(trades, AssertConsistent);
    }

    [Fact]
    public async Task Backtest_Fills_AreTheEntriesAndExitsOfTheTrades()
    {
        var (csv, trades, fills) = (await BarsAsync(1_000), _scratch.File("trades.csv"), _scratch.File("fills.csv"));

        var result = await Command.JsonAsync("backtest", "sma-cross", "--csv", csv, "--commission-bps", "5", "--close-at-end", "--trades", trades, "--fills", fills);

        var (closed, executed) = (Rows(trades), Rows(fills));
        Assert.Equal(result.GetProperty("fills").GetInt32(), executed.Length);
        Assert.True(closed.Length > 1);
        // All in and long only: each trade is one purchase and one sale.
        Assert.Equal(
            closed.SelectMany(trade => new[] { $"buy {trade["opened"]} {trade["quantity"]} {trade["entry_price"]}", $"sell {trade["closed"]} {trade["quantity"]} {trade["exit_price"]}" }),
            executed.Select(fill => $"{fill["side"]} {fill["timestamp"]} {fill["quantity"]} {fill["price"]}"));
    }

    [Fact]
    public async Task Backtest_Equity_IsThatOfEachBarToTheLastBit()
    {
        var (csv, file) = (await BarsAsync(500), _scratch.File("equity.csv"));

        var result = await Command.JsonAsync("backtest", "buy-and-hold", "--csv", csv, "--equity", file);

        var rows = Rows(file);
        Assert.Equal(File.ReadLines(csv).Skip(1).Select(line => line.Split(',')[0]), rows.Select(row => row["timestamp"]));
        Assert.Equal(10_000, Number(rows[0], "equity"));
        Assert.Equal(result.GetProperty("final_equity").GetDouble(), Number(rows[^1], "equity"));
        Assert.Equal(0, Number(rows[0], "weight"));
        Assert.Equal(1, Number(rows[^1], "weight"), 8);
    }

    [Fact]
    public async Task Backtest_OutputsWithoutTarget_AreComputedAndNotTraded()
    {
        var (csv, file) = (await BarsAsync(100), _scratch.File("set.csv"));
        double[] close = [.. File.ReadLines(csv).Skip(1).Select(line => double.Parse(line.Split(',')[4], CultureInfo.InvariantCulture))];

        var document = await Command.JsonAsync("backtest", Labels, "--csv", csv, "--outputs", file);

        var lines = await File.ReadAllLinesAsync(file);
        Assert.Equal(101, lines.Length);
        Assert.Equal("timestamp,\"mean, of 3\",ahead", lines[0]);
        Assert.Equal(["", ""], lines[2].Split(',')[1..]);
        for (var i = 2; i < close.Length; i++)
        {
            double[] values = [.. lines[i + 1].Split(',')[1..].Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
            Assert.Equal((close[i - 2] + close[i - 1] + close[i]) / 3, values[0], 1e-9 * close[i]);
            Assert.Equal((close[i] / close[i - 2]) - 1, values[1], 1e-9);
        }

        Assert.Equal(["mean, of 3", "ahead"], document.GetProperty("outputs").EnumerateArray().Select(output => output.GetProperty("name").GetString()));
        Assert.Equal(98, document.GetProperty("outputs")[0].GetProperty("present").GetInt32());
        Assert.False(document.TryGetProperty("final_equity", out _));
    }

    [Fact]
    public async Task Backtest_OutputsOfAStrategyThatTrades_StandBesideTheSameResult()
    {
        var (csv, file) = (await BarsAsync(300), _scratch.File("set.csv"));

        var plain = await Command.JsonAsync("backtest", Trend, "--csv", csv);
        var kept = await Command.JsonAsync("backtest", Trend, "--csv", csv, "--outputs", file);

        Assert.Equal(plain.GetProperty("stream_digest").GetString(), kept.GetProperty("stream_digest").GetString());
        Assert.Equal(19, Rows(file).Count(row => row["trend"].Length == 0));
    }

    [Fact]
    public async Task Backtest_OutputsToTheStandardOutput_LeaveItToTheCsv()
    {
        var (csv, file) = (await BarsAsync(50), _scratch.File("set.csv"));
        await Command.JsonAsync("backtest", Trend, "--csv", csv, "--outputs", file);

        var ran = await Command.RunAsync("backtest", Trend, "--csv", csv, "--outputs", "-");

        Assert.Equal((0, await File.ReadAllTextAsync(file)), (ran.ExitCode, ran.Out));
        Assert.Contains("total return", ran.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--outputs - --output json", 2, "beside the JSON document")]
    [InlineData("--stream -", 2, "--stream holds bytes")]
    [InlineData("--trades - --equity -", 2, "--equity and --trades both name -")]
    [InlineData("--trades {x} --fills {x}", 2, "each needs a file of its own")]
    [InlineData("--trades {x}/no/such.csv --fills {x}", 1, "cannot be written")]
    [InlineData("--fills {x} --trades {x}/no/such.csv", 1, "cannot be written")]
    [InlineData("--trades {x} --leverage 0", 2, "leverage must be 1..1000")]
    public async Task Backtest_FilesThatCannotBeKept_AreRefusedAndLeaveNothing(string options, int exitCode, string problem)
    {
        var csv = await BarsAsync(50);

        var ran = await Command.RunAsync(["backtest", Trend, "--csv", csv, .. options.Replace("{x}", _scratch.File("x.csv"), StringComparison.Ordinal).Split(' ')]);

        Assert.Equal(exitCode, ran.ExitCode);
        Assert.Contains(problem, ran.Error, StringComparison.Ordinal);
        Assert.Equal(["a.csv"], Directory.GetFiles(_scratch.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(true, "", 1, "call Target in its Build, or keep what it outputs: qmtl backtest with --outputs FILE.")]
    [InlineData(true, "--outputs - --equity {x}", 2, "there is nothing to keep for --equity")]
    [InlineData(true, "--outputs - --cash 0", 2, "cash must be above 0")]
    [InlineData(false, "--outputs -", 1, "outputs nothing")]
    public async Task Backtest_WithoutWhatItIsAskedFor_SaysWhatToDo(bool labels, string options, int exitCode, string problem)
    {
        var csv = await BarsAsync(50);

        var ran = await Command.RunAsync(
            ["backtest", labels ? Labels : "sma-cross", "--csv", csv, .. options.Replace("{x}", _scratch.File("x.csv"), StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal((exitCode, ""), (ran.ExitCode, ran.Out));
        Assert.Contains(problem, ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backtest_Conditions_AreEchoedSoThatTheyGiveTheSameResult()
    {
        var csv = await BarsAsync(1_000);
        string[] given =
        [
            "--fill", "close", "--sizing", "fixed", "--short", "on", "--commission-bps", "2.5", "--slippage-bps", "1", "--leverage", "3", "--size", "2", "--whole-units", "--close-at-end",
            "--bars-per-year", "1000", "--calendar", "fx",
        ];

        var result = await Command.JsonAsync(["backtest", "sma-cross", "--csv", csv, .. given]);
        var table = await Command.RunAsync(["backtest", "sma-cross", "--csv", csv, .. given]);
        var plain = await Command.JsonAsync("backtest", "sma-cross", "--csv", csv);

        Assert.Equal(
            """{"fill":"close","sizing":"fixed","size":2,"whole_units":true,"short":true,"commission_bps":2.5,"slippage_bps":1,"leverage":3,"close_at_end":true,"bars_per_year":1000,"calendar":"fx"}""",
            Compact(result.GetProperty("conditions")));
        Assert.Equal(
            """{"fill":"next-open","sizing":"all-in","size":null,"whole_units":false,"short":false,"commission_bps":0,"slippage_bps":0,"leverage":1,"close_at_end":false,"bars_per_year":null,"calendar":null}""",
            Compact(plain.GetProperty("conditions")));
        var echoed = table.Lines.Single(line => line.TrimStart().StartsWith("conditions ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..];
        var again = await Command.JsonAsync(["backtest", "sma-cross", "--csv", csv, .. echoed]);
        Assert.Equal(Compact(result.GetProperty("conditions")), Compact(again.GetProperty("conditions")));
        Assert.Equal(result.GetProperty("stream_digest").GetString(), again.GetProperty("stream_digest").GetString());
    }

    [Fact]
    public async Task Backtest_SeveralStrategiesInAnAssembly_SuggestsTheFormThatWasTyped()
    {
        var ran = await Command.RunAsync("backtest", Assembly, "--csv", "x");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains($"name one as {Assembly}:Qmtl.Cli.Tests.HoldHalf", ran.Error, StringComparison.Ordinal);
    }

    private static void AssertConsistent(Dictionary<string, string> trade)
    {
        var sign = trade["side"] == "long" ? 1 : -1;
        var (quantity, entry, exit) = (Amount(trade, "quantity"), Amount(trade, "entry_price"), Amount(trade, "exit_price"));
        Assert.Equal((double)Amount(trade, "entry_notional"), (double)(quantity * entry), 6);
        Assert.Equal((double)Amount(trade, "gross_profit"), (double)(sign * quantity * (exit - entry)), 6);
        Assert.Equal(Amount(trade, "net_profit"), Amount(trade, "gross_profit") - Amount(trade, "commission"));
        Assert.Equal((double)(Amount(trade, "net_profit") / Amount(trade, "entry_notional")), Number(trade, "net_return"), 12);
        Assert.True(string.CompareOrdinal(trade["opened"], trade["closed"]) <= 0);
    }

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element);

    private static decimal Amount(Dictionary<string, string> row, string column) => decimal.Parse(row[column], NumberStyles.Number, CultureInfo.InvariantCulture);

    private static double Number(Dictionary<string, string> row, string column) => double.Parse(row[column], CultureInfo.InvariantCulture);

    private static Dictionary<string, string>[] Rows(string file)
    {
        var lines = File.ReadAllLines(file);
        var names = lines[0].Split(',');
        return [.. lines.Skip(1).Select(line => names.Zip(line.Split(',')).ToDictionary(cell => cell.First, cell => cell.Second, StringComparer.Ordinal))];
    }

    private async Task<string> BarsAsync(int count)
    {
        var csv = _scratch.File("a.csv");
        await Command.JsonAsync("data", "generate", "--out", csv, "--bars", count.ToString(CultureInfo.InvariantCulture), "--seed", "5", "--volatility", "0.005");
        return csv;
    }
}
