using System.Text.Json;
using Qmtl.Client;
using Qmtl.V1;

namespace Qmtl.Cli.Tests;

/// <summary>The commands that talk to a Gateway, against a real stack.</summary>
public sealed class CoreLoopTests(StackFixture stack) : IClassFixture<StackFixture>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Submit_SandboxWorld_IsActiveAndSaysWhatTheGatewaySays()
    {
        var world = await WorldAsync("--preset", "sandbox");

        var result = await JsonAsync("submit", "sma-cross", "--world", world, "--data", await BarsAsync(), "--param", "fast=5");

        Assert.Equal(("active", world, false), (result.GetProperty("status").GetString(), result.GetProperty("world").GetString(), result.GetProperty("duplicate").GetBoolean()));
        using var gateway = new GatewayClient(new Uri(stack.Gateway)) { ReadLimit = TimeSpan.FromSeconds(10) };
        var decision = await gateway.GetAsync<DecisionEnvelope>($"worlds/{world}/decide").Within();
        var printed = result.GetProperty("ws").GetProperty("decision");
        Assert.Equal(
            (decision.PolicyVersion, decision.EffectiveMode, decision.Reason, decision.Etag),
            (printed.GetProperty("policy_version").GetInt32(), printed.GetProperty("effective_mode").GetString(), printed.GetProperty("reason").GetString(), printed.GetProperty("etag").GetString()));
    }

    [Fact]
    public async Task Submit_PolicySaysNo_Is3WithTheReason()
    {
        var world = await WorldAsync("--preset", "conservative", "--preset-override", "sharpe.min=1000");

        var ran = await RunAsync("submit", "sma-cross", "--world", world, "--data", await BarsAsync(), "--output", "json");

        Assert.True(ran.ExitCode == 3, ran.Error);
        Assert.Equal("rejected", ran.Json.GetProperty("status").GetString());
        Assert.Contains(ran.Json.GetProperty("threshold_violations").EnumerateArray(), violation => violation.GetProperty("metric").GetString() == "sharpe");
        Assert.Contains($"[{ran.Json.GetProperty("rejection_reason").GetString()}]", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_Twice_KeepsTheIdAndSaysSo()
    {
        var world = await WorldAsync("--preset", "sandbox");
        var bars = await BarsAsync();

        var first = await JsonAsync("submit", "sma-cross", "--world", world, "--data", bars);
        var second = await JsonAsync("submit", "sma-cross", "--world", world, "--data", bars);

        Assert.Equal((first.GetProperty("strategy_id").GetString(), true), (second.GetProperty("strategy_id").GetString(), second.GetProperty("duplicate").GetBoolean()));
    }

    [Fact]
    public async Task Apply_ThenRollback_GoesThroughEveryPhaseAndTheGatewayAcknowledges()
    {
        var world = await WorldAsync("--preset", "sandbox");
        var strategy = (await JsonAsync("submit", "sma-cross", "--world", world, "--data", await BarsAsync())).GetProperty("strategy_id").GetString()!;

        var applied = await RunAsync("world", "apply", world, "--run-id", "r1", "--plan", $"deactivate={strategy}");
        Assert.True(applied.ExitCode == 0, applied.Error + applied.Out);
        Assert.Contains("apply r1 completed", applied.Out, StringComparison.Ordinal);
        foreach (var phase in new[] { "requested", "freeze", "switch", "unfreeze", "completed" }) Assert.Contains(phase, applied.Error, StringComparison.Ordinal);

        var status = await JsonAsync("world", "apply-status", world, "--run-id", "r1");
        Assert.Equal((1, 1), (status.GetProperty("acks_expected").GetInt32(), status.GetProperty("acks_received").GetInt32()));
        Assert.Equal(strategy, status.GetProperty("previous")[0].GetString());

        var back = await JsonAsync("world", "rollback", world, "--run-id", "back", "--reason", "test");
        Assert.Equal(("completed", "rollback", "r1"), (back.GetProperty("phase").GetString(), back.GetProperty("kind").GetString(), back.GetProperty("target_run_id").GetString()));
        Assert.Equal(strategy, back.GetProperty("target")[0].GetString());
        Assert.Equal(2, (await JsonAsync("world", "apply-status", world)).GetProperty("runs").GetArrayLength());

        var wrong = await RunAsync("world", "apply", world, "--run-id", "r2", "--plan", "remove=x");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("activate=", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edges_OpeningTowardsLive_IsRefusedWhereLiveIsNotAllowed()
    {
        var world = await WorldAsync("--preset", "sandbox");
        var refused = await RunAsync("world", "edges", "set", world, "domain:dryrun", "domain:live", "--open");
        Assert.Contains("[E_LIVE_DISABLED]", refused.Error, StringComparison.Ordinal);
        Assert.False((await JsonAsync("world", "edges", "set", world, "domain:dryrun", "domain:live", "--reason", "test")).GetProperty("active").GetBoolean());
        var edges = await JsonAsync("world", "edges", "list", world);
        Assert.Equal(3, refused.ExitCode);
        Assert.Equal(2, (await RunAsync("world", "edges", "override", world, "domain:dryrun", "domain:live", "--on", "--off")).ExitCode);
        Assert.Contains(edges.GetProperty("overrides").EnumerateArray(), edge => edge.GetProperty("src").GetString() == "domain:dryrun" && edge.GetProperty("reason").GetString() == "test");
    }

    [Fact]
    public async Task Submit_UnknownWorld_Is1AndNamesTheCommandThatHelps()
    {
        var ran = await RunAsync("submit", "sma-cross", "--world", "nowhere", "--data", await BarsAsync());

        Assert.Equal((1, ""), (ran.ExitCode, ran.Out));
        Assert.Contains("qmtl world create nowhere", ran.Error, StringComparison.Ordinal);
        Assert.Contains("[E_WORLD_UNKNOWN]", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_Table_ShowsTheWorldsWordBeforeTheOwnMeasurement()
    {
        var world = await WorldAsync("--preset", "sandbox");

        var ran = await RunAsync("submit", "sma-cross", "--world", world, "--data", await BarsAsync());

        Assert.Equal(0, ran.ExitCode);
        var authoritative = ran.Out.IndexOf("WorldService decision (authoritative)", StringComparison.Ordinal);
        var advisory = ran.Out.IndexOf("Local pre-check (advisory)", StringComparison.Ordinal);
        Assert.InRange(authoritative, 1, advisory - 1);
    }

    [Fact]
    public async Task CreateWorld_PolicyWithATypo_NamesThePlaceAndLeavesNoWorld()
    {
        var policy = _scratch.Write("p.yaml", "thresholds:\n  s:\n    metric: sharpp\n    min: 1\n");
        var world = NewName();

        var ran = await RunAsync("world", "create", world, "--policy", policy);
        var fixedUp = await RunAsync("world", "create", world, "--policy", _scratch.Write("q.yaml", "thresholds:\n  s:\n    metric: sharpe\n    min: 1\n"));

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("[E_POLICY_INVALID]", ran.Error, StringComparison.Ordinal);
        Assert.Contains("/thresholds/s/metric", ran.Error, StringComparison.Ordinal);
        Assert.Equal((0, $"{world}: created with policy version 1 from {_scratch.File("q.yaml")}\n"), (fixedUp.ExitCode, fixedUp.Out));
    }

    [Fact]
    public async Task Strategies_OfAWorld_StandWithStageModeAndVerdict_UntilUnbound()
    {
        var world = await WorldAsync("--preset", "sandbox");
        var id = (await JsonAsync("submit", "sma-cross", "--world", world, "--data", await BarsAsync())).GetProperty("strategy_id").GetString()!;

        var standing = (await JsonAsync("world", "strategies", world)).GetProperty("strategies")[0];
        var table = await RunAsync("world", "strategies", world);
        Assert.Equal((id, "backtest", true), (standing.GetProperty("strategy_id").GetString(), standing.GetProperty("stage").GetString(), standing.GetProperty("active").GetBoolean()));

        // The background check warns about so short a history, once it has come to it.
        Assert.Contains(standing.GetProperty("status").GetString(), new[] { "pass", "warn" });
        Assert.Equal((0, true), (table.ExitCode, table.Out.Contains(id, StringComparison.Ordinal)));

        var frozen = await JsonAsync("world", "activation", world, id, "--freeze");
        Assert.Equal((false, true), (frozen.GetProperty("active").GetBoolean(), frozen.GetProperty("freeze").GetBoolean()));
        var live = await RunAsync("world", "activation", world, id, "--mode", "live");
        Assert.Equal((3, true), (live.ExitCode, live.Error.Contains("[E_LIVE_DISABLED]", StringComparison.Ordinal)));

        Assert.Equal(0, (await RunAsync("world", "unbind", world, id)).ExitCode);
        Assert.Contains("No strategy is bound to it.", (await RunAsync("world", "strategies", world)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SetWorld_CircuitBreaker_StopsTheWorldAndResets()
    {
        var world = await WorldAsync();

        Assert.True((await JsonAsync("world", "set", world, "--circuit-breaker", "true", "--shadow", "true")).GetProperty("circuit_breaker").GetBoolean());
        Assert.Contains("circuit_breaker", (await RunAsync("world", "status", world)).Out, StringComparison.Ordinal);
        Assert.Contains("reset", (await RunAsync("world", "set", world, "--circuit-breaker", "false")).Out, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("world", "set", world)).ExitCode);
    }

    [Fact]
    public async Task CreateWorld_Twice_Is1()
    {
        var world = await WorldAsync();

        var ran = await RunAsync("world", "create", world);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("[E_WORLD_EXISTS]", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateWorld_PolicyAndPreset_Is2AndCreatesNothing()
    {
        var world = NewName();

        var ran = await RunAsync("world", "create", world, "--policy", _scratch.Write("p.json", "{}"), "--preset", "moderate");

        Assert.Equal(2, ran.ExitCode);
        Assert.Equal(1, (await RunAsync("world", "describe", world)).ExitCode);
    }

    [Fact]
    public async Task Policy_SecondVersion_WaitsUntilItIsPutInForce()
    {
        var world = await WorldAsync();
        var policy = _scratch.Write("p.json", """{"top_k":{"metric":"sharpe","k":2}}""");

        var uploaded = await JsonAsync("world", "policy", "upload", world, policy);
        var before = await JsonAsync("world", "policy", "show", world);
        var set = await JsonAsync("world", "policy", "set-default", world, "2");
        var after = await JsonAsync("world", "policy", "show", world);
        var all = await JsonAsync("world", "policy", "list", world);

        Assert.Equal((2, false), (uploaded.GetProperty("version").GetInt32(), uploaded.GetProperty("is_default").GetBoolean()));
        Assert.Equal((1, 2), (before.GetProperty("version").GetInt32(), after.GetProperty("version").GetInt32()));
        Assert.Equal((2, 1), (set.GetProperty("version").GetInt32(), set.GetProperty("previous_version").GetInt32()));
        Assert.Equal((2, 2), (all.GetProperty("policies").GetArrayLength(), all.GetProperty("default_policy_version").GetInt32()));
    }

    [Fact]
    public async Task World_FromCreateToDelete_IsSeenByEachCommand()
    {
        var world = await WorldAsync("--preset", "moderate", "--description", "trend", "--label", "a", "--label", "b");

        var described = await JsonAsync("world", "describe", world);
        var listed = await JsonAsync("world", "list");
        var status = await JsonAsync("world", "status", world);
        var allocations = await JsonAsync("world", "allocations", "-w", world);
        var deleted = await JsonAsync("world", "delete", world);

        Assert.Equal(("moderate", "trend", 2), (described.GetProperty("policy_preset").GetString(), described.GetProperty("world").GetProperty("description").GetString(), described.GetProperty("world").GetProperty("labels").GetArrayLength()));
        Assert.Contains(listed.GetProperty("worlds").EnumerateArray(), item => item.GetProperty("id").GetString() == world);
        Assert.Equal("validate", status.GetProperty("decision").GetProperty("effective_mode").GetString());
        Assert.Empty(allocations.GetProperty("allocations").EnumerateObject());
        Assert.True(deleted.GetProperty("deleted").GetBoolean());
        Assert.DoesNotContain((await JsonAsync("world", "list")).GetProperty("worlds").EnumerateArray(), item => item.GetProperty("id").GetString() == world);
    }

    [Fact]
    public async Task Status_AfterASubmission_ShowsItsStandingAndItsRun()
    {
        var world = await WorldAsync("--preset", "sandbox");
        var id = (await JsonAsync("submit", "sma-cross", "--world", world, "--data", await BarsAsync())).GetProperty("strategy_id").GetString()!;

        var all = await JsonAsync("status", "--world", world);
        var one = await JsonAsync("status", "--strategy", id);
        var inWorld = await JsonAsync("world", "status", world, "--strategy", id);
        var table = await RunAsync("world", "status", world, "--strategy", id, "--metrics");

        Assert.Equal("ok", all.GetProperty("gateway").GetProperty("worldservice").GetString());
        Assert.Equal(id, all.GetProperty("strategies").EnumerateArray().Single().GetProperty("strategy_id").GetString());
        Assert.Equal("compute-only", all.GetProperty("worlds").GetProperty(world).GetProperty("effective_mode").GetString());
        Assert.Equal(id, one.GetProperty("strategies").EnumerateArray().Single().GetProperty("strategy_id").GetString());
        Assert.True(inWorld.GetProperty("run").GetProperty("summary").GetProperty("active").GetBoolean());
        Assert.Contains("max_dd", table.Out, StringComparison.Ordinal);
        Assert.Equal(inWorld.GetProperty("run").GetProperty("run_id").GetString(), (await JsonAsync("world", "run-status", world, "--strategy", id)).GetProperty("run_id").GetString());
        var verdict = await RunAsync("world", "run-status", world, "--strategy", id);
        Assert.StartsWith($"{id}, run ", verdict.Out, StringComparison.Ordinal);
        Assert.Contains("sharpe", verdict.Out, StringComparison.Ordinal);
        Assert.Contains("[E_RUN_UNKNOWN]", (await RunAsync("world", "run-status", world, "--strategy", id, "--run", "none")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WithoutGateway_KeepsItsStateBetweenCommands()
    {
        var state = _scratch.File("state");
        var bars = await BarsAsync();

        var created = await Command.RunAsync("world", "create", "w", "--preset", "sandbox", "--state", state);
        var submitted = await Command.JsonAsync("submit", "sma-cross", "--world", "w", "--data", bars, "--state", state);
        var status = await Command.JsonAsync("status", "--state", state);

        Assert.True(created.ExitCode == 0, created.Error);
        Assert.Equal(submitted.GetProperty("strategy_id").GetString(), status.GetProperty("strategies").EnumerateArray().Single().GetProperty("strategy_id").GetString());
    }

    [Fact]
    public async Task Submit_InterruptedWithItsOwnStack_Is130InOneLine()
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));

        var ran = await Command.RunAsync(["submit", "sma-cross", "--world", "w", "--data", await BarsAsync(), "--state", _scratch.File("state")], cancel.Token);

        Assert.Equal((130, "", "qmtl: Interrupted. [E_CANCELLED]\n"), (ran.ExitCode, ran.Out, ran.Error));
    }

    private static string NewName() => $"w-{Guid.NewGuid():N}";

    private async Task<string> WorldAsync(params string[] options)
    {
        var world = NewName();
        await JsonAsync(["world", "create", world, .. options]);
        return world;
    }

    private async Task<string> BarsAsync()
    {
        var csv = _scratch.File("bars.csv");
        await Command.JsonAsync("data", "generate", "--out", csv, "--bars", "1000", "--seed", "3", "--volatility", "0.004");
        return csv;
    }

    private Task<Ran> RunAsync(params string[] args) => Command.RunAsync([.. args, "--gateway", stack.Gateway]);

    private Task<JsonElement> JsonAsync(params string[] args) => Command.JsonAsync([.. args, "--gateway", stack.Gateway]);
}
