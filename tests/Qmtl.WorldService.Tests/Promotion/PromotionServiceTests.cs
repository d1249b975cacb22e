using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Promotion;

/// <summary>Plans and reviews over gRPC, whatever database they stand on.</summary>
public abstract class PromotionServiceTests
{
    private protected abstract Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings);

    [ConformanceFact]
    public async Task Plan_OnlyTheApprovalMissing_IsPending_ThenEligible()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        var plan = await host.PlanAsync();
        Assert.Equal([PromotionReasons.Approval], plan.BlockedReasons);
        Assert.Equal((true, false, "none", "v1", "p2", 2), (plan.PendingManualApproval, plan.Eligible, plan.OverrideStatus, plan.RiskSnapshotVersion, plan.RunId, plan.MaxLiveSlots!.Value));
        Assert.Equal(["a"], plan.Target);
        Assert.NotEmpty(plan.Explanations[PromotionReasons.Approval]);

        var review = await host.ApproveAsync();
        Assert.Equal(("approved", "ann", "p2"), (review.OverrideStatus, review.Actor, review.RunId));
        plan = await host.PlanAsync();
        Assert.True(plan.Eligible, string.Join(',', plan.BlockedReasons));
        Assert.Equal("approved", plan.OverrideStatus);
        var run = await host.RunAsync("w", "a", "p2");
        Assert.Equal(("approved", "ann", "looks right"), (run.Summary.OverrideStatus, run.Summary.OverrideActor, run.Summary.OverrideReason));
        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal(("live_approved", "ann"), (audit.Entries[0].Event, audit.Entries[0].Actor));
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);
    }

    [ConformanceFact]
    public async Task Plan_EachThingMissing_IsNamed()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        await host.ApproveAsync();
        Assert.Empty((await host.PlanAsync()).BlockedReasons);

        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = false }).ResponseAsync.Within();
        Assert.Equal([PromotionReasons.LiveNotAllowed], (await host.PlanAsync()).BlockedReasons);
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = true, CircuitBreaker = true }).ResponseAsync.Within();
        Assert.Equal([PromotionReasons.Circuit], (await host.PlanAsync()).BlockedReasons);
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", CircuitBreaker = false, State = "SUSPENDED" }).ResponseAsync.Within();
        Assert.Equal([PromotionReasons.WorldInactive], (await host.PlanAsync()).BlockedReasons);
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", State = "ACTIVE" }).ResponseAsync.Within();
        Assert.Empty((await host.PlanAsync()).BlockedReasons);

        var hit = new HistoryReport { StrategyId = "a", NodeId = "price", ConformanceFlags = { ["cross_context_cache_hit"] = 2 }, DatasetFingerprint = "sha256:1" };
        await host.Client.PutHistoryAsync(new PutHistoryRequest { WorldId = "w", Report = hit }).ResponseAsync.Within();
        Assert.Equal([PromotionReasons.CrossContext], (await host.PlanAsync()).BlockedReasons);
        await host.ReportAsync("w", "a", "sha256:1");

        host.Clock.Advance(TimeSpan.FromSeconds(900));
        Assert.Equal([PromotionReasons.RiskSnapshot], (await host.PlanAsync()).BlockedReasons);
        await host.RiskAsync("v2");
        Assert.Empty((await host.PlanAsync()).BlockedReasons);

        // The same run again with worse figures: it fails, is not selected, and the approval was of other content.
        await host.PaperAsync("a", "p2", sharpe: 0.5);
        Assert.Equal([PromotionReasons.ValidationFailed, PromotionReasons.NotSelected, PromotionReasons.Approval], (await host.PlanAsync()).BlockedReasons);
    }

    [ConformanceFact]
    public async Task Plan_ASnapshotWithoutWhatThePolicyReads_IsNoEvidence()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        await host.UploadAsync("w", PromotionBench.Policy.Replace("MODE", "auto_apply", StringComparison.Ordinal) + "portfolio: {max_incremental_var_99: 0.1}\n");
        await host.Client.SetDefaultPolicyAsync(new SetDefaultPolicyRequest { WorldId = "w", Version = 2 }).ResponseAsync.Within();
        var plan = await host.PlanAsync();
        Assert.Equal([PromotionReasons.RiskSnapshot], plan.BlockedReasons);
        Assert.Contains("covariance", plan.Explanations[PromotionReasons.RiskSnapshot], StringComparison.Ordinal);
        await host.RiskAsync("v2", snapshot => snapshot.Covariance["a,a"] = 0.01);
        Assert.Empty((await host.PlanAsync()).BlockedReasons);
    }

    [ConformanceFact]
    public async Task Approve_AfterAnEmptyWindow_CompletesNothing()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w", AllowLive = true }).ResponseAsync.Within();
        await host.UploadAsync("w", PromotionBench.Policy.Replace("MODE", "manual_approval", StringComparison.Ordinal));
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "a" } }).ResponseAsync.Within();
        await host.PaperAsync("a", "p1");
        host.Clock.Advance(TimeSpan.FromDays(30));
        await host.RiskAsync("v1");
        await host.ApproveAsync();
        Assert.Equal([PromotionReasons.PaperWindow], (await host.PlanAsync()).BlockedReasons);
    }

    [ConformanceFact]
    public async Task Review_OnlyByWhoMay()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        async Task<string> Code(PromotionReviewRequest request, Grpc.Core.Metadata? headers) =>
            (await WorldHost.RefusedAsync(() => host.Client.ApproveLiveAsync(request, headers).ResponseAsync)).Code.Code;
        PromotionReviewRequest Request(string actor = "", string comment = "fine", string run = "") => new() { WorldId = "w", StrategyId = "a", Actor = actor, Comment = comment, RunId = run };

        Assert.Equal(ReasonCodes.OverrideIncomplete.Code, await Code(Request(comment: " "), PromotionBench.As("ann")));
        Assert.Equal(ReasonCodes.InvalidArgument.Code, await Code(Request(), null));
        Assert.Equal(ReasonCodes.ApproverNotAllowed.Code, await Code(Request(), PromotionBench.As("carl")));
        Assert.Equal(ReasonCodes.ApproverNotAllowed.Code, await Code(Request("carl"), null));
        Assert.Equal(ReasonCodes.PermissionDenied.Code, await Code(Request("bob"), PromotionBench.As("ann")));
        Assert.Equal(ReasonCodes.RunUnknown.Code, await Code(Request(run: "nothing"), PromotionBench.As("ann")));
        Assert.Equal("none", (await host.PlanAsync()).OverrideStatus);
        await host.Client.ApproveLiveAsync(Request("bob"), new Grpc.Core.Metadata()).ResponseAsync.Within();
        Assert.Equal("approved", (await host.PlanAsync()).OverrideStatus);
    }

    [ConformanceFact]
    public async Task Review_OfOnesOwnStrategy_IsRefused()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "b" } }, PromotionBench.As("ann")).ResponseAsync.Within();
        await host.PaperAsync("b", "p1");
        var refused = await WorldHost.RefusedAsync(() => host.ApproveAsync("ann", "b"));
        Assert.Equal(ReasonCodes.ApproverNotAllowed.Code, refused.Code.Code);
        await host.ApproveAsync("bob", "b");
    }

    [ConformanceFact]
    public async Task Review_AnOverrideThatCameWithAnEvaluation_IsNoApproval()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        var request = WorldHost.Request("w", "a", "p2", ("sharpe", 1.6));
        request.Stage = "paper";
        request.Override = new EvaluationOverride { Status = "approved", Reason = "mine", Actor = "ann", Timestamp = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()) };
        await host.Client.EvaluateAsync(request).ResponseAsync.Within();
        Assert.Equal("approved", (await host.RunAsync("w", "a", "p2")).Summary.OverrideStatus);
        Assert.Equal([PromotionReasons.Approval], (await host.PlanAsync()).BlockedReasons);
    }

    [ConformanceFact]
    public async Task Reject_BlocksEvenWhereThePolicyPromotesByItself()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync("auto_apply");
        Assert.Empty((await host.PlanAsync()).BlockedReasons);
        await host.Client.RejectLiveAsync(new PromotionReviewRequest { WorldId = "w", StrategyId = "a" }, PromotionBench.As("bob")).ResponseAsync.Within();
        var plan = await host.PlanAsync();
        Assert.Equal(("rejected", PromotionReasons.Approval), (plan.OverrideStatus, plan.BlockedReasons.Single()));
    }

    [ConformanceFact]
    public async Task Disabled_NoReviewsNoCandidates()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync("disabled");
        Assert.Equal(ReasonCodes.PromotionDisabled.Code, (await WorldHost.RefusedAsync(() => host.ApproveAsync())).Code.Code);
        Assert.Equal(PromotionReasons.Disabled, (await host.PlanAsync()).BlockedReasons[0]);
        Assert.Empty((await host.Client.ListLiveCandidatesAsync(new PromotionCandidatesRequest { WorldId = "w" }).ResponseAsync.Within()).Candidates);
    }

    [ConformanceFact]
    public async Task Candidates_FreshestFirst_WithTheirPlans()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync("manual_approval", "a", "b", "c");
        await host.EvaluateAsync("w", "a", "b1", ("sharpe", 3));
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        await host.PaperAsync("b", "p3");
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        await host.PaperAsync("a", "p3");
        var all = await host.Client.ListLiveCandidatesAsync(new PromotionCandidatesRequest { WorldId = "w", IncludePlan = true }).ResponseAsync.Within();
        Assert.Equal([("a", "p3"), ("b", "p3"), ("c", "p2")], all.Candidates.Select(candidate => (candidate.StrategyId, candidate.RunId)));
        Assert.Equal(0.5, all.Candidates[0].PaperVsBacktestSharpeRatio);
        Assert.All(all.Candidates, candidate => Assert.True(candidate.Plan.PendingManualApproval));
        var one = await host.Client.ListLiveCandidatesAsync(new PromotionCandidatesRequest { WorldId = "w", Limit = 1 }).ResponseAsync.Within();
        Assert.Equal("a", one.Candidates.Single().StrategyId);
        Assert.Null(one.Candidates[0].Plan);
    }
}

/// <summary>On the embedded database.</summary>
public sealed class SqlitePromotionServiceTests : PromotionServiceTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.SqliteAsync(settings);
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresPromotionServiceTests : PromotionServiceTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.PostgresAsync(settings);
}
