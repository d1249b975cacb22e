using System.Text.Json;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Tests;

public sealed class SweepTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Sweep_Json_HasEveryCombinationBestFirstAndEachAsItsBacktest()
    {
        var csv = await BarsAsync();

        var sweep = await Command.JsonAsync("sweep", "sma-cross", "--csv", csv, "--grid", "fast=5:15:5", "--grid", "slow=20:40:20", "--param", "entry=cross", "--commission-bps", "1", "--workers", "2");

        var runs = sweep.GetProperty("runs").EnumerateArray().ToArray();
        Assert.Equal((6, 6, "sharpe"), (runs.Length, sweep.GetProperty("combinations").GetInt32(), sweep.GetProperty("metric").GetString()));
        Assert.Equal(runs.Select(Sharpe).OrderDescending(), runs.Select(Sharpe));
        foreach (var run in runs.Take(2))
        {
            var values = run.GetProperty("params");
            var alone = await Command.JsonAsync(
                "backtest", "sma-cross", "--csv", csv, "--param", "entry=cross", "--commission-bps", "1",
                "--param", $"fast={values.GetProperty("fast").GetString()}", "--param", $"slow={values.GetProperty("slow").GetString()}");
            Assert.Equal(alone.GetProperty("stream_digest").GetString(), run.GetProperty("stream_digest").GetString());
            Assert.Equal(Sharpe(alone), Sharpe(run));
        }
    }

    [Fact]
    public async Task Sweep_ByDrawdown_PutsTheSmallestFirst()
    {
        var sweep = await Command.JsonAsync("sweep", "sma-cross", "--csv", await BarsAsync(), "--grid", "fast=2,4,8,16", "--metric", "max_drawdown");

        var drawdowns = sweep.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("max_drawdown").GetDouble()).ToArray();
        Assert.Equal(4, drawdowns.Length);
        Assert.Equal(drawdowns.Order(), drawdowns);
    }

    [Fact]
    public async Task Sweep_Table_ShowsParametersAndTheMetric()
    {
        var ran = await Command.RunAsync("sweep", "sma-cross", "--csv", await BarsAsync(), "--grid", "fast=5:10:5", "--metric", "calmar");

        Assert.Equal(ExitCodes.Done, ran.ExitCode);
        Assert.Contains("calmar", ran.Out, StringComparison.Ordinal);
        Assert.Contains("2 combinations", ran.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sweep_CombinationsTheStrategyRefuses_AreListedWithTheirReason()
    {
        var sweep = await Command.JsonAsync("sweep", "sma-cross", "--csv", await BarsAsync(), "--grid", "slow=10000:10001:1");

        Assert.Single(sweep.GetProperty("runs").EnumerateArray());
        var refused = sweep.GetProperty("refused").EnumerateArray().Single();
        Assert.Equal("10001", refused.GetProperty("params").GetProperty("slow").GetString());
        Assert.Contains("slow", refused.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fast=5", "--workers", "0", "--workers must be 1..1024")]
    [InlineData("fast=5:1:1", "--workers", "1", "not end before it begins")]
    [InlineData("fats=5:10:1", "--workers", "1", "fast")]
    [InlineData("fast=5", "--metric", "sharp", "--metric must be one of sharpe, final_equity, ")]
    [InlineData("fast=5", "--metric", "sharp", "was \"sharp\"; did you mean sharpe?")]
    [InlineData("slow=50,x", "--workers", "1", "grid slow: must be a whole number 1..10000, was \"x\".")]
    [InlineData("slow=50:51:0.5", "--workers", "1", "was \"50.5\"")]
    [InlineData("entry=level,cros", "--workers", "1", "grid entry: must be one of level|cross, was \"cros\".")]
    public async Task Sweep_WrongUsage_SaysWhatIsMeant(string grid, string option, string value, string hint)
    {
        var ran = await Command.RunAsync("sweep", "sma-cross", "--csv", await BarsAsync(), "--grid", grid, option, value);

        Assert.Equal(ExitCodes.Usage, ran.ExitCode);
        Assert.Contains(hint, ran.Error, StringComparison.Ordinal);
    }

    private static double Sharpe(JsonElement run) => run.GetProperty("sharpe").GetDouble();

    private async Task<string> BarsAsync()
    {
        var file = _scratch.File("bars.csv");
        var ran = await Command.RunAsync("data", "generate", "--bars", "1500", "--seed", "7", "--out", file);
        Assert.True(ran.ExitCode == ExitCodes.Done, ran.Error);
        return file;
    }
}
