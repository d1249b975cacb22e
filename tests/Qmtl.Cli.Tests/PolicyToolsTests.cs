using System.Net.Http.Json;

namespace Qmtl.Cli.Tests;

/// <summary>Trying policies out from a shell.</summary>
public sealed class PolicyToolsTests(StackFixture stack) : IClassFixture<StackFixture>, IDisposable
{
    private const string Policy = "thresholds: {s: {metric: sharpe, min: 1}}\ntop_k: {metric: sharpe, k: 2}\n";
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Test_EveryScenarioHolds_Is0WithTheCoverage()
    {
        var ran = await RunAsync("world", "policy", "test", _scratch.Write("p.yaml", Policy), _scratch.Write("s.yaml", "scenarios:\n- {name: good, strategies: {a: {sharpe: 2}}, expect: {active: [a]}}\n"));

        Assert.True(ran.ExitCode == 0, ran.Error);
        Assert.Contains("passed  good", ran.Out, StringComparison.Ordinal);
        Assert.Contains("sharpe >= 1", ran.Out, StringComparison.Ordinal);
        Assert.Contains("0 % of the rules seen both passing and failing", ran.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_ScenarioFails_Is1AndSaysWhy()
    {
        var ran = await RunAsync("world", "policy", "test", _scratch.Write("p.yaml", Policy), _scratch.Write("s.yaml", "scenarios:\n- {name: bad, strategies: {a: {sharpe: 0.25}}, expect: {active: [a]}}\n"));

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("FAILED  bad", ran.Out, StringComparison.Ordinal);
        Assert.Contains("/scenarios/0/expect/active: expected a, was none", ran.Out, StringComparison.Ordinal);
        Assert.Contains("- sharpe >= 1, sharpe is 0.25, 0.75 lacking", ran.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_CoverageBelowTheLeast_Is1()
    {
        var (policy, scenarios) = (_scratch.Write("p.yaml", Policy), _scratch.Write("s.yaml", "scenarios:\n- {name: good, strategies: {a: {sharpe: 2}, b: {sharpe: 0}}, expect: {active: [a]}}\n"));

        var enough = await RunAsync("world", "policy", "test", policy, scenarios, "--min-coverage", "50");
        var tooLittle = await RunAsync("world", "policy", "test", policy, scenarios, "--min-coverage", "51", "--output", "json");

        Assert.Equal((0, 1), (enough.ExitCode, tooLittle.ExitCode));
        Assert.Equal((true, 50), (tooLittle.Json.GetProperty("passed").GetBoolean(), tooLittle.Json.GetProperty("coverage").GetProperty("percent").GetDouble()));
        Assert.Equal(2, (await RunAsync("world", "policy", "test", policy, scenarios, "--min-coverage", "101")).ExitCode);
    }

    [Fact]
    public async Task Test_MistakeInTheScenarios_Is1AndNamesThePlace()
    {
        var ran = await RunAsync("world", "policy", "test", _scratch.Write("p.yaml", Policy), _scratch.Write("s.yaml", "scenarios:\n- {name: x, strategies: {a: {sharpp: 2}}}\n"));

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("/scenarios/0/strategies/a/sharpp", ran.Error, StringComparison.Ordinal);
        Assert.Contains("[E_SCENARIOS_INVALID]", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_CandidateFile_ShowsWhoEntersAndLeavesAndWhy()
    {
        var world = await MeasuredWorldAsync();
        var ran = await RunAsync("world", "policy", "diff", world, "--policy", _scratch.Write("c.yaml", "thresholds: {d: {metric: max_dd, max: 0.2}}\ntop_k: {metric: sharpe, k: 2}\n"));

        Assert.True(ran.ExitCode == 0, ran.Error);
        Assert.Contains($"{world}: the document against version 1 in force: 1 enter, 1 leave, 0 stay", ran.Out, StringComparison.Ordinal);
        Assert.Contains("deep leaves:\n    - max_dd <= 0.2, max_dd is 0.5, 0.3 lacking", ran.Out, StringComparison.Ordinal);
        Assert.Contains("weak enters:\n    - sharpe >= 1, sharpe is 0.8", ran.Out, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("world", "policy", "diff", world)).ExitCode);
        Assert.Equal(1, (await RunAsync("world", "policy", "diff", world, "--version", "7")).ExitCode);
    }

    [Fact]
    public async Task Eval_ShowsEachStrategyWithItsReasons()
    {
        var world = await MeasuredWorldAsync();

        var all = await RunAsync("world", "eval", world);
        var one = await RunAsync("world", "eval", world, "--strategy", "weak", "--output", "json");
        var none = await RunAsync("world", "eval", world, "--strategy", "nobody");

        Assert.True(all.ExitCode == 0, all.Error);
        Assert.Contains("in  deep: rank 1, score 1.5, selected\n    + sharpe >= 1, sharpe is 1.5\n", all.Out, StringComparison.Ordinal);
        Assert.Contains("out weak: below_min\n    - sharpe >= 1, sharpe is 0.8", all.Out, StringComparison.Ordinal);
        Assert.Equal("weak", Assert.Single(one.Json.GetProperty("strategies").EnumerateArray()).GetProperty("strategy_id").GetString());
        Assert.Equal(1, none.ExitCode);
        Assert.Contains("[E_STRATEGY_UNKNOWN]", none.Error, StringComparison.Ordinal);
    }

    private async Task<string> MeasuredWorldAsync()
    {
        var world = "t" + Guid.NewGuid().ToString("N");
        Assert.Equal(0, (await RunAsync("world", "create", world, "--policy", _scratch.Write("base.yaml", Policy))).ExitCode);
        using var http = new HttpClient { BaseAddress = new Uri(stack.Gateway) };
        foreach (var (strategy, sharpe, drawdown) in new[] { ("deep", 1.5, 0.5), ("weak", 0.8, 0.1) })
        {
            using var bound = await http.PostAsJsonAsync($"worlds/{world}/bindings", new { strategies = new[] { strategy } }).Within();
            using var evaluated = await http.PostAsJsonAsync($"worlds/{world}/evaluate", new { strategy_id = strategy, metrics = new Dictionary<string, object> { [strategy] = new { sharpe, max_dd = drawdown } } }).Within();
            Assert.True(bound.IsSuccessStatusCode && evaluated.IsSuccessStatusCode, await evaluated.Content.ReadAsStringAsync().Within());
        }

        return world;
    }

    private Task<Ran> RunAsync(params string[] args) => Command.RunAsync([.. args, "--gateway", stack.Gateway]);
}
