using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Promotion;

/// <summary>The way to live and back, over gRPC, whatever database it stands on.</summary>
public abstract class PromotionApplyTests
{
    private protected abstract Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings);

    [ConformanceFact]
    public async Task Apply_Approved_GoesLive_Once()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        await host.ApproveAsync();
        Assert.Equal("paper", (await host.ActivationAsync("w", "a")).EffectiveMode);
        var result = await host.ApplyLiveAsync();
        Assert.Equal((true, "applied", "completed", "live-a-p2"), (result.Applied, result.Reason, result.Apply.Phase, result.Apply.RunId));
        Assert.Equal("live", await host.StageOfAsync());
        Assert.Equal("live", (await host.DecideAsync("w")).EffectiveMode);
        var entry = await host.ActivationAsync("w", "a");
        Assert.Equal(("live", true, false), (entry.EffectiveMode, entry.Active, entry.Freeze));

        var again = await host.ApplyLiveAsync(change: request => request.ApplyRunId = "live-a-p2");
        Assert.Equal((true, "completed"), (again.Applied, again.Apply.Phase));
        Assert.Equal(entry, await host.ActivationAsync("w", "a"));
        var refused = await WorldHost.RefusedAsync(() => host.ApplyLiveAsync());
        Assert.StartsWith(PromotionReasons.AlreadyLive, refused.Metadata["blocked_reasons"], StringComparison.Ordinal);
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "b" } }).ResponseAsync.Within();
        var other = await WorldHost.RefusedAsync(() => host.ApplyLiveAsync(strategy: "b", change: request => request.ApplyRunId = "live-a-p2"));
        Assert.Equal(ReasonCodes.EtagConflict.Code, other.Code.Code);

        var record = Assert.Single(await host.LogAsync());
        Assert.Equal(("promotion", "completed", "bob", "p2", false), (record.Kind, record.Status, record.Actor, record.RunId, record.Forced));
        Assert.NotNull(record.EndedAt);
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);
    }

    [ConformanceFact]
    public async Task Apply_AllowLiveTakenAwayMeanwhile_IsNotCalledApplied()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        await host.ApproveAsync();
        var now = host.Clock.GetUtcNow();
        await host.Database.WriteAsync(unit => ApplyStore.ObserveAsync(unit, "g1", now.AddMinutes(-1), now.AddHours(1))).Within();
        var promoting = host.ApplyLiveAsync();
        await AcknowledgeAsync(host, "live-a-p2", "freeze");
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = false }).ResponseAsync.Within();
        await AcknowledgeAsync(host, "live-a-p2", "unfreeze");

        var result = await promoting.Within();
        Assert.Equal((false, ReasonCodes.LiveDisabled.Code), Outcome(result));
        Assert.Equal(("completed", false, ReasonCodes.LiveDisabled.Code), (result.Apply.Phase, result.Apply.Ok, result.Apply.Reason));
        Assert.Equal("paper", await host.StageOfAsync());
        Assert.NotEqual("live", (await host.ActivationAsync("w", "a")).EffectiveMode);
        var record = Assert.Single(await host.LogAsync());
        Assert.Equal(("failed", ReasonCodes.LiveDisabled.Code), (record.Status, record.Reason));
        Assert.Equal((false, ReasonCodes.LiveDisabled.Code), Outcome(await host.ApplyLiveAsync(change: request => request.ApplyRunId = "live-a-p2")));
        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Single(audit.Entries, entry => entry.Event == "live_promotion_failed");
    }

    [ConformanceFact]
    public async Task Apply_WhateverStandsInTheWay_ChangesNothing()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        var before = await host.ActivationAsync("w", "a");
        Assert.Equal((ReasonCodes.PromotionBlocked.Code, PromotionReasons.Approval), await BlockedAsync(host));
        await host.ApproveAsync();
        host.Clock.Advance(TimeSpan.FromSeconds(900));
        Assert.Equal((ReasonCodes.PromotionBlocked.Code, PromotionReasons.RiskSnapshot), await BlockedAsync(host));
        Assert.Equal((ReasonCodes.PromotionBlocked.Code, PromotionReasons.RiskSnapshot), await BlockedAsync(host, force: true));
        await host.RiskAsync("v2");
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = false }).ResponseAsync.Within();
        Assert.Equal((ReasonCodes.LiveDisabled.Code, PromotionReasons.LiveNotAllowed), await BlockedAsync(host, force: true));
        Assert.Empty(await host.LogAsync());
        Assert.Equal("paper", await host.StageOfAsync());
        Assert.Equal(before.EffectiveMode, (await host.ActivationAsync("w", "a")).EffectiveMode);
    }

    [ConformanceFact]
    public async Task Apply_Force_TakesTwoPersons()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        static void Force(PromotionApplyRequest request) => request.Force = true;
        Assert.Equal((false, PromotionReasons.SecondPerson), Outcome(await host.ApplyLiveAsync("ann", change: Force)));
        Assert.Equal((false, PromotionReasons.SecondPerson), Outcome(await host.ApplyLiveAsync("ann", change: Force)));
        Assert.Equal(ReasonCodes.ApproverNotAllowed.Code, (await WorldHost.RefusedAsync(() => host.ApplyLiveAsync("carl", change: Force))).Code.Code);
        Assert.Equal("paper", await host.StageOfAsync());

        // The consent is a day old by then, and so is the risk snapshot.
        host.Clock.Advance(PromotionDesk.ConsentLifetime + TimeSpan.FromSeconds(1));
        await host.RiskAsync("v2");
        Assert.Equal((false, PromotionReasons.SecondPerson), Outcome(await host.ApplyLiveAsync("bob", change: Force)));
        Assert.Equal((true, PromotionReasons.Applied), Outcome(await host.ApplyLiveAsync("ann", change: Force)));
        var record = Assert.Single(await host.LogAsync());
        Assert.Equal((true, "ann", "bob"), (record.Forced, record.Actor, record.SecondApprover));
        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Contains(audit.Entries, entry => entry.Event == "live_promotion_forced");
        Assert.Equal(3, audit.Entries.Count(entry => entry.Event == "live_force_consented"));
    }

    [ConformanceFact]
    public async Task Apply_SlotsAndCooldown_HoldAcrossStrategies()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync("manual_approval", "a", "b", "c");
        foreach (var strategy in new[] { "a", "b", "c" }) await host.ApproveAsync("ann", strategy);
        await host.ApplyLiveAsync();
        Assert.Equal(PromotionReasons.Cooldown, (await BlockedAsync(host, "b")).Reasons);
        host.Clock.Advance(TimeSpan.FromHours(6));
        await host.RiskAsync("v2");
        Assert.True((await host.ApplyLiveAsync(strategy: "b")).Applied);
        host.Clock.Advance(TimeSpan.FromHours(6));
        await host.RiskAsync("v3");
        Assert.Equal(PromotionReasons.Slots, (await BlockedAsync(host, "c")).Reasons);
        await DemoteAsync(host, "a");
        Assert.True((await host.ApplyLiveAsync(strategy: "c")).Applied);
        Assert.Equal(["paper", "live", "live"], new[] { await host.StageOfAsync("a"), await host.StageOfAsync("b"), await host.StageOfAsync("c") });
    }

    [ConformanceFact]
    public async Task PlainApply_TowardsLive_AsksTheSameRules()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync("manual_approval", "a", "b");
        ApplyRequest Request(string run, params string[] strategies) => new()
        {
            WorldId = "w",
            RunId = run,
            Plan = new ApplyPlan { Activate = { strategies } },
            GatingPolicy = LiveGating.Standard("sha256:1"),
        };
        await host.ApproveAsync("ann", "a");
        var refused = await WorldHost.RefusedAsync(() => host.Client.ApplyAsync(Request("r1", "b")).ResponseAsync.Within());
        Assert.Equal((ReasonCodes.PromotionBlocked.Code, PromotionReasons.Approval), (refused.Code.Code, refused.Metadata["b"]));

        // Two at once would make light of the cooldown between them.
        await host.ApproveAsync("ann", "b");
        refused = await WorldHost.RefusedAsync(() => host.Client.ApplyAsync(Request("r2", "a", "b")).ResponseAsync.Within());
        Assert.Equal(PromotionReasons.Cooldown, refused.Metadata["a"]);
        Assert.Equal("completed", (await host.Client.ApplyAsync(Request("r3", "a")).ResponseAsync.Within()).Phase);
        Assert.Equal(("live", "paper"), (await host.StageOfAsync("a"), await host.StageOfAsync("b")));
        Assert.Equal(PromotionReasons.Cooldown, (await host.PlanAsync("b")).BlockedReasons.Single());
    }

    [ConformanceFact]
    public async Task Demote_HoldsAtOnce_AndTheOldApprovalIsSpent()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        await host.ApproveAsync();
        await host.ApplyLiveAsync();
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(ReasonCodes.InvalidArgument.Code, (await WorldHost.RefusedAsync(() => host.Client.DemoteLiveAsync(new DemoteLiveRequest { WorldId = "w", StrategyId = "a" }, PromotionBench.As("bob")).ResponseAsync)).Code.Code);
        var result = await DemoteAsync(host, "a");
        Assert.Equal(("paper", "completed"), (result.Stage, result.Apply.Phase));
        Assert.Equal("paper", await host.StageOfAsync());
        var entry = await host.ActivationAsync("w", "a");
        Assert.Equal(("paper", true, false), (entry.EffectiveMode, entry.Active, entry.Freeze));
        Assert.Equal(ReasonCodes.PreconditionFailed.Code, (await WorldHost.RefusedAsync(() => DemoteAsync(host, "a"))).Code.Code);

        host.Clock.Advance(TimeSpan.FromHours(7));
        await host.RiskAsync("v2");
        Assert.Equal([PromotionReasons.Approval], (await host.PlanAsync()).BlockedReasons);
        await host.ApproveAsync();
        Assert.Equal("live-a-p2-2", (await host.ApplyLiveAsync()).Apply.RunId);
        Assert.Equal(["promotion", "demotion", "promotion"], (await host.LogAsync()).Select(record => record.Kind));
    }

    [ConformanceFact]
    public async Task Demote_WhileAnApplyIsUnderWay_HoldsAllTheSame()
    {
        await using var host = await StartAsync();
        await host.ReadyAsync();
        await host.ApproveAsync();
        await host.ApplyLiveAsync();
        var now = host.Clock.GetUtcNow();
        await host.Database.WriteAsync(unit => ApplyStore.ObserveAsync(unit, "silent", now.AddMinutes(-1), now.AddHours(1))).Within();
        var stuck = await host.Client.ApplyAsync(new ApplyRequest { WorldId = "w", RunId = "stuck", Plan = new ApplyPlan(), WaitMs = 0 }).ResponseAsync.Within();
        Assert.Equal("freeze", stuck.Phase);
        var result = await DemoteAsync(host, "a");
        Assert.Equal(("paper", ReasonCodes.ApplyInProgress.Code), (result.Stage, result.ApplyReason));
        Assert.Equal("paper", await host.StageOfAsync());
        Assert.NotEqual("live", (await host.ActivationAsync("w", "a")).EffectiveMode);
    }

    [ConformanceFact]
    public async Task AutoApply_TakesTheFreshest_WhereNothingStandsInTheWay()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "v" }).ResponseAsync.Within();
        var nothing = await host.Client.AutoApplyLiveAsync(new PromotionAutoApplyRequest { WorldId = "v" }).ResponseAsync.Within();
        Assert.Equal((false, PromotionReasons.NoRuns), Outcome(nothing));
        await host.WorldAsync("u", PromotionBench.Policy.Replace("MODE", "auto_apply", StringComparison.Ordinal), "z");
        await host.EvaluateAsync("u", "z", "b1", ("sharpe", 2));
        Assert.Equal((false, PromotionReasons.NoPaperRuns), Outcome(await host.Client.AutoApplyLiveAsync(new PromotionAutoApplyRequest { WorldId = "u" }).ResponseAsync.Within()));

        await host.ReadyAsync("auto_apply", "a", "b");
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        await host.PaperAsync("b", "p3");
        var applied = await host.Client.AutoApplyLiveAsync(new PromotionAutoApplyRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal((true, PromotionReasons.Applied), Outcome(applied));
        Assert.Equal(("b", $"auto-live-p3-{host.Clock.GetUtcNow().ToUnixTimeSeconds()}"), (applied.Plan.StrategyId, applied.Apply.RunId));
        Assert.Equal((false, PromotionReasons.Cooldown), Outcome(await host.Client.AutoApplyLiveAsync(new PromotionAutoApplyRequest { WorldId = "w" }).ResponseAsync.Within()));
    }

    [ConformanceFact]
    public async Task AutoApply_NeverSkipsTheWindow_NorTheData()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w", AllowLive = true }).ResponseAsync.Within();
        await host.UploadAsync("w", PromotionBench.Policy.Replace("MODE", "auto_apply", StringComparison.Ordinal));
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "a" } }).ResponseAsync.Within();
        await host.PaperAsync("a", "p1");
        await host.RiskAsync("v1");
        Assert.Equal((false, PromotionReasons.PaperWindow), Outcome(await host.Client.AutoApplyLiveAsync(new PromotionAutoApplyRequest { WorldId = "w" }).ResponseAsync.Within()));
        host.Clock.Advance(TimeSpan.FromDays(3));
        await host.PaperAsync("a", "p2", data: false);
        await host.RiskAsync("v2");
        Assert.Equal((false, PromotionReasons.MissingSource), Outcome(await host.Client.AutoApplyLiveAsync(new PromotionAutoApplyRequest { WorldId = "w" }).ResponseAsync.Within()));
        Assert.Empty(await host.LogAsync());
    }

    private static (bool Applied, string Reason) Outcome(PromotionResult result) => (result.Applied, result.Reason);

    private static async Task<(string Code, string Reasons)> BlockedAsync(WorldHost host, string strategy = "a", bool force = false)
    {
        var refused = await WorldHost.RefusedAsync(() => host.ApplyLiveAsync(strategy: strategy, change: request => request.Force = force));
        return (refused.Code.Code, refused.Metadata["blocked_reasons"]);
    }

    /// <summary>Waits for a phase of a run and acknowledges all of it.</summary>
    private static async Task AcknowledgeAsync(WorldHost host, string runId, string phase)
    {
        ApplyRunState? run = null;
        await TimeLimits.EventuallyAsync(
            async () => (run = await host.Database.ReadAsync(session => ApplyStore.FindAsync(session, "w", runId)))?.Machine.Phase.ToToken() == phase, what: phase);
        await host.Database.WriteAsync(unit => ApplyStore.AcknowledgeAsync(unit, "w", runId, "g1", run!.LastSequence)).Within();
        await host.Services.GetRequiredService<ApplyDriver>().AdvanceAsync("w", CancellationToken.None).Within();
    }

    private static Task<DemotionResult> DemoteAsync(WorldHost host, string strategy) =>
        host.Client.DemoteLiveAsync(new DemoteLiveRequest { WorldId = "w", StrategyId = strategy, Reason = "drawdown" }, PromotionBench.As("bob")).ResponseAsync.Within();
}

/// <summary>On the embedded database.</summary>
public sealed class SqlitePromotionApplyTests : PromotionApplyTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.SqliteAsync(settings);
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresPromotionApplyTests : PromotionApplyTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.PostgresAsync(settings);
}
