using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation.Extended;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Evaluation;

/// <summary>What becomes of an evaluation: sourcing, layers, profiles, reviews and stages, whatever database it stands on.</summary>
public abstract class EvaluationTests
{
    private protected abstract Task<WorldHost> StartAsync(params (string Key, string Value)[] settings);

    [ConformanceFact]
    public async Task Evaluate_WithoutMetrics_TakesTheLatestRun_AndSaysSo()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "thresholds: {s: {metric: sharpe, min: 1}}", "a", "never");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 1.5), ("max_dd", 0.1));
        var response = await host.EvaluateAsync("w", "a", "r2");
        Assert.Equal(["a"], response.Active);
        var run = await host.RunAsync("w", "a", "r2");
        Assert.Equal((1.5, "run:r1"), (run.Metrics.Returns.Sharpe!.Value, run.Metrics.Diagnostics.ExtraMetrics.Fields["metrics_source"].StringValue));

        // Nobody ever measured the other: its metrics are missing, which the policy answers, and nothing is made up.
        await host.EvaluateAsync("w", "never", "r3");
        var unknown = await host.RunAsync("w", "never", "r3");
        Assert.Equal(("fail", "none"), (unknown.Summary.Status, unknown.Metrics.Diagnostics.ExtraMetrics.Fields["metrics_source"].StringValue));
        Assert.Empty(unknown.Metrics.Values);
        var metrics = new GetEvaluationRunRequest { WorldId = "w", StrategyId = "never", RunId = "r3" };
        Assert.Equal(ReasonCodes.RunNotEvaluated, (await WorldHost.RefusedAsync(() => host.Client.GetEvaluationRunMetricsAsync(metrics).ResponseAsync)).Code);
    }

    [ConformanceFact]
    public async Task Evaluate_PaperWithoutMetrics_ComputesThemFromWhatWasRealised()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "thresholds: {t: {metric: total_return, min: 0.01}}\nportfolio: {max_incremental_var_99: 0.001}\nstress: {scenarios: {crash: {dd_max: 0.2}}}\n", "a", "b");
        await host.EvaluateAsync("w", "a", "back", ("total_return", 0.5));
        var snapshot = new RiskSnapshot
        {
            WorldId = "w",
            AsOf = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()),
            Version = "v1",
            Weights = { ["a"] = 0.5, ["b"] = 0.5 },
            Covariance = { ["a,a"] = 0.0001, ["b,b"] = 0.0009, ["a,b"] = 0 },
            Provenance = new SnapshotProvenance { Actor = "risk-engine", Stage = "paper" },
            RealizedReturns = Value.ForStruct(Struct.Parser.ParseJson("""{"a":[0.01,0.02,-0.01]}""")),
        };
        snapshot.Stress["crash"] = Struct.Parser.ParseJson("""{"dd":-0.25}""");
        await host.Client.PublishRiskSnapshotAsync(
            new PublishSnapshotRequest { WorldId = "w", Snapshot = snapshot }, new Grpc.Core.Metadata { { "x-actor", "risk-engine" }, { "x-stage", "paper" } }).ResponseAsync.Within();

        await host.Client.EvaluateAsync(new EvaluateRequest { WorldId = "w", StrategyId = "a", RunId = "p1", Stage = "paper" }).ResponseAsync.Within();
        var run = await host.RunAsync("w", "a", "p1");
        Assert.Equal((1.01 * 1.02 * 0.99) - 1, run.Metrics.Values["total_return"], 12);
        Assert.Equal(("risk_hub:v1", "v1"), (run.Metrics.Diagnostics.ReturnsSource, run.Metrics.Diagnostics.ExtraMetrics.Fields["risk_snapshot_version"].StringValue));
        // Halves of 0.01 and 0.03, uncorrelated: sqrt(0.000025 + 0.000225) with, 0.03 without the first.
        Assert.Equal(2.33 * (Math.Sqrt(0.00025) - 0.03), run.Metrics.Risk.IncrementalVar99!.Value, 9);
        Assert.Equal(("portfolio_ok", "crash_dd_exceeds_max"), (run.Validation.Results["portfolio"].ReasonCode, run.Validation.Results["stress"].ReasonCode));
        Assert.Equal("warn", run.Summary.Status);

        // A backtest is never judged by what ran elsewhere.
        await host.EvaluateAsync("w", "a", "back2");
        Assert.Equal(0.5, (await host.RunAsync("w", "a", "back2")).Metrics.Values["total_return"]);
    }

    [ConformanceFact]
    public async Task Evaluate_Paper_ComparesWithItsBacktest_AndRaisesTheStage()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "thresholds: {s: {metric: sharpe, min: 0}}\npaper_shadow_consistency: {min_sharpe_ratio: 0.5, max_drawdown_ratio: 1.5}\n", "a", "b");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 2), ("max_dd", 0.1));
        Assert.Empty(await host.Database.ReadAsync(session => StageStore.ListAsync(session, "w")));
        var paper = WorldHost.Request("w", "a", "p1", ("sharpe", 0.8), ("max_dd", 0.12));
        paper.Stage = "paper";
        await host.Client.EvaluateAsync(paper).ResponseAsync.Within();
        var run = await host.RunAsync("w", "a", "p1");
        var result = run.Validation.Results["paper_shadow_consistency"];
        Assert.Equal(("fail", "paper_shadow_sharpe_ratio_below_min", "r1"), (result.Status, result.ReasonCode, result.Details.Fields["baseline_run_id"].StringValue));
        Assert.Equal((0.4, 1.2), (Math.Round(run.Metrics.Values["paper_vs_backtest_sharpe_ratio"], 12), Math.Round(run.Metrics.Values["paper_vs_backtest_dd_ratio"], 12)));
        var stage = Assert.Single(await host.Database.ReadAsync(session => StageStore.ListAsync(session, "w")));
        Assert.Equal(("a", "paper", "p1"), (stage.StrategyId, stage.Stage, stage.RunId));

        // What is live stays live, whatever paper says.
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = true }).ResponseAsync.Within();
        await host.Database.WriteAsync(async unit => await StageStore.SetAsync(unit, "w", "a", StageNames.Live, "x"));
        paper.RunId = "p2";
        await host.Client.EvaluateAsync(paper).ResponseAsync.Within();
        Assert.Equal("live", (await host.Database.ReadAsync(session => StageStore.FindAsync(session, "w", "a")))!.Stage);
    }

    [ConformanceFact]
    public async Task Evaluate_Profile_IsChosenByStage_BlockingLimitsSelectAndSoftOnesWarn()
    {
        await using var host = await StartAsync();
        await host.WorldAsync(
            "w",
            """
            validation_profiles:
              strict: {performance: {sharpe_min: 2}, robustness: {dsr_min: 0.9, severity: blocking, owner: ops}}
              mild: {performance: {sharpe_min: 1, severity: info}, robustness: {dsr_min: 0.9}}
            default_profile_by_stage: {backtest: mild, paper_only: strict}
            """,
            "a");
        var request = WorldHost.Request("w", "a", "r1", ("sharpe", 0.5), ("dsr", 0.5));
        Assert.Equal(["a"], (await host.Client.EvaluateAsync(request).ResponseAsync.Within()).Active);
        var mild = await host.RunAsync("w", "a", "r1");
        Assert.Equal(("mild", "warn"), (mild.Validation.Profile, mild.Summary.Status));
        Assert.Equal(("fail", "info", "below_min"), (mild.Validation.Results["performance"].Status, mild.Validation.Results["performance"].Severity, mild.Validation.Results["performance"].ReasonCode));
        Assert.Contains(mild.Explanation, reason => reason.Metric == "dsr" && reason.Distance is < 0);

        request.RunId = "p1";
        request.Stage = "paper";
        Assert.Empty((await host.Client.EvaluateAsync(request).ResponseAsync.Within()).Active);
        var strict = await host.RunAsync("w", "a", "p1");
        Assert.Equal(("strict", "fail"), (strict.Validation.Profile, strict.Summary.Status));
        Assert.Equal(("blocking", "ops"), (strict.Validation.Results["robustness"].Severity, strict.Validation.Results["robustness"].Owner));
    }

    [ConformanceFact]
    public async Task Evaluate_CriticalWorld_NothingMissingPasses()
    {
        await using var host = await StartAsync();
        const string policy = "thresholds: {s: {metric: sharpe, min: 1}}\nvalidation: {on_missing_metric: ignore, on_error: warn}\nbenchmark: {min_vs_benchmark_sharpe: 0}\n";
        await host.WorldAsync("w", policy, "a");
        await host.EvaluateAsync("w", "a", "r1", ("max_dd", 0.1));
        Assert.Equal("warn", (await host.RunAsync("w", "a", "r1")).Summary.Status);
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", RiskProfile = new RiskProfile { Tier = "high", ClientCritical = true } }).ResponseAsync.Within();
        await host.EvaluateAsync("w", "a", "r2", ("max_dd", 0.1));
        var run = await host.RunAsync("w", "a", "r2");
        Assert.Equal(("fail", "fail", "benchmark_uplift_missing"), (run.Summary.Status, run.Validation.Results["benchmark"].Status, run.Validation.Results["benchmark"].ReasonCode));
    }

    [ConformanceFact]
    public async Task EvaluateCohort_LayersJudgeEachStrategyByItself()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "thresholds: {s: {metric: sharpe, min: 0}}\ncohort: {sharpe_median_min: 1, top_k: 2}\nlive_monitoring: {sharpe_min: 1}\n", "a", "b", "c");
        var request = new EvaluateCohortRequest { WorldId = "w", RunId = "c1", Stage = "live" };
        foreach (var (id, sharpe, live) in new[] { ("a", 3.0, 3.0), ("b", 2.0, 2.0), ("c", 0.5, 0.1) })
        {
            request.Metrics[id] = WorldHost.Request("w", id, "", ("sharpe", sharpe), ("live_sharpe", live)).Metrics[id];
        }

        await host.Client.EvaluateCohortAsync(request).ResponseAsync.Within();
        var good = await host.RunAsync("w", "b", "c1");
        var bad = await host.RunAsync("w", "c", "c1");
        Assert.Equal(("pass", "pass", "pass"), (good.Summary.Status, good.Validation.Results["cohort"].Status, good.Validation.Results["live_monitoring"].Status));
        Assert.Equal(("cohort_top_k_exceeded", "live_sharpe_below_min"), (bad.Validation.Results["cohort"].ReasonCode, bad.Validation.Results["live_monitoring"].ReasonCode));
        Assert.Equal("warn", bad.Summary.Status);
    }

    [ConformanceFact]
    public async Task Evaluate_SectorCap_FollowsTheSymbolsThatStrategiesReport()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "selection:\n  score: sharpe\n  constraints: {exposure: {sector_cap: {per_sector: 0.3}, sectors: {BTC: money}}}\n", "a", "b", "c", "d");

        // The policy's own map goes before the world's.
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", Extras = Sectors(("ETH", "layer1"), ("BTC", "layer1")) }).ResponseAsync.Within();

        // Each takes 0.2: a fills money, b would make it 0.4, c lies in the other sector, d in none that anybody knows.
        await EvaluateHeldAsync(host, "a", "a1", 4, "BTC");
        await EvaluateHeldAsync(host, "b", "b1", 3, "BTC");
        await EvaluateHeldAsync(host, "c", "c1", 2, "ETH");
        Assert.Equal(["a", "c", "d"], (await EvaluateHeldAsync(host, "d", "d1", 1)).Active);

        // What a strategy trades is known from before.
        var refused = await EvaluateHeldAsync(host, "b", "b2", 3);
        Assert.Equal(["a", "c", "d"], refused.Active);
        Assert.Equal("sector_cap_exceeded", refused.Summary.Reason);

        // Half of it in each sector, both just fit.
        Assert.Equal(["a", "b", "c", "d"], (await EvaluateHeldAsync(host, "b", "b3", 3, "ETH", "BTC")).Active);

        // Without the world's map ETH is as unknown as what d trades, and all that is unknown shares one cap.
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", Extras = Sectors() }).ResponseAsync.Within();
        Assert.Equal(["a", "b", "c"], (await EvaluateHeldAsync(host, "a", "a2", 4)).Active);
    }

    [ConformanceFact]
    public async Task Sectors_AndSymbols_ThatAreNone_AreRefused()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "top_k: {metric: sharpe, k: 1}", "a");
        var request = WorldHost.Request("w", "a", "r1", ("sharpe", 1));
        request.Series["a"] = new StrategySeries { Symbols = { "BTC", "" } };
        Assert.Equal("/series/a/symbols/1", Assert.Single((await WorldHost.RefusedAsync(() => host.Client.EvaluateAsync(request).ResponseAsync)).Errors).Pointer);
        var extras = new Struct { Fields = { ["sectors"] = Value.ForStruct(new Struct { Fields = { ["A/B"] = Value.ForNumber(1) } }) } };
        Assert.Equal("/extras/sectors/A~1B", Assert.Single((await WorldHost.RefusedAsync(() => host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", Extras = extras }).ResponseAsync)).Errors).Pointer);
        extras.Fields["sectors"] = Value.ForString("money");
        Assert.Equal("/extras/sectors", Assert.Single((await WorldHost.RefusedAsync(() => host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "x", Extras = extras }).ResponseAsync)).Errors).Pointer);
    }

    private static Struct Sectors(params (string Symbol, string Sector)[] sectors)
    {
        var map = new Struct();
        foreach (var (symbol, sector) in sectors) map.Fields[symbol] = Value.ForString(sector);
        return new Struct { Fields = { ["sectors"] = Value.ForStruct(map) } };
    }

    private static Task<EvaluateResponse> EvaluateHeldAsync(WorldHost host, string strategy, string run, double sharpe, params string[] symbols)
    {
        var request = WorldHost.Request("w", strategy, run, ("sharpe", sharpe), ("weight", 0.2));
        if (symbols.Length > 0) request.Series[strategy] = new StrategySeries { Symbols = { symbols } };
        return host.Client.EvaluateAsync(request).ResponseAsync.Within();
    }

    [ConformanceFact]
    public async Task Cohort_InMemory_FollowsEveryWriter()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "top_k: {metric: sharpe, k: 1}", "a");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 1));
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "b" } }).ResponseAsync.Within();
        Assert.Equal(["b"], (await host.EvaluateAsync("w", "b", "r2", ("sharpe", 2))).Active);
        Assert.Equal(["b"], (await host.EvaluateAsync("w", "a", "r3")).Active);
        await host.Client.UnbindStrategyAsync(new UnbindStrategyRequest { WorldId = "w", StrategyId = "b" }).ResponseAsync.Within();
        Assert.Equal(["a"], (await host.EvaluateAsync("w", "a", "r4")).Active);
    }

    [ConformanceFact]
    public async Task Override_NeedsItsParts_StaysThroughReevaluation_AndIsKnownEverywhere()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "thresholds: {s: {metric: sharpe, min: 1}}", "a");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 0.5));
        OverrideRunRequest Request(string status, string reason, string actor) => new() { WorldId = "w", StrategyId = "a", RunId = "r1", Status = status, Reason = reason, Actor = actor };
        async Task<EvaluationRun> Override(OverrideRunRequest request) => await host.Client.OverrideEvaluationRunAsync(request).ResponseAsync.Within();
        foreach (var (request, pointer) in new[] { (Request("approved", "", "ann"), "/override/reason"), (Request("approved", "fine", ""), "/override/actor"), (Request("maybe", "", ""), "/override/status"), (Request("", "", ""), "/status") })
        {
            Assert.Equal(pointer, Assert.Single((await WorldHost.RefusedAsync(() => Override(request))).Errors).Pointer);
        }

        var unknown = Request("rejected", "", "");
        unknown.RunId = "nowhere";
        Assert.Equal(ReasonCodes.RunUnknown, (await WorldHost.RefusedAsync(() => Override(unknown))).Code);
        var run = await Override(Request("approved", "fine", "ann"));
        Assert.Equal((2, "approved", "fine", "ann", host.Clock.GetUtcNow()), (run.Revision, run.Summary.OverrideStatus, run.Summary.OverrideReason, run.Summary.OverrideActor, run.Summary.OverrideTimestamp.ToDateTimeOffset()));
        Assert.Equal(("fail", false), (run.Summary.Status, run.Summary.Active));

        host.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(run, await Override(Request("approved", "fine", "ann")));
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 0.6));
        Assert.Equal((3, "approved"), ((await host.RunAsync("w", "a", "r1")).Revision, (await host.RunAsync("w", "a", "r1")).Summary.OverrideStatus));
        Assert.Equal(["created", "override", "evaluated"], (await HistoryAsync(host)).Revisions.Select(revision => revision.ChangeType));
        Assert.Equal(["evaluation_run_created", "evaluation_run_updated", "evaluation_run_updated"], await host.EventsAsync("w", "evaluation"));
        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Contains("run_overridden", audit.Entries.Select(entry => entry.Event));
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);
    }

    [ConformanceFact]
    public async Task Override_WhereCallersAreKnown_NobodySignsForSomebodyElse()
    {
        await using var host = await StartAsync();
        var ann = new Grpc.Core.Metadata { { "x-caller-sub", "ann" }, { "x-world-roles", "w:owner" } };
        var bob = new Grpc.Core.Metadata { { "x-caller-sub", "bob" }, { "x-world-roles", "w:operator" } };
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }, ann).ResponseAsync.Within();
        await host.Client.CreatePolicyAsync(new CreatePolicyRequest { WorldId = "w", Document = new Google.Api.HttpBody { ContentType = "application/yaml", Data = Google.Protobuf.ByteString.CopyFromUtf8("top_k: {metric: sharpe, k: 1}") } }, ann).ResponseAsync.Within();
        await host.Client.EvaluateAsync(WorldHost.Request("w", "a", "r1", ("sharpe", 1)), ann).ResponseAsync.Within();
        var request = new OverrideRunRequest { WorldId = "w", StrategyId = "a", RunId = "r1", Status = "approved", Reason = "fine", Actor = "ann" };
        Assert.Equal(ReasonCodes.PermissionDenied, (await WorldHost.RefusedAsync(() => host.Client.OverrideEvaluationRunAsync(request, bob).ResponseAsync)).Code);
        request.Actor = "";
        Assert.Equal("bob", (await host.Client.OverrideEvaluationRunAsync(request, bob).ResponseAsync.Within()).Summary.OverrideActor);

        // Who brought the strategy does not judge it.
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "a" } }, ann).ResponseAsync.Within();
        request.Reason = "mine";
        Assert.Equal(ReasonCodes.ApproverNotAllowed, (await WorldHost.RefusedAsync(() => host.Client.OverrideEvaluationRunAsync(request, ann).ResponseAsync)).Code);
        var own = WorldHost.Request("w", "a", "r2", ("sharpe", 1));
        own.Override = new EvaluationOverride { Status = "approved", Reason = "mine", Actor = "ann", Timestamp = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()) };
        Assert.Equal(ReasonCodes.ApproverNotAllowed, (await WorldHost.RefusedAsync(() => host.Client.EvaluateAsync(own, ann).ResponseAsync)).Code);
    }

    [ConformanceFact]
    public async Task ExPostFailures_AreAppendedOnce_AndStayThroughReevaluation()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "thresholds: {s: {metric: sharpe, min: 1}}", "a");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 2));
        AddExPostFailureRequest Request(Action<ExPostFailure>? change = null)
        {
            var request = new AddExPostFailureRequest
            {
                WorldId = "w",
                StrategyId = "a",
                RunId = "r1",
                Failure = new ExPostFailure { Status = "candidate", Category = "drawdown", ReasonCode = "live_dd_exceeds_max", Severity = "high", EvidenceUrl = "https://example.org/1" },
            };
            change?.Invoke(request.Failure);
            return request;
        }

        async Task<ExPostFailuresResponse> Add(Action<ExPostFailure>? change = null) => await host.Client.AddExPostFailureAsync(Request(change)).ResponseAsync.Within();
        foreach (var (change, pointer) in new (Action<ExPostFailure>, string)[]
        {
            (failure => failure.Status = "sure", "/status"), (failure => failure.Severity = "", "/severity"), (failure => failure.Category = "", "/category"),
            (failure => failure.ReasonCode = "", "/reason_code"), (failure => failure.EvidenceUrl = "here", "/evidence_url"), (failure => failure.Source = "gossip", "/source"),
        })
        {
            Assert.Equal(pointer, Assert.Single((await WorldHost.RefusedAsync(() => Add(change))).Errors).Pointer);
        }

        var first = Assert.Single((await Add()).Failures);
        Assert.Equal(("case-1", "manual", "local", host.Clock.GetUtcNow()), (first.CaseId, first.Source, first.Actor, first.RecordedAt.ToDateTimeOffset()));
        Assert.Single((await Add()).Failures);
        Assert.Equal(["candidate", "confirmed"], (await Add(failure => (failure.CaseId, failure.Status) = ("case-1", "confirmed"))).Failures.Select(failure => failure.Status));
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 3));
        var listed = await host.Client.ListExPostFailuresAsync(new ListExPostFailuresRequest { WorldId = "w", StrategyId = "a", RunId = "r1" }).ResponseAsync.Within();
        Assert.Equal(2, listed.Failures.Count);
        Assert.Equal(["created", "ex_post", "ex_post", "evaluated"], (await HistoryAsync(host)).Revisions.Select(revision => revision.ChangeType));
        Assert.Equal(4, (await host.EventsAsync("w", "evaluation")).Count);
    }

    [ConformanceFact]
    public async Task Extended_AddsOneRevision_HoweverOftenItIsAsked()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "thresholds: {s: {metric: sharpe, min: 0}}", "a", "b");
        var request = new EvaluateCohortRequest { WorldId = "w", RunId = "r1" };
        request.Series["a"] = new StrategySeries { Returns = { Enumerable.Range(0, 200).Select(i => i % 3 == 0 ? -0.01 : 0.012) } };
        request.Series["b"] = new StrategySeries { Returns = { Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? -0.01 : 0.0101) } };
        await host.Client.EvaluateCohortAsync(request).ResponseAsync.Within();
        var validator = host.Services.GetRequiredService<ExtendedValidator>();
        Assert.True(await validator.ExtendAsync("w", "a", "r1", null, default).Within());
        Assert.False(await validator.ExtendAsync("w", "a", "r1", null, default).Within());
        var run = await host.RunAsync("w", "a", "r1");
        Assert.Equal((2, 2), (run.Revision, run.Validation.ExtendedRevision));
        var interval = run.Validation.Results["extended_bootstrap"].Details.Fields;
        Assert.InRange(run.Metrics.Returns.Sharpe!.Value, interval["low"].NumberValue, interval["high"].NumberValue);
        Assert.Equal(2, run.Validation.Results["extended_overfitting"].Details.Fields["trials"].NumberValue);
        Assert.Contains("extended_regimes", run.Validation.Results.Keys);
        Assert.Equal(["created", "extended"], (await HistoryAsync(host)).Revisions.Select(revision => revision.ChangeType));

        // Evaluated anew, it is extended anew; a run without a series has nothing to add.
        request.Series["a"].Returns.Add(0.01);
        await host.Client.EvaluateCohortAsync(request).ResponseAsync.Within();
        Assert.True(await validator.ExtendAsync("w", "a", "r1", null, default).Within());
        await host.EvaluateAsync("w", "a", "r2", ("sharpe", 1));
        Assert.False(await validator.ExtendAsync("w", "a", "r2", null, default).Within());
        Assert.False(await validator.ExtendAsync("nowhere", "a", "r2", null, default).Within());
    }

    private static async Task<RunHistoryResponse> HistoryAsync(WorldHost host) =>
        await host.Client.GetEvaluationRunHistoryAsync(new GetEvaluationRunRequest { WorldId = "w", StrategyId = "a", RunId = "r1" }).ResponseAsync.Within();
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteEvaluationTests : EvaluationTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        WorldHost.StartAsync(settings.Append(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-ws-").FullName)).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresEvaluationTests : EvaluationTests
{
    private protected override async Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        await WorldHost.StartAsync(settings.Append(("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync())).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}
