using Microsoft.Extensions.DependencyInjection;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Promotion;

/// <summary>The whole life of a strategy: bound, judged on history, watched on paper, approved, live, stopped by the risk circuit, brought back.</summary>
public abstract class LifecycleTests
{
    private const string Policy =
        """
        thresholds: {s: {metric: sharpe, min: 1}}
        campaign: {backtest: {window: 1d}, paper: {window: 3d}, common: {min_trades_total: 10}}
        governance: {live_promotion: {mode: manual_approval, max_live_slots: 1, approvers: [ann]}}

        """;

    private protected abstract Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings);

    [ConformanceFact]
    public async Task AStrategy_FromBindingToRollback_LeavesOneUnbrokenTrail()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w", AllowLive = true }, PromotionBench.As("olga")).ResponseAsync.Within();
        await host.UploadAsync("w", Policy);
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "a" } }, PromotionBench.As("quinn")).ResponseAsync.Within();
        await host.ReportAsync("w", "a", "sha256:1");

        // Judged on history, for a day. From then on the campaign finds the metrics itself.
        await EvaluateAsync(host, "backtest", "b1");
        Assert.Equal(("evaluate", "backtest"), await NextAsync(host));
        host.Clock.Advance(TimeSpan.FromDays(1));
        await EvaluateAsync(host, "backtest", "b2");
        Assert.Equal(("evaluate", "paper"), await NextAsync(host));
        Assert.Equal("backtest", await host.StageOfAsync());

        // Watched on paper, for three days.
        await EvaluateAsync(host, "paper", "p1");
        await host.StageAsync("w", "a", "paper");
        for (var day = 0; day < 3; day++)
        {
            Assert.Equal(("evaluate", "paper"), await NextAsync(host));
            host.Clock.Advance(TimeSpan.FromDays(1));
            await EvaluateAsync(host, "paper", "p" + (day + 2));
        }

        Assert.Equal(("manual_approval_required", "live"), await NextAsync(host));
        Assert.Equal(("paper", "paper"), ((await host.DecideAsync("w")).EffectiveMode, (await host.ActivationAsync("w", "a")).EffectiveMode));

        // Nothing goes live without risk evidence and somebody's word.
        Assert.Equal(["risk_snapshot_missing_or_expired", "manual_approval_required"], (await host.PlanAsync()).BlockedReasons);
        await host.RiskAsync("risk-1");
        await host.ApproveAsync();
        var promoted = await host.ApplyLiveAsync("olga");
        Assert.True(promoted.Applied, promoted.Reason);
        Assert.Equal(("live", "live"), ((await host.DecideAsync("w")).EffectiveMode, (await host.ActivationAsync("w", "a")).EffectiveMode));
        Assert.Equal(("observe_live", "live"), await NextAsync(host));
        var live = await host.ActivationAsync("w", "a");
        Assert.Equal((true, promoted.Apply.RunId), (live.Active, live.RunId));

        host.Clock.Advance(TimeSpan.FromMinutes(1));

        // The circuit stops everything at once, and opens nothing by itself.
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", CircuitBreaker = true }, PromotionBench.As("olga")).ResponseAsync.Within();
        Assert.Equal(("validate", "circuit_breaker"), ((await host.DecideAsync("w")).EffectiveMode, (await host.DecideAsync("w")).Reason));
        var stopped = await host.ActivationAsync("w", "a");
        Assert.False(stopped.Active);
        Assert.NotEqual("live", stopped.EffectiveMode);

        // Brought back to where it stood before it went live.
        var rollback = await host.Client.RollbackAsync(new RollbackRequest { WorldId = "w", RunId = "back-1", TargetRunId = promoted.Apply.RunId, Reason = "circuit" }, PromotionBench.As("olga")).ResponseAsync.Within();
        Assert.Equal("completed", rollback.Phase);
        Assert.Equal("paper", await host.StageOfAsync());
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", CircuitBreaker = false }, PromotionBench.As("olga")).ResponseAsync.Within();
        Assert.Equal("paper", (await host.DecideAsync("w")).EffectiveMode);
        Assert.Contains("manual_approval_required", (await host.PlanAsync()).BlockedReasons);

        await CheckTrailAsync(host, promoted.Apply.RunId);
    }

    /// <summary>Who did what, by run, as the audit tells it; the chain holds.</summary>
    private static async Task CheckTrailAsync(WorldHost host, string applyRun)
    {
        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w", Limit = 500 }).ResponseAsync.Within();
        var trail = audit.Entries.Reverse().ToArray();
        string[] wanted = ["world_created", "policy_created", "strategies_bound", "evaluated", "risk_snapshot_published", "live_approved", "live_promotion_requested", "apply_stage", "world_updated", "rollback"];
        var at = -1;
        foreach (var name in wanted)
        {
            at = Array.FindIndex(trail, at + 1, entry => entry.Event == name);
            Assert.True(at >= 0, $"no {name} after its forerunner in: {string.Join(", ", trail.Select(entry => entry.Event))}");
        }

        Assert.Equal("quinn", trail.First(entry => entry.Event == "strategies_bound").Actor);
        Assert.Equal("ann", trail.Single(entry => entry.Event == "live_approved").Actor);
        var stages = trail.Where(entry => entry.Event == "apply_stage" && entry.Result.ToString().Contains(applyRun, StringComparison.Ordinal)).Select(entry => entry.Stage);
        Assert.Equal(["requested", "freeze", "switch", "unfreeze", "completed"], stages);
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);
    }

    private static async Task<(string Action, string Stage)> NextAsync(WorldHost host)
    {
        var tick = await host.Client.TickCampaignAsync(new CampaignRequest { WorldId = "w" }).ResponseAsync.Within();
        return (tick.Actions.Single().Action, tick.Actions.Single().Stage);
    }

    private static Task<EvaluateResponse> EvaluateAsync(WorldHost host, string stage, string run)
    {
        var request = WorldHost.Request("w", "a", run, ("sharpe", 1.5), ("trades", 20));
        request.Stage = stage;
        request.Data = PromotionBench.Data(host);
        return host.Client.EvaluateAsync(request).ResponseAsync.Within();
    }
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteLifecycleTests : LifecycleTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.SqliteAsync(settings);
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresLifecycleTests : LifecycleTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.PostgresAsync(settings);
}
