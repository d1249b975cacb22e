namespace Qmtl.Cli.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("sbmit", "did you mean submit?")]
    [InlineData("world crate w", "did you mean create?")]
    [InlineData("world", "Which command? world has create")]
    [InlineData("", "Which command? qmtl has submit")]
    [InlineData("backtest sma-cross --csvv x", "did you mean --csv?")]
    [InlineData("backtest sma-cross --csv x --gatewa y", "did you mean --gateway?")]
    [InlineData("backtest sma-cros --csv x", "did you mean sma-cross?")]
    [InlineData("indicator sma --csv --param period=3", "--csv has no value: --param comes next")]
    [InlineData("backtest sma-cross --csv x --param fats=3", "did you mean fast?")]
    [InlineData("backtest sma-cross --csv x --param fast=-1", "fast must be a whole number 1..10000")]
    [InlineData("backtest sma-cross --csv x --param fast", "--param must be name=value")]
    [InlineData("backtest sma-cross --csv x --param fast=1 --param fast=2", "gives fast twice")]
    [InlineData("backtest sma-cross --csv x --cash much", "--cash must be a number, was \"much\"")]
    [InlineData("backtest sma-cross --csv x --fill next-opne", "--fill must be one of next-open, close, was \"next-opne\"; did you mean next-open?")]
    [InlineData("backtest sma-cross", "--csv")]
    [InlineData("submit sma-cross --world w", "--data FILE")]
    [InlineData("indicator smma --csv x", "did you mean sma?")]
    [InlineData("indicator sma --csv x --param perod=3", "did you mean period?")]
    [InlineData("data generate --interval 90x", "interval must be seconds")]
    [InlineData("data generate --bars 0", "count must be 1..100000000")]
    [InlineData("metrics --returns x --trials 0", "--trials must be 1 or more")]
    [InlineData("status --gateway nowhere", "--gateway must be an address")]
    [InlineData("node-id", "FILE")]
    public async Task Run_WrongUsage_Is2AndOneLineThatSaysTheFix(string line, string fix)
    {
        var ran = await Command.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((2, ""), (ran.ExitCode, ran.Out));
        Assert.Contains(fix, ran.Error, StringComparison.Ordinal);
        Assert.Single(ran.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("qmtl: ", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WrongOptionOfTheReplay_Is2AndNamesEach()
    {
        using var scratch = new Scratch();
        var csv = scratch.File("a.csv");
        await Command.RunAsync("data", "generate", "--out", csv, "--bars", "50");

        var ran = await Command.RunAsync("backtest", "sma-cross", "--csv", csv, "--cash", "0", "--sizing", "fixed");

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("cash must be above 0", ran.Error, StringComparison.Ordinal);
        Assert.Contains("size is needed for fixed sizing", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_FailureWithJson_IsOneDocumentWithTheCode()
    {
        var ran = await Command.RunAsync("backtest", "sma-cross", "--csv", "/nowhere/x.csv", "--output", "json");

        Assert.Equal((1, "E_DATA_INVALID"), (ran.ExitCode, ran.Json.GetProperty("code").GetString()));
        Assert.Contains("/nowhere/x.csv", ran.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("[E_DATA_INVALID]", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Interrupted_Is130()
    {
        using var scratch = new Scratch();
        var csv = scratch.File("a.csv");
        await Command.RunAsync("data", "generate", "--out", csv, "--bars", "5000");
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();

        var ran = await Command.RunAsync(["backtest", "sma-cross", "--csv", csv], cancel.Token);

        Assert.Equal((130, ""), (ran.ExitCode, ran.Out));
    }

    [Fact]
    public async Task Run_NobodyListens_Is1AndNamesTheAddress()
    {
        var address = $"http://127.0.0.1:{ServiceProcess.FreePort()}";

        var ran = await Command.RunAsync(["world", "list"], CancellationToken.None, variables: new Dictionary<string, string> { ["QMTL_GATEWAY"] = address });

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains(address, ran.Error, StringComparison.Ordinal);
        Assert.Contains("[E_UNAVAILABLE]", ran.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("submit --help")]
    [InlineData("world policy upload --help")]
    public async Task Run_Help_Is0AndOnTheOutput(string line)
    {
        var ran = await Command.RunAsync(line.Split(' '));

        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Contains("--gateway", ran.Out, StringComparison.Ordinal);
    }
}
