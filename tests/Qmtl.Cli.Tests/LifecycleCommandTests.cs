using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Qmtl.Cli.Tests;

/// <summary>The commands of campaigns and promotion, against a real stack.</summary>
public sealed class LifecycleCommandTests(StackFixture stack) : IClassFixture<StackFixture>, IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task AStrategy_FromTheFirstRunToLiveAndBack_ByTheCommandsOfTheGuide()
    {
        var world = await WorldAsync("manual_approval");
        await EvaluateAsync(world, "backtest", "b1");
        Assert.Equal("backtest_campaign", (await JsonAsync("world", "campaign-status", world)).GetProperty("strategies")[0].GetProperty("phase").GetString());
        var tick = await JsonAsync("world", "campaign-tick", world);
        Assert.Equal(("evaluate", "paper"), (tick.GetProperty("actions")[0].GetProperty("action").GetString(), tick.GetProperty("actions")[0].GetProperty("stage").GetString()));
        await EvaluateAsync(world, "paper", "p1");

        var candidates = await JsonAsync("world", "live-candidates", world, "--include-plan");
        Assert.Equal("p1", candidates.GetProperty("candidates")[0].GetProperty("run_id").GetString());
        var blocked = await RunAsync("world", "live-apply", world, "--strategy", "s1", "--actor", "bob");
        Assert.Equal((3, true), (blocked.ExitCode, blocked.Error.Contains("risk_snapshot_missing_or_expired", StringComparison.Ordinal)));
        await SnapshotAsync(world);
        Assert.Equal(3, (await RunAsync("world", "live-plan", world, "--strategy", "s1")).ExitCode);
        Assert.Equal(0, (await RunAsync("world", "live-approve", world, "--strategy", "s1", "--comment", "reviewed", "--actor", "ann")).ExitCode);
        var plan = await RunAsync("world", "live-plan", world, "--strategy", "s1");
        Assert.Equal((0, "s1, run p1: may go live"), (plan.ExitCode, plan.Lines[0]));

        var applied = await JsonAsync("world", "live-apply", world, "--strategy", "s1", "--actor", "bob", "--run-id", "go-1");
        Assert.True(applied.GetProperty("applied").GetBoolean());
        Assert.True((await JsonAsync("world", "live-apply", world, "--strategy", "s1", "--actor", "bob", "--run-id", "go-1")).GetProperty("applied").GetBoolean());
        Assert.Equal("live", (await JsonAsync("world", "status", world)).GetProperty("decision").GetProperty("effective_mode").GetString());
        var demoted = await RunAsync("world", "live-demote", world, "--strategy", "s1", "--reason", "drawdown", "--actor", "bob");
        Assert.Equal((0, "s1: back to paper"), (demoted.ExitCode, demoted.Lines[0]));
        var log = (await JsonAsync("world", "live-log", world)).GetProperty("promotions");
        Assert.Equal(["demotion", "promotion"], log.EnumerateArray().Select(record => record.GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task Review_ByWhoMayNot_Is3_AndWithoutAReason_Is2()
    {
        var world = await WorldAsync("manual_approval");
        await EvaluateAsync(world, "paper", "p1");
        Assert.Equal(3, (await RunAsync("world", "live-approve", world, "--strategy", "s1", "--comment", "x", "--actor", "carl")).ExitCode);
        Assert.Equal(2, (await RunAsync("world", "live-approve", world, "--strategy", "s1", "--actor", "ann")).ExitCode);
        var rejected = await RunAsync("world", "live-reject", world, "--strategy", "s1", "--actor", "ann");
        Assert.Equal((0, "s1, run p1: rejected by ann\n"), (rejected.ExitCode, rejected.Out));
    }

    [Fact]
    public async Task Execute_ShowsFirst_ThenTakesEachStepOnce()
    {
        var world = await WorldAsync("disabled");
        await EvaluateAsync(world, "backtest", "b1");
        var shown = await JsonAsync("world", "campaign-execute", world);
        Assert.Equal((true, "dry_run"), (shown.GetProperty("dry_run").GetBoolean(), OutcomeOf(shown)));
        Assert.Equal("executed", OutcomeOf(await JsonAsync("world", "campaign-execute", world, "--evaluate")));
        var after = await JsonAsync("world", "campaign-status", world);
        Assert.Equal("paper_campaign", after.GetProperty("strategies")[0].GetProperty("phase").GetString());
        Assert.Equal("skipped", OutcomeOf(await JsonAsync("world", "campaign-execute", world, "--evaluate")));
    }

    [Fact]
    public async Task Execute_ToLive_WhereARuleStandsInTheWay_Is3_AndWaitingIs0()
    {
        var world = await WorldAsync("auto_apply");
        await EvaluateAsync(world, "backtest", "b1");
        await EvaluateAsync(world, "paper", "p1");

        var waiting = await RunAsync("world", "campaign-execute", world, "--evaluate");
        Assert.Equal(0, waiting.ExitCode);
        var refused = await RunAsync("world", "campaign-execute", world, "--live");
        Assert.Equal((3, true), (refused.ExitCode, refused.Out.Contains("risk_snapshot_missing_or_expired", StringComparison.Ordinal)));
        await SnapshotAsync(world);
        var taken = await RunAsync("world", "campaign-execute", world, "--live");
        Assert.True(taken.ExitCode == 0, taken.Out + taken.Error);
    }

    [Fact]
    public async Task Loop_RunsItsRounds_OneLineEach_AndKeepsASecondOneOut()
    {
        var world = await WorldAsync("manual_approval");
        var ran = await RunAsync("world", "campaign-loop", world, "--interval-sec", "1", "--max-iterations", "2");
        Assert.Equal((0, 2), (ran.ExitCode, ran.Lines.Length));
        Assert.All(ran.Lines, line => Assert.Contains($" {world}: ", line, StringComparison.Ordinal));

        await PostAsync($"worlds/{world}/campaign/lease", """{"holder":"elsewhere","ttl_sec":600}""");
        var second = await RunAsync("world", "campaign-loop", world, "--max-iterations", "1");
        Assert.Equal(1, second.ExitCode);
        Assert.Contains("[E_LEASE_HELD]", second.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("world", "campaign-loop", world, "--interval-sec", "0")).ExitCode);
    }

    [Fact]
    public async Task Loop_Interrupted_GivesItsLeaseBack()
    {
        var world = await WorldAsync("manual_approval");
        using var interrupt = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var ran = await Command.RunAsync(["world", "campaign-loop", world, "--gateway", stack.Gateway], interrupt.Token);
        Assert.Equal(130, ran.ExitCode);
        Assert.Equal(0, (await RunAsync("world", "campaign-loop", world, "--max-iterations", "1")).ExitCode);
    }

    private static string? OutcomeOf(JsonElement execution) => execution.GetProperty("steps")[0].GetProperty("outcome").GetString();

    private async Task<string> WorldAsync(string mode)
    {
        var world = "life_" + Guid.CreateVersion7().ToString("N")[..16];
        var policy = _scratch.Write(world + ".yaml", "thresholds: {s: {metric: sharpe, min: 1}}\ngovernance: {live_promotion: {mode: " + mode + ", approvers: [ann, bob]}}\n");
        await JsonAsync("world", "create", world, "--policy", policy, "--allow-live");
        await PostAsync($"worlds/{world}/bindings", """{"strategies":["s1"]}""");
        return world;
    }

    /// <summary>A measurement of the strategy, as its runner sends it.</summary>
    private async Task EvaluateAsync(string world, string stage, string run)
    {
        await PostAsync(
            $"worlds/{world}/evaluate",
            $$$"""{"strategy_id":"s1","run_id":"{{{run}}}","stage":"{{{stage}}}","metrics":{"s1":{"sharpe":1.5,"trades":20}},"data":{"dataset_fingerprint":"sha256:1","as_of":"2026-01-01T00:00:00Z"}}""");
        await PostAsync($"worlds/{world}/history", """{"strategy_id":"s1","node_id":"price","interval":60,"rows":100,"dataset_fingerprint":"sha256:1","as_of":"2026-01-01T00:00:00Z"}""");
    }

    private Task SnapshotAsync(string world) => PostAsync(
        $"risk-hub/worlds/{world}/snapshots", $$$"""{"version":"v1","as_of":"{{{DateTimeOffset.UtcNow:O}}}","weights":{"s1":1}}""", ("X-Actor", "risk-engine"), ("X-Stage", "paper"));

    private async Task PostAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var http = new HttpClient { BaseAddress = new Uri(stack.Gateway) };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        using var answer = await http.SendAsync(request).Within();
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync().Within());
    }

    private Task<Ran> RunAsync(params string[] args) => Command.RunAsync([.. args, "--gateway", stack.Gateway]);

    private async Task<JsonElement> JsonAsync(params string[] args)
    {
        var ran = await RunAsync([.. args, "--output", "json"]);
        Assert.True(ran.ExitCode == 0, $"{string.Join(' ', args)}: {ran.ExitCode} {ran.Error}");
        return ran.Json;
    }
}
