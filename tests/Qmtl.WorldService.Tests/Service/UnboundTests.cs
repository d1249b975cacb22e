using Qmtl.Identity;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Tests.Promotion;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>What is asked of a strategy that does not belong to the world: a typing error must not look as if it had worked.</summary>
public abstract class UnboundTests
{
    private protected abstract Task<WorldHost> StartAsync();

    [ConformanceFact]
    public async Task Activation_OfAStranger_IsRefused_AndMakesNoEntry()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "top_k: {metric: sharpe, k: 1}", "a");

        foreach (var request in new[] { Put("ghost", active: true), Put("ghost", active: true, freeze: true), Put("ghost", active: false) })
        {
            var refused = await WorldHost.RefusedAsync(() => host.Client.PutActivationAsync(request).ResponseAsync);
            Assert.Equal(ReasonCodes.StrategyUnknown, refused.Code);
            Assert.Contains("'ghost' is not bound to world 'w'", refused.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(0, (await host.Client.GetStateHashAsync(new GetStateHashRequest { WorldId = "w", Topic = "activation" }).ResponseAsync.Within()).Count);
    }

    [ConformanceFact]
    public async Task Activation_OfWhatAnUnboundStrategyLeft_ClosesFurtherAndNeverOpens()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "top_k: {metric: sharpe, k: 1}", "a");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 2));
        await host.Client.UnbindStrategyAsync(new UnbindStrategyRequest { WorldId = "w", StrategyId = "a" }).ResponseAsync.Within();

        Assert.Equal(ReasonCodes.StrategyUnknown, (await WorldHost.RefusedAsync(() => host.Client.PutActivationAsync(Put("a", active: true)).ResponseAsync)).Code);
        Assert.True((await host.Client.PutActivationAsync(Put("a", active: true, freeze: true)).ResponseAsync.Within()).Freeze);
        Assert.False((await host.Client.PutActivationAsync(Put("a", active: false)).ResponseAsync.Within()).Active);
    }

    [ConformanceFact]
    public async Task Decisions_ThatNameAStranger_AreRefusedAsAWhole()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "top_k: {metric: sharpe, k: 1}", "a");

        var refused = await WorldHost.RefusedAsync(() => host.Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = "w", Strategies = { "a", "ghost" } }).ResponseAsync);

        Assert.Equal("/strategies/1", Assert.Single(refused.Errors).Pointer);
        Assert.Empty((await host.Client.GetDecisionsAsync(new GetDecisionsRequest { WorldId = "w" }).ResponseAsync.Within()).Strategies);
        Assert.True((await host.Client.GetValidationInvariantsAsync(new GetValidationInvariantsRequest { WorldId = "w" }).ResponseAsync.Within()).Ok);
    }

    [ConformanceFact]
    public async Task Promotion_OfAStranger_IsRefusedByName_AlsoWithPaperRuns()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        await host.PaperAsync("ghost", "g1");

        Func<Task>[] calls =
        [
            () => host.PlanAsync("ghost"), () => host.ApproveAsync(strategy: "ghost"), () => host.ApplyLiveAsync(strategy: "ghost"),
            () => host.Client.RejectLiveAsync(new PromotionReviewRequest { WorldId = "w", StrategyId = "ghost" }, PromotionBench.As("ann")).ResponseAsync,
        ];
        foreach (var call in calls) Assert.Equal(ReasonCodes.StrategyUnknown, (await WorldHost.RefusedAsync(call)).Code);
        var candidates = await host.Client.ListLiveCandidatesAsync(new PromotionCandidatesRequest { WorldId = "w", IncludePlan = true }).ResponseAsync.Within();
        Assert.Equal("a", Assert.Single(candidates.Candidates).StrategyId);
    }

    [ConformanceFact]
    public async Task Campaign_OfStrangersThatWereTriedOut_DoesNotExist()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "top_k: {metric: sharpe, k: 1}", "a");
        await host.EvaluateAsync("w", "ghost", "g1", ("sharpe", 2));

        var status = await host.Client.GetCampaignStatusAsync(new CampaignRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal("a", Assert.Single(status.Strategies).StrategyId);
        Assert.Equal("a", Assert.Single((await host.Client.TickCampaignAsync(new CampaignRequest { WorldId = "w" }).ResponseAsync.Within()).Actions).StrategyId);
    }

    [ConformanceFact]
    public async Task Evaluation_OfAStrangerNothingIsKnownOf_IsRefused_AndOneWithMetricsIsTriedOut()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "thresholds: {s: {metric: sharpe, min: 1}}", "a");
        var request = new EvaluateRequest { WorldId = "w", StrategyId = "ghost", RunId = "g1", Stage = "backtest" };

        foreach (var dryRun in new[] { true, false })
        {
            request.DryRun = dryRun;
            var refused = await WorldHost.RefusedAsync(() => host.Client.EvaluateAsync(request).ResponseAsync);
            Assert.Equal(ReasonCodes.StrategyUnknown, refused.Code);
            Assert.Contains("'ghost' is not bound to world 'w'", refused.Detail, StringComparison.Ordinal);
        }

        var cohort = new EvaluateCohortRequest { WorldId = "w", RunId = "c1", Candidates = { "a", "ghost" } };
        Assert.Equal(ReasonCodes.StrategyUnknown, (await WorldHost.RefusedAsync(() => host.Client.EvaluateCohortAsync(cohort).ResponseAsync)).Code);
        Assert.Empty((await host.Client.ListEvaluationRunsAsync(new ListEvaluationRunsRequest { WorldId = "w", StrategyId = "ghost" }).ResponseAsync.Within()).Runs);

        // Who belongs to the world is judged, also on nothing; and what was measured once is known.
        request.StrategyId = "a";
        Assert.Equal("fail", (await host.Client.EvaluateAsync(request).ResponseAsync.Within()).Summary.Status);
        await host.EvaluateAsync("w", "ghost", "g2", ("sharpe", 2));
        Assert.Equal("pass", (await host.Client.EvaluateAsync(new EvaluateRequest(request) { StrategyId = "ghost", RunId = "g3" }).ResponseAsync.Within()).Summary.Status);
    }

    [ConformanceFact]
    public async Task RunIds_ThatAreNone_AreCalledRunIds()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "top_k: {metric: sharpe, k: 1}", "a");

        var refused = await WorldHost.RefusedAsync(() => host.Client.ApplyAsync(new ApplyRequest { WorldId = "w", RunId = "a b" }).ResponseAsync);

        Assert.StartsWith("run_id: must be a run id of 1 to 200 characters", refused.Detail, StringComparison.Ordinal);
    }

    [ConformanceFact]
    public async Task Apply_OfASilentPolicy_TellsExecutorsTheSafeWayWithPositions()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "top_k: {metric: sharpe, k: 1}", "a");
        await host.Client.ApplyAsync(new ApplyRequest { WorldId = "w", RunId = "r1", Plan = new ApplyPlan { Activate = { "a" } } }).ResponseAsync.Within();

        var run = await host.Client.GetApplyRunAsync(new GetApplyRunRequest { WorldId = "w", RunId = "r1" }).ResponseAsync.Within();
        Assert.Equal(("flat_then_enable", "disable_then_flat"), (run.OnPromote, run.OnDemote));
    }

    private static PutActivationRequest Put(string strategy, bool active, bool? freeze = null) => new() { WorldId = "w", StrategyId = strategy, Side = "long", Active = active, Freeze = freeze };
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteUnboundTests : UnboundTests
{
    private protected override Task<WorldHost> StartAsync() => WorldHosts.SqliteAsync();
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresUnboundTests : UnboundTests
{
    private protected override Task<WorldHost> StartAsync() => WorldHosts.PostgresAsync();
}
