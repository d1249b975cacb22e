using System.Text.Json;

namespace Qmtl.Cli.Tests;

/// <summary>The commands about the graph, against a real stack.</summary>
public sealed class DagCommandTests(StackFixture stack) : IClassFixture<StackFixture>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Snapshot_FrozenThenTheFileChanged_VerifiesAndThenNamesTheDrift()
    {
        var strategy = await SubmitAsync("snapshots");
        var file = _scratch.File("dag.json");

        var frozen = await JsonAsync("dag", "snapshot", "freeze", file, "--strategy", strategy);
        var verified = await RunAsync("dag", "snapshot", "verify", file);
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("\"execution_domain\": \"backtest\"", "\"execution_domain\": \"live\"", StringComparison.Ordinal));
        var drifted = await RunAsync("dag", "snapshot", "verify", file, "--output", "json");

        Assert.True(frozen.GetProperty("nodes").GetArrayLength() > 1);
        Assert.Equal((0, $"nothing drifted: {frozen.GetProperty("content_hash").GetString()}"), (verified.ExitCode, verified.Lines[0]));
        Assert.Equal(1, drifted.ExitCode);
        Assert.Equal(["content_hash", "missing", "added"], drifted.Json.GetProperty("drifts").EnumerateArray().Select(drift => drift.GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task ShowAndImpact_OfTheSourceOfAStrategy_NameWhatDependsOnIt()
    {
        var strategy = await SubmitAsync("impact");
        var file = _scratch.File("dag.json");
        var frozen = await JsonAsync("dag", "snapshot", "freeze", file, "--strategy", strategy);
        var source = frozen.GetProperty("nodes").EnumerateArray().First(node => node.GetProperty("node_type").GetString() == "StreamInput").GetProperty("node_id").GetString()!;

        var graph = await JsonAsync("dag", "show", source, "--direction", "downstream");
        var impact = await JsonAsync("dag", "impact", source);

        Assert.Equal(graph.GetProperty("nodes").GetArrayLength() - 1, impact.GetProperty("downstream_nodes").GetInt32());
        Assert.Contains(impact.GetProperty("strategies").EnumerateArray(), row => row.GetProperty("strategy_id").GetString() == strategy && row.GetProperty("world_id").GetString() == "impact");
        Assert.Equal(0, (await RunAsync("dag", "show", source)).ExitCode);
        Assert.Equal(0, (await RunAsync("dag", "impact", source)).ExitCode);
    }

    [Fact]
    public async Task UnknownNodeOrStrategy_Is1AndNamed()
    {
        var node = await RunAsync("dag", "impact", "blake3:00");
        var strategy = await RunAsync("dag", "snapshot", "freeze", _scratch.File("no.json"), "--strategy", "nobody");

        Assert.Equal((1, true), (node.ExitCode, node.Error.Contains("E_NOT_FOUND", StringComparison.Ordinal)));
        Assert.Equal((1, true), (strategy.ExitCode, strategy.Error.Contains("E_NOT_FOUND", StringComparison.Ordinal)));
        Assert.False(File.Exists(_scratch.File("no.json")));
    }

    /// <summary>Submits a strategy and waits until the graph has it.</summary>
    private async Task<string> SubmitAsync(string world)
    {
        await RunAsync("world", "create", world, "--preset", "sandbox");
        var bars = _scratch.File("bars.csv");
        Assert.Equal(0, (await Command.RunAsync("data", "generate", "--bars", "300", "--interval", "1m", "--out", bars)).ExitCode);
        var strategy = (await JsonAsync("submit", "sma-cross", "--world", world, "--data", bars, "--param", "fast=5")).GetProperty("strategy_id").GetString()!;
        while ((await JsonAsync("status", "--strategy", strategy)).GetProperty("strategies")[0].GetProperty("status").GetString() is "queued" or "processing") await Task.Delay(50);
        return strategy;
    }

    private Task<Ran> RunAsync(params string[] args) => Command.RunAsync([.. args, "--gateway", stack.Gateway]);

    private Task<JsonElement> JsonAsync(params string[] args) => Command.JsonAsync([.. args, "--gateway", stack.Gateway]);
}
