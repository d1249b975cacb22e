using Qmtl.Cli.Commands.Worlds;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Tests;

/// <summary>How a person names what a world holds, and what the commands say of it, against a real stack.</summary>
public sealed class WorldNamesTests(StackFixture stack) : IClassFixture<StackFixture>, IDisposable
{
    private static readonly string[] Ids = ["sma-cross-87196008110d66b4", "momentum-0000000000000001", "momentum-0000000000000002", "momentum-fast-0000000000000003", "plain"];
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("sma-cross", "sma-cross-87196008110d66b4")]
    [InlineData("sma-cross-87196008110d66b4", "sma-cross-87196008110d66b4")]
    [InlineData("momentum-fast", "momentum-fast-0000000000000003")]
    [InlineData("plain", "plain")]
    [InlineData("sma", "sma")]
    [InlineData("nothing", "nothing")]
    public void Choose_ANameOfOne_IsItsId_AndAnythingElseIsLeftToTheWorld(string given, string expected) => Assert.Equal(expected, StrategyNames.Choose(Ids, given, "--strategy"));

    [Fact]
    public void Choose_ANameOfSeveral_ListsThem()
    {
        var wrong = Assert.Throws<UsageException>(() => StrategyNames.Choose(Ids, "momentum", "--strategy"));
        Assert.Contains("momentum-0000000000000001, momentum-0000000000000002.", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_TakeTheName_AndRefuseStrangers()
    {
        var (world, id) = await SubmittedAsync();

        var plan = await RunAsync("world", "live-plan", world, "--strategy", "sma-cross");
        Assert.Equal((3, true), (plan.ExitCode, plan.Out.StartsWith($"{id}, run none: cannot go live", StringComparison.Ordinal)));
        Assert.DoesNotContain("Run ''", plan.Out, StringComparison.Ordinal);
        Assert.StartsWith($"{id} long: inactive", (await RunAsync("world", "activation", world, "sma-cross", "--freeze")).Out, StringComparison.Ordinal);
        var standings = await RunAsync("world", "strategies", world);
        Assert.Contains("CLOSED (", standings.Out, StringComparison.Ordinal);

        foreach (var command in new[] { new[] { "live-plan", world, "--strategy", "ghost" }, ["activation", world, "ghost", "--freeze"], ["unbind", world, "ghost"] })
        {
            var refused = await RunAsync(["world", .. command]);
            Assert.Equal((1, true), (refused.ExitCode, refused.Error.Contains("[E_STRATEGY_UNKNOWN]", StringComparison.Ordinal)));
        }

        var audit = await RunAsync("world", "audit", "list", world, "--event", "refused");
        Assert.Contains("PutActivation: E_STRATEGY_UNKNOWN", audit.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_APlanFile_TakesNames_AndExcludesAPlanBesideIt()
    {
        var (world, id) = await SubmittedAsync();
        var file = _scratch.Write("plan.json", """{"deactivate":["sma-cross"]}""");

        var applied = await RunAsync("world", "apply", world, "--run-id", "r1", "--plan-file", file);
        Assert.True(applied.ExitCode == 0, applied.Error);
        Assert.Contains($"active before  {id}", applied.Out, StringComparison.Ordinal);
        Assert.DoesNotContain($"active after   {id}", applied.Out, StringComparison.Ordinal);

        var both = await RunAsync("world", "apply", world, "--run-id", "r2", "--plan-file", file, "--plan", "activate=sma-cross");
        Assert.Equal((2, true), (both.ExitCode, both.Error.Contains("exclude each other", StringComparison.Ordinal)));
        var broken = await RunAsync("world", "apply", world, "--run-id", "r2", "--plan-file", _scratch.Write("broken.json", """{"activat":[]}"""));
        Assert.Equal((2, true), (broken.ExitCode, broken.Error.Contains("activat", StringComparison.Ordinal)));
        Assert.Equal(1, (await RunAsync("world", "apply", world, "--run-id", "r2", "--plan-file", _scratch.File("missing.json"))).ExitCode);
    }

    private async Task<(string World, string Id)> SubmittedAsync()
    {
        var world = "names_" + Guid.CreateVersion7().ToString("N")[..16];
        Assert.Equal(0, (await RunAsync("world", "create", world, "--preset", "sandbox")).ExitCode);
        var bars = _scratch.File("bars.csv");
        if (!File.Exists(bars)) Assert.Equal(0, (await Command.RunAsync("data", "generate", "--out", bars, "--bars", "500")).ExitCode);
        var submitted = await Command.JsonAsync("submit", "sma-cross", "--world", world, "--data", bars, "--gateway", stack.Gateway);
        return (world, submitted.GetProperty("strategy_id").GetString()!);
    }

    private Task<Ran> RunAsync(params string[] args) => Command.RunAsync([.. args, "--gateway", stack.Gateway]);
}
