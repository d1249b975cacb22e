using Qmtl.Identity;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>Trying policies out, as clients see it.</summary>
public abstract class PolicyToolsTests
{
    private const string Policy = "thresholds: {s: {metric: sharpe, min: 1}}\ntop_k: {metric: sharpe, k: 2}\n";

    private protected abstract Task<WorldHost> StartAsync();

    [ConformanceFact]
    public async Task Test_AnswersPerScenarioWithReasonsAndCoverage()
    {
        await using var host = await StartAsync();
        var answer = await host.Client.TestPolicyAsync(new TestPolicyRequest
        {
            Policy = Policy,
            Scenarios = "scenarios:\n- {name: good, strategies: {a: {sharpe: 2}}, expect: {active: [a]}}\n- {name: wrong, strategies: {a: {sharpe: 0.4}}, expect: {active: [a]}}\n",
        }).ResponseAsync.Within();

        Assert.False(answer.Passed);
        Assert.Equal([("good", true), ("wrong", false)], answer.Scenarios.Select(scenario => (scenario.Name, scenario.Passed)));
        var mismatch = Assert.Single(answer.Scenarios[1].Mismatches);
        Assert.Equal(("/scenarios/1/expect/active", "a", "none"), (mismatch.Pointer, mismatch.Expected, mismatch.Was));
        var reason = Assert.Single(mismatch.Reasons);
        Assert.Equal(("threshold", "fail", "below_min", "sharpe", 0.4, 1.0), (reason.Rule, reason.Outcome, reason.Code, reason.Metric, reason.Value, reason.Threshold));
        Assert.Equal(-0.6, reason.Distance!.Value, 9);
        Assert.Equal([("sharpe >= 1", 1, 1, 1), ("total <= 2", 1, 0, 0)], answer.Coverage.Rules.Select(rule => (rule.Text, rule.Passed, rule.Failed, rule.Decisive)));
        Assert.Equal(50, answer.Coverage.Percent);
    }

    [ConformanceFact]
    public async Task Test_BadDocuments_AreRefusedWithTheirPlace()
    {
        await using var host = await StartAsync();
        var policy = await WorldHost.RefusedAsync(() => host.Client.TestPolicyAsync(new TestPolicyRequest { Policy = "tresholds: {}", Scenarios = "scenarios: []" }).ResponseAsync);
        Assert.Equal((ReasonCodes.PolicyInvalid.Code, "/policy/tresholds"), (policy.Code.Code, policy.Errors[0].Pointer));
        var scenarios = await WorldHost.RefusedAsync(() => host.Client.TestPolicyAsync(new TestPolicyRequest { Policy = Policy, Scenarios = "scenarios: [{name: x, strategies: {a: {sharpp: 1}}}]" }).ResponseAsync);
        Assert.Equal((ReasonCodes.ScenariosInvalid.Code, "/scenarios/scenarios/0/strategies/a/sharpp"), (scenarios.Code.Code, scenarios.Errors[0].Pointer));
    }

    [ConformanceFact]
    public async Task Diff_SaysWhoEntersLeavesAndStaysAndWritesNothing()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a", "b", "c", "never");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 1.5), ("max_dd", 0.5));
        await host.EvaluateAsync("w", "b", "r2", ("sharpe", 1.2), ("max_dd", 0.1));
        Assert.Equal(["a", "b"], (await host.EvaluateAsync("w", "c", "r3", ("sharpe", 0.8), ("max_dd", 0.05))).Active);
        var before = await Tables.ReadAsync(host.Database);

        var diff = await host.Client.DiffPolicyAsync(new DiffPolicyRequest { WorldId = "w", Policy = "selection: {gates: {and: [max_dd <= 0.2]}, score: sharpe}\nhysteresis: {promote_after: 3, demote_after: 3}\n" }).ResponseAsync.Within();

        Assert.Equal((["c"], ["a"], ["b"], ["never"], 1, 0), (diff.Enters, diff.Leaves, diff.Stays, diff.Unmeasured, diff.BaseVersion, diff.CandidateVersion));
        var a = diff.Strategies.Single(change => change.StrategyId == "a");
        // Three evaluations below have to come first, so the next one changes nothing yet.
        Assert.Equal(("leaves", true, true, "demotion_pending"), (a.Change, a.Base.Active, a.Candidate.Active, a.Candidate.Code));
        Assert.Equal(["gate", "hysteresis"], a.Candidate.Reasons.Select(reason => reason.Rule));
        Assert.Equal(("promotion_pending", 0.8, 2), (diff.Strategies[2].Candidate.Code, diff.Strategies[2].Candidate.Score, diff.Strategies[2].Candidate.Rank));
        Assert.Equal(before, await Tables.ReadAsync(host.Database));
    }

    [ConformanceFact]
    public async Task Diff_StoredVersion_ComparesThatOne()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a", "b");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 1.5));
        await host.EvaluateAsync("w", "b", "r2", ("sharpe", 1.2));
        var second = await host.UploadAsync("w", "top_k: {metric: sharpe, k: 2}\ncorrelation: {max: 0.5}\n");

        var diff = await host.Client.DiffPolicyAsync(new DiffPolicyRequest { WorldId = "w", Version = 2, Correlations = { ["a,b"] = 0.7 } }).ResponseAsync.Within();
        var without = await host.Client.DiffPolicyAsync(new DiffPolicyRequest { WorldId = "w", Version = 2 }).ResponseAsync.Within();
        var same = await host.Client.DiffPolicyAsync(new DiffPolicyRequest { WorldId = "w" }).ResponseAsync.Within();

        Assert.Equal((2, second.Checksum), (diff.CandidateVersion, diff.CandidateChecksum));
        Assert.Equal((["b"], ["a"]), (diff.Leaves, diff.Stays));
        Assert.Empty(diff.Notes);
        Assert.Equal(["a", "b"], without.Stays);
        Assert.Contains("correlation", Assert.Single(without.Notes), StringComparison.Ordinal);
        Assert.Equal((1, ["a", "b"]), (same.CandidateVersion, same.Stays));
        Assert.All(same.Strategies, change => Assert.Equal(change.Base, change.Candidate));
    }

    [ConformanceFact]
    public async Task Diff_WrongRequests_AreRefused()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy);
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "bare" }).ResponseAsync.Within();
        foreach (var (request, code) in new[]
        {
            (new DiffPolicyRequest { WorldId = "nowhere" }, ReasonCodes.WorldUnknown),
            (new DiffPolicyRequest { WorldId = "bare", Policy = Policy }, ReasonCodes.PolicyUnknown),
            (new DiffPolicyRequest { WorldId = "w", Version = 9 }, ReasonCodes.PolicyUnknown),
            (new DiffPolicyRequest { WorldId = "w", Version = 1, Policy = Policy }, ReasonCodes.InvalidArgument),
            (new DiffPolicyRequest { WorldId = "w", Stage = "moon" }, ReasonCodes.InvalidArgument),
            (new DiffPolicyRequest { WorldId = "w", Policy = "top_k: {metric: sharpp, k: 1}" }, ReasonCodes.PolicyInvalid),
        })
        {
            Assert.Equal(code.Code, (await WorldHost.RefusedAsync(() => host.Client.DiffPolicyAsync(request).ResponseAsync)).Code.Code);
        }
    }

    [ConformanceFact]
    public async Task Sample_ScenariosOfTheSamplePolicy_PassAndCoverIt()
    {
        await using var host = await StartAsync();
        var folder = Path.Combine(SampleFiles.Root, "samples", "worlds");
        var answer = await host.Client.TestPolicyAsync(new TestPolicyRequest
        {
            Policy = await File.ReadAllTextAsync(Path.Combine(folder, "crypto_mom_1h.yaml")),
            Scenarios = await File.ReadAllTextAsync(Path.Combine(folder, "scenarios", "crypto_mom_1h.yaml")),
        }).ResponseAsync.Within();

        Assert.True(answer.Passed, answer.ToString());
        Assert.Equal(100, answer.Coverage.Percent);
    }
}

public sealed class SqlitePolicyToolsTests : PolicyToolsTests
{
    private protected override Task<WorldHost> StartAsync() => WorldHosts.SqliteAsync();
}

[Requires(Needs.Postgres)]
public sealed class PostgresPolicyToolsTests : PolicyToolsTests
{
    private protected override Task<WorldHost> StartAsync() => WorldHosts.PostgresAsync();
}
