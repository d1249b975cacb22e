using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Monitoring.Live;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Tests.RiskHub;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Monitoring;

/// <summary>Live monitoring and the invariants report over gRPC, whatever database they stand on.</summary>
public abstract class LiveMonitoringTests
{
    private const string Policy = "thresholds: {s: {metric: sharpe, min: 0}}\nlive_monitoring: {lookback_days: 30, sharpe_min: 1, dd_max: 0.2, decay_threshold: 0.5}\n";

    private const string Promotion = "promotion";

    private protected abstract Task<WorldHost> StartAsync(params (string Key, string Value)[] settings);

    [ConformanceFact]
    public async Task Run_OneFailsAmongGoodOnes_EachIsJudgedByItself()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "bad", "good", "silent");
        await PublishReturnsAsync(host, "v1", ("good", 0.02, -0.01), ("bad", 0.01, -0.02));
        var run = await RunAsync(host);
        Assert.Equal(("success", 3, ""), (run.Status, run.UpdatedStrategies, run.Reason));

        var report = await ReportAsync(host);
        Assert.Equal(["bad", "good", "silent"], report.Strategies.Select(strategy => strategy.StrategyId));
        var (bad, good, silent) = (report.Strategies[0], report.Strategies[1], report.Strategies[2]);
        Assert.Equal(("fail", "live_sharpe_below_min", 30, "risk_hub:v1"), (bad.Result.Status, bad.Result.ReasonCode, bad.Points, bad.Source));
        Assert.Equal(("pass", "live_monitoring_ok"), (good.Result.Status, good.Result.ReasonCode));
        Assert.Equal(("warn", "live_sharpe_missing"), (silent.Result.Status, silent.Result.ReasonCode));
        Assert.Null(silent.LiveSharpe);

        // 15 gains of 2 % and 15 losses of 1 %, one a day; the backtest had 2.
        var sharpe = 0.005 / (0.015 * Math.Sqrt(30.0 / 29)) * Math.Sqrt(365);
        Assert.Equal(sharpe, good.LiveSharpe!.Value, 9);
        Assert.Equal(sharpe / 2, good.LiveVsBacktestSharpeRatio!.Value, 9);
        Assert.Equal(0.01, good.LiveMaxDrawdown!.Value, 9);
        Assert.Equal(("success", host.Clock.GetUtcNow()), (report.LastStatus, report.LastRunAt.ToDateTimeOffset()));

        var record = await host.RunAsync("w", "good", good.RunId);
        Assert.Equal(("live", "pass", true, 1), (record.Stage, record.Summary.Status, record.Summary.Active, record.Validation.PolicyVersion));
        Assert.Equal($"live-good-{host.Clock.GetUtcNow().ToUnixTimeSeconds()}", good.RunId);
    }

    [ConformanceFact]
    public async Task Run_Again_RevisesOnlyWhatIsNew()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "a");
        await PublishReturnsAsync(host, "v1", ("a", 0.02, -0.01));
        Assert.Equal(1, (await RunAsync(host)).UpdatedStrategies);
        var before = (await host.EventsAsync("w", "evaluation")).Count;
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, (await RunAsync(host)).UpdatedStrategies);
        Assert.Equal(before, (await host.EventsAsync("w", "evaluation")).Count);

        // The producer falls silent: what was good an hour ago is not known to be good now.
        host.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, (await RunAsync(host)).UpdatedStrategies);
        var now = Assert.Single((await ReportAsync(host)).Strategies);
        Assert.Equal(("warn", "live_sharpe_missing", ""), (now.Result.Status, now.Result.ReasonCode, now.Source));
        var history = await host.Client.GetEvaluationRunHistoryAsync(new GetEvaluationRunRequest { WorldId = "w", StrategyId = "a", RunId = now.RunId }).ResponseAsync.Within();
        Assert.Equal(["pass", "warn"], history.Revisions.Select(revision => revision.Payload.Validation.Results["live_monitoring"].Status));
    }

    [ConformanceFact]
    public async Task Run_StrictWorldOrNoSection_IsNoPass()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "a");
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", RiskProfile = new RiskProfile { Tier = "high", ClientCritical = true } }).ResponseAsync.Within();
        await RunAsync(host);
        Assert.Equal(("fail", "live_sharpe_missing"), Outcome(await ReportAsync(host)));

        await host.UploadAsync("w", "thresholds: {s: {metric: sharpe, min: 0}}\n");
        await host.Client.SetDefaultPolicyAsync(new SetDefaultPolicyRequest { WorldId = "w", Version = 2 }).ResponseAsync.Within();
        await RunAsync(host);
        Assert.Equal(("warn", "live_monitoring_not_configured"), Outcome(await ReportAsync(host)));
    }

    [ConformanceFact]
    public async Task Evaluation_OfTheSameReturns_AgreesWithMonitoring()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "a", "b");
        await PublishReturnsAsync(host, "v1", ("a", 0.02, -0.01));

        // What was on paper last says nothing of live.
        var paper = RiskHubTests.Snapshot(host, "v2");
        paper.RealizedReturns = Value.ForStruct(new Struct { Fields = { ["a"] = Value.ForList([.. Enumerable.Range(0, 60).Select(_ => Value.ForNumber(-0.01))]) } });
        await RiskHubTests.PublishAsync(host, paper, stage: "paper");
        await host.Client.EvaluateAsync(new EvaluateRequest { WorldId = "w", StrategyId = "a", RunId = "e1", Stage = "live" }).ResponseAsync.Within();
        await ReportSeriesAsync(host, "b", "e2", 0.01, -0.008);
        await RunAsync(host);

        foreach (var monitored in (await ReportAsync(host)).Strategies)
        {
            var evaluated = (await host.RunAsync("w", monitored.StrategyId, monitored.StrategyId is "a" ? "e1" : "e2")).Metrics.Values;
            Assert.Equal(
                (monitored.LiveSharpe, monitored.LiveMaxDrawdown, monitored.LiveVsBacktestSharpeRatio),
                (evaluated["live_sharpe"], evaluated["live_max_drawdown"], evaluated["live_vs_backtest_sharpe_ratio"]));
        }
    }

    [ConformanceFact]
    public async Task Run_WithoutTheHub_TakesTheSeriesOfALiveRun_WhileItIsRecent()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "a");
        await ReportSeriesAsync(host, "a", "b2", 0.02, -0.01, stage: "backtest");
        await RunAsync(host);
        Assert.Equal(("warn", "live_sharpe_missing"), Outcome(await ReportAsync(host)));

        await ReportSeriesAsync(host, "a", "l1", 0.02, -0.01);
        await RunAsync(host);
        var known = Assert.Single((await ReportAsync(host)).Strategies);
        Assert.Equal(("pass", "run:l1", 30), (known.Result.Status, known.Source, known.Points));

        // The hub knows better.
        await PublishReturnsAsync(host, "v1", ("a", 0.03, -0.01));
        await RunAsync(host);
        Assert.Equal("risk_hub:v1", Assert.Single((await ReportAsync(host)).Strategies).Source);

        // A run that rested on the hub keeps no snapshot alive beyond its time.
        await host.Client.EvaluateAsync(new EvaluateRequest { WorldId = "w", StrategyId = "a", RunId = "l2", Stage = "live" }).ResponseAsync.Within();
        host.Clock.Advance(TimeSpan.FromHours(47));
        await RunAsync(host);
        Assert.Equal("run:l1", Assert.Single((await ReportAsync(host)).Strategies).Source);
        host.Clock.Advance(TimeSpan.FromHours(2));
        await RunAsync(host);
        Assert.Equal(("warn", "live_sharpe_missing"), Outcome(await ReportAsync(host)));
    }

    [ConformanceFact]
    public async Task Run_ASeriesFromBeforeTheStrategyWentLive_DoesNotCount()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "a");
        await ReportSeriesAsync(host, "a", "l1", 0.02, -0.01);
        host.Clock.Advance(TimeSpan.FromHours(1));
        await host.Database.WriteAsync(unit => StageStore.SetAsync(unit, "w", "a", StageNames.Paper, "demotion"));
        await host.Database.WriteAsync(unit => StageStore.SetAsync(unit, "w", "a", StageNames.Live, Promotion));
        await RunAsync(host);
        Assert.Equal(("warn", "live_sharpe_missing"), Outcome(await ReportAsync(host)));
    }

    [ConformanceFact]
    public async Task Run_WhileAnotherReplicaDoes_WaitsForItsLease()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "a");
        Assert.True(await host.Database.WriteAsync(unit => LiveMonitoringStore.AcquireAsync(unit, "w", "other", TimeSpan.FromMinutes(2))));
        Assert.False(await host.Database.WriteAsync(unit => LiveMonitoringStore.AcquireAsync(unit, "w", "third", TimeSpan.FromMinutes(2))));
        Assert.Equal(ReasonCodes.LeaseHeld, (await WorldHost.RefusedAsync(() => RunAsync(host))).Code);
        var all = await host.Client.RunAllLiveMonitoringAsync(new RunAllLiveMonitoringRequest()).ResponseAsync.Within();
        Assert.Equal(("failure", ReasonCodes.LeaseHeld.Code), (all.Runs[0].Status, all.Runs[0].Reason));

        host.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("success", (await RunAsync(host)).Status);

        // Who comes back too late must not give away what another one holds by now.
        await host.Database.WriteAsync(unit => LiveMonitoringStore.ReleaseAsync(unit, "w", "other", "failure", "late"));
        Assert.Equal("success", (await ReportAsync(host)).LastStatus);
    }

    [ConformanceFact]
    public async Task RunAll_Tier_TakesItsWorldsOnly_AndOneFailureStopsNoOther()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "high", RiskProfile = new RiskProfile { Tier = "high" } }).ResponseAsync.Within();
        await LiveWorldAsync(host, "a");
        var all = await host.Client.RunAllLiveMonitoringAsync(new RunAllLiveMonitoringRequest()).ResponseAsync.Within();
        Assert.Equal([("high", "failure", ReasonCodes.PolicyUnknown.Code), ("w", "success", "")], all.Runs.Select(run => (run.WorldId, run.Status, run.Reason)));
        var medium = await host.Client.RunAllLiveMonitoringAsync(new RunAllLiveMonitoringRequest { RiskTier = "medium" }).ResponseAsync.Within();
        Assert.Equal("w", Assert.Single(medium.Runs).WorldId);
        Assert.Equal("/risk_tier", Assert.Single((await WorldHost.RefusedAsync(() => host.Client.RunAllLiveMonitoringAsync(new RunAllLiveMonitoringRequest { RiskTier = "extreme" }).ResponseAsync)).Errors).Pointer);
    }

    [ConformanceFact]
    public async Task Worker_MonitorsWhatIsDue_OnceAnInterval()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "a");
        host.Services.GetRequiredService<LiveMonitoringOptions>().Interval = TimeSpan.FromHours(1);
        var worker = host.Services.GetRequiredService<LiveMonitoringWorker>();
        await worker.TickAsync(default);
        var first = (await ReportAsync(host)).LastRunAt;
        Assert.Equal(host.Clock.GetUtcNow(), first.ToDateTimeOffset());
        host.Clock.Advance(TimeSpan.FromMinutes(59));
        await worker.TickAsync(default);
        Assert.Equal(first, (await ReportAsync(host)).LastRunAt);
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        await worker.TickAsync(default);
        Assert.Equal(host.Clock.GetUtcNow(), (await ReportAsync(host)).LastRunAt.ToDateTimeOffset());
    }

    [ConformanceFact]
    public async Task Run_AStrategyNoLongerLive_IsLeftAlone()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "a");
        await RunAsync(host);
        await host.Database.WriteAsync(unit => StageStore.SetAsync(unit, "w", "a", StageNames.Paper, "demotion"));
        host.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(("success", 0), ((await RunAsync(host)) is { } run ? (run.Status, run.UpdatedStrategies) : default));
        Assert.Empty((await ReportAsync(host)).Strategies);
    }

    [ConformanceFact]
    public async Task Invariants_OfARealWorld_FollowWhatHappens()
    {
        await using var host = await LiveWorldAsync(await StartAsync(), "a");
        var missing = await InvariantsAsync(host);
        Assert.Equal("live_run_missing", Assert.Single(missing.LiveStatusFailures).ReasonCode);
        await PublishReturnsAsync(host, "v1", ("a", 0.02, -0.01));
        await RunAsync(host);
        var fine = await InvariantsAsync(host);
        Assert.True(fine.Ok, fine.ToString());

        await host.UploadAsync("w", Policy + "top_k: {metric: sharpe, k: 1}\n");
        await host.Client.SetDefaultPolicyAsync(new SetDefaultPolicyRequest { WorldId = "w", Version = 2 }).ResponseAsync.Within();
        var outdated = await InvariantsAsync(host);
        Assert.Equal((false, "live_policy_outdated"), (outdated.Ok, Assert.Single(outdated.LiveStatusFailures).ReasonCode));
        await RunAsync(host);
        Assert.True((await InvariantsAsync(host)).Ok);

        // Somebody writes past the service.
        await host.Database.WriteAsync(unit => unit.ExecuteAsync("UPDATE ws_worlds SET allow_live = @no", new { no = false }));
        await host.Database.WriteAsync(unit => unit.ExecuteAsync(
            "INSERT INTO ws_activation (world_id, strategy_id, side, active, weight, \"freeze\", drain, effective_mode, ts, entry_version) VALUES ('w', 'x', 'long', @yes, 1, @no, @no, 'live', 0, 1)",
            new { yes = true, no = false }));
        var broken = await InvariantsAsync(host);
        Assert.Contains("live_without_allow_live", broken.StateViolations.Where(finding => finding.StrategyId == "x").Select(finding => finding.ReasonCode));
        Assert.Contains("live_without_stage", broken.StateViolations.Where(finding => finding.StrategyId == "x").Select(finding => finding.ReasonCode));
    }

    private static (string Status, string Code) Outcome(LiveMonitoringReport report) => (report.Strategies[0].Result.Status, report.Strategies[0].Result.ReasonCode);

    /// <summary>A world whose strategies were promoted, with a backtest of Sharpe ratio 2 each.</summary>
    private static async Task<WorldHost> LiveWorldAsync(WorldHost host, params string[] strategies)
    {
        await host.WorldAsync("w", Policy, strategies);
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = true }).ResponseAsync.Within();
        foreach (var strategy in strategies) await host.EvaluateAsync("w", strategy, "b-" + strategy, ("sharpe", 2));
        await host.Database.WriteAsync(async unit =>
        {
            await unit.ExecuteAsync(
                "INSERT INTO ws_apply_runs (world_id, run_id, kind, phase, content_hash, number, state, created_at, updated_at) VALUES ('w', @Promotion, 'apply', 'completed', '', 1, '{}', @Now, @Now)",
                new { Promotion, unit.Now });
            foreach (var strategy in strategies) await StageStore.SetAsync(unit, "w", strategy, StageNames.Live, Promotion);
        });
        return host;
    }

    /// <summary>The same sixty days with a run of the strategy.</summary>
    private static Task<EvaluateResponse> ReportSeriesAsync(WorldHost host, string strategy, string run, double even, double odd, string stage = "live") => host.Client.EvaluateAsync(new EvaluateRequest
    {
        WorldId = "w",
        StrategyId = strategy,
        RunId = run,
        Stage = stage,
        Series = { [strategy] = new StrategySeries { Returns = { Enumerable.Range(0, 60).Select(i => i % 2 == 0 ? even : odd) } } },
        Data = new EvaluationData { PeriodsPerYear = 365 },
    }).ResponseAsync.Within();

    /// <summary>Sixty days of two returns in turn, one a day.</summary>
    private static Task<RiskSnapshot> PublishReturnsAsync(WorldHost host, string version, params (string Strategy, double Even, double Odd)[] series)
    {
        var snapshot = RiskHubTests.Snapshot(host, version);
        snapshot.PeriodsPerYear = 365;
        var returns = new Struct();
        foreach (var (strategy, even, odd) in series) returns.Fields[strategy] = Value.ForList([.. Enumerable.Range(0, 60).Select(i => Value.ForNumber(i % 2 == 0 ? even : odd))]);
        snapshot.RealizedReturns = Value.ForStruct(returns);
        return RiskHubTests.PublishAsync(host, snapshot);
    }

    private static Task<LiveMonitoringRun> RunAsync(WorldHost host) => host.Client.RunLiveMonitoringAsync(new RunLiveMonitoringRequest { WorldId = "w" }).ResponseAsync.Within();

    private static Task<LiveMonitoringReport> ReportAsync(WorldHost host) => host.Client.GetLiveMonitoringReportAsync(new LiveMonitoringReportRequest { WorldId = "w" }).ResponseAsync.Within();

    private static Task<ValidationInvariantsReport> InvariantsAsync(WorldHost host) => host.Client.GetValidationInvariantsAsync(new GetValidationInvariantsRequest { WorldId = "w" }).ResponseAsync.Within();
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteLiveMonitoringTests : LiveMonitoringTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        WorldHost.StartAsync(settings.Append(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-ws-").FullName)).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresLiveMonitoringTests : LiveMonitoringTests
{
    private protected override async Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        await WorldHost.StartAsync(settings.Append(("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync())).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}
