using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Messaging;
using Qmtl.Messaging.Events;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Apply;

/// <summary>Two-phase apply over gRPC, with observers that do as the test says, whatever the database.</summary>
public abstract class ApplyTests
{
    private const string Policy = "thresholds: {s: {metric: sharpe, min: 1}}\ntop_k: {metric: sharpe, k: 3}\nposition_policy: {on_promote: flat_then_enable, on_demote: disable_then_flat}\n";

    private protected abstract Task<WorldHost> StartAsync(params (string Key, string Value)[] settings);

    [ConformanceFact]
    public async Task Apply_WithoutObservers_CompletesAtOnce()
    {
        await using var host = await StartAsync();
        await WorldAsync(host, "a", "b");
        var ack = await ApplyAsync(host, "r1", activate: ["b"], deactivate: ["a"]);
        Assert.Equal((true, "completed", ""), (ack.Ok, ack.Phase, ack.Reason));
        Assert.Equal(["b"], ack.Active);

        Assert.False((await host.ActivationAsync("w", "a")).Active);
        var entry = await host.ActivationAsync("w", "b");
        Assert.Equal((true, false, false, "r1"), (entry.Active, entry.Freeze, entry.Drain, entry.RunId));

        var run = await host.Client.GetApplyRunAsync(new GetApplyRunRequest { WorldId = "w", RunId = "latest" }).ResponseAsync.Within();
        Assert.Equal(["requested", "freeze", "switch", "unfreeze", "completed"], run.Stages.Select(stage => stage.Phase));
        Assert.Equal((1, "apply", "flat_then_enable", "disable_then_flat"), (run.Number, run.Kind, run.OnPromote, run.OnDemote));
        Assert.Equal(["a"], run.Previous);
        Assert.Equal(["b"], run.Target);
        Assert.Equal("steady", (await host.Client.GetWorldAsync(new GetWorldRequest { WorldId = "w" }).ResponseAsync.Within()).Operation);
        Assert.Equal(Enumerable.Range(1, run.LastSequence), await SequencesAsync(host, "r1"));

        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w", Limit = 200 }).ResponseAsync.Within();
        Assert.Equal(["completed", "unfreeze", "switch", "freeze", "requested"], audit.Entries.Where(record => record.Event == "apply_stage").Select(record => record.Stage));
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);
    }

    [ConformanceFact]
    public async Task Apply_WhileAnObserverIsSilent_KeepsEverythingClosedAndOtherAppliesOut()
    {
        await using var host = await StartAsync();
        await WorldAsync(host, "a", "b");
        await ObserveAsync(host, "g1");
        var ack = await ApplyAsync(host, "r1", activate: ["b"]);
        Assert.Equal((true, "freeze"), (ack.Ok, ack.Phase));
        var frozen = await host.ActivationAsync("w", "a");
        Assert.Equal((false, true, true), (frozen.Active, frozen.Freeze, frozen.Drain));
        var world = await host.Client.GetWorldAsync(new GetWorldRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal(("applying", "r1"), (world.Operation, world.FrozenBy));

        var other = await WorldHost.RefusedAsync(() => ApplyAsync(host, "r2", activate: ["b"]));
        Assert.Equal(ReasonCodes.ApplyInProgress.Code, other.Code.Code);
        Assert.Equal("freeze", (await ApplyAsync(host, "r1", activate: ["b"])).Phase);
        var changed = await WorldHost.RefusedAsync(() => ApplyAsync(host, "r1", activate: ["a"]));
        Assert.Equal(ReasonCodes.EtagConflict.Code, changed.Code.Code);

        // Neither an operator nor an evaluation opens what the apply holds, and what comes into being meanwhile is held too.
        var put = await host.Client.PutActivationAsync(new PutActivationRequest { WorldId = "w", StrategyId = "new", Side = "long", Active = true }).ResponseAsync.Within();
        Assert.Equal((false, true), (put.Active, put.Freeze));

        await AcknowledgeAsync(host, "g1", "r1");
        await UntilAsync(host, "r1", "unfreeze");
        await AcknowledgeAsync(host, "g1", "r1");
        await UntilAsync(host, "r1", "completed");
        Assert.True((await host.ActivationAsync("w", "a")).Active);
        Assert.True((await host.ActivationAsync("w", "b")).Active);
        Assert.False((await host.ActivationAsync("w", "new")).Freeze);
    }

    [ConformanceFact]
    public async Task Apply_FreezeTimesOut_RollsBackAndStaysFrozenUntilTheNextOne()
    {
        await using var host = await StartAsync();
        await WorldAsync(host, "a", "b");
        await host.Client.PutActivationAsync(new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true, Weight = 0.5 }).ResponseAsync.Within();
        await ObserveAsync(host, "g1", ttl: 300);
        await ApplyAsync(host, "r1", activate: ["b"], deactivate: ["a"]);
        host.Clock.Advance(TimeSpan.FromSeconds(31));
        await UntilAsync(host, "r1", "rolled_back");
        var run = await RunAsync(host, "r1");
        Assert.Equal((ReasonCodes.FreezeTimeout.Code, "rolled_back"), (run.Reason, run.Phase));
        Assert.Equal(["a"], (await host.Client.GetDecisionsAsync(new GetDecisionsRequest { WorldId = "w" }).ResponseAsync.Within()).Strategies);
        Assert.True((await host.ActivationAsync("w", "a")).Freeze);
        Assert.Equal(Enumerable.Range(1, run.LastSequence), await SequencesAsync(host, "r1"));

        // An older run id is still known after others have come.
        await LeaveAsync(host, "g1");
        Assert.Equal("completed", (await ApplyAsync(host, "r2")).Phase);
        var entry = await host.ActivationAsync("w", "a");
        Assert.Equal((true, 0.5, false), (entry.Active, entry.Weight, entry.Freeze));
        Assert.Equal(("rolled_back", false), ((await ApplyAsync(host, "r1", activate: ["b"], deactivate: ["a"])).Phase, (await ApplyAsync(host, "r1", activate: ["b"], deactivate: ["a"])).Ok));
    }

    [ConformanceFact]
    public async Task Apply_DecisionsChangedMeanwhile_IsRolledBack()
    {
        await using var host = await StartAsync();
        await WorldAsync(host, "a", "b");
        await ObserveAsync(host, "g1");
        await ApplyAsync(host, "r1", activate: ["b"]);
        await host.Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = "w" }).ResponseAsync.Within();
        await AcknowledgeAsync(host, "g1", "r1");
        await UntilAsync(host, "r1", "rolled_back");
        Assert.Equal(ReasonCodes.EtagConflict.Code, (await RunAsync(host, "r1")).Reason);
        Assert.Empty((await host.Client.GetDecisionsAsync(new GetDecisionsRequest { WorldId = "w" }).ResponseAsync.Within()).Strategies);
    }

    [ConformanceFact]
    public async Task Apply_UnfreezeUnacknowledged_IsPendingAndRepeatsUnderTheSameNumbers()
    {
        await using var host = await StartAsync();
        await WorldAsync(host, "a", "b");
        await ObserveAsync(host, "g1", ttl: 300);
        await ApplyAsync(host, "r1", activate: ["b"]);
        await AcknowledgeAsync(host, "g1", "r1");
        await UntilAsync(host, "r1", "unfreeze");
        var last = (await RunAsync(host, "r1")).LastSequence;
        host.Clock.Advance(TimeSpan.FromSeconds(31));
        await UntilAsync(host, "r1", "unfreeze_pending");
        var run = await RunAsync(host, "r1");
        Assert.Equal((last, 1, 0), (run.LastSequence, run.AcksExpected, run.AcksReceived));
        Assert.Equal(["g1"], run.WaitingFor);
        var sequences = await SequencesAsync(host, "r1");
        Assert.Equal(Enumerable.Range(1, last), sequences.Distinct());
        Assert.True(sequences.Count > last);
        await AcknowledgeAsync(host, "g1", "r1");
        await UntilAsync(host, "r1", "completed");
    }

    [ConformanceFact]
    public async Task Rollback_BringsBackSetWeightsAndEdges_AndIsARunOfItsOwn()
    {
        await using var host = await StartAsync();
        await WorldAsync(host, "a", "b");
        await host.Client.PutActivationAsync(new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true, Weight = 0.25 }).ResponseAsync.Within();
        var before = await EdgesAsync(host);
        await host.ReportAsync("w", "a", "sha256:1");
        var request = Request("r1", activate: ["b"], deactivate: ["a"]);
        request.GatingPolicy = Gating("backtest", "dryrun");
        Assert.Equal("completed", (await host.Client.ApplyAsync(request).ResponseAsync.Within()).Phase);
        Assert.Contains(("domain:backtest", "domain:dryrun", true), await EdgesAsync(host));
        Assert.Contains(("domain:live", "domain:dryrun", false), await EdgesAsync(host));

        var back = await host.Client.RollbackAsync(new RollbackRequest { WorldId = "w", RunId = "back", TargetRunId = "r1", Reason = "test" }).ResponseAsync.Within();
        Assert.Equal((true, "completed"), (back.Ok, back.Phase));
        Assert.Equal(["a"], back.Active);
        var entry = await host.ActivationAsync("w", "a");
        Assert.Equal((true, 0.25), (entry.Active, entry.Weight));
        Assert.False((await host.ActivationAsync("w", "b")).Active);
        Assert.Equal(before, await EdgesAsync(host));
        var listed = await host.Client.ListApplyRunsAsync(new ListApplyRunsRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal([(2, "back", "rollback", "r1"), (1, "r1", "apply", "")], listed.Runs.Select(run => (run.Number, run.RunId, run.Kind, run.TargetRunId)));
    }

    [ConformanceFact]
    public async Task Rollback_OfARunInProgress_EndsItFirst()
    {
        await using var host = await StartAsync();
        await WorldAsync(host, "a", "b");
        await ObserveAsync(host, "g1");
        await ApplyAsync(host, "r1", activate: ["b"]);
        var back = await host.Client.RollbackAsync(new RollbackRequest { WorldId = "w", RunId = "back", WaitMs = 0 }).ResponseAsync.Within();
        Assert.Equal("freeze", back.Phase);
        Assert.Equal((ReasonCodes.ApplyAborted.Code, "rolled_back"), ((await RunAsync(host, "r1")).Reason, (await RunAsync(host, "r1")).Phase));
        await LeaveAsync(host, "g1");
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(host, "back", "completed");
        var entry = await host.ActivationAsync("w", "a");
        Assert.Equal((true, false), (entry.Active, entry.Freeze));
    }

    [ConformanceFact]
    public async Task Apply_TowardsLive_NeedsTheWorldAndTheRules()
    {
        await using var host = await StartAsync();
        await WorldAsync(host, "a", "b");
        await host.ReportAsync("w", "a", "sha256:1");
        var request = Request("r1", activate: ["a"]);
        request.GatingPolicy = Gating("dryrun", "live");
        Assert.Equal(ReasonCodes.LiveDisabled.Code, (await WorldHost.RefusedAsync(() => host.Client.ApplyAsync(request).ResponseAsync)).Code.Code);
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = true }).ResponseAsync.Within();
        var refused = await WorldHost.RefusedAsync(() => host.Client.ApplyAsync(request).ResponseAsync);
        Assert.Contains(refused.Code.Code, new[] { ReasonCodes.GateClosed.Code, ReasonCodes.PromotionBlocked.Code });
        Assert.Empty((await host.Client.ListApplyRunsAsync(new ListApplyRunsRequest { WorldId = "w" }).ResponseAsync.Within()).Runs);
    }

    [ConformanceFact]
    public async Task Apply_WithoutAPlan_TakesWhatThePolicySelects()
    {
        await using var host = await StartAsync();
        await WorldAsync(host, "a", "b");
        var request = new ApplyRequest { WorldId = "w", RunId = "r1" };
        foreach (var (id, sharpe) in new[] { ("a", 0.5), ("b", 2.0) }) request.Metrics[id] = new Struct { Fields = { ["sharpe"] = Value.ForNumber(sharpe) } };
        var ack = await host.Client.ApplyAsync(request).ResponseAsync.Within();
        Assert.Equal(("completed", "b"), (ack.Phase, string.Join(',', ack.Active)));
    }

    private static async Task WorldAsync(WorldHost host, params string[] strategies)
    {
        await host.WorldAsync("w", Policy, [.. strategies, "new"]);
        await host.Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = "w", Strategies = { "a" } }).ResponseAsync.Within();
    }

    private static ApplyRequest Request(string run, IEnumerable<string>? activate = null, IEnumerable<string>? deactivate = null) => new()
    {
        WorldId = "w",
        RunId = run,
        WaitMs = 0,
        Plan = new ApplyPlan { Activate = { activate ?? [] }, Deactivate = { deactivate ?? [] } },
    };

    private static Task<ApplyAck> ApplyAsync(WorldHost host, string run, IEnumerable<string>? activate = null, IEnumerable<string>? deactivate = null) =>
        host.Client.ApplyAsync(Request(run, activate, deactivate)).ResponseAsync.Within();

    private static GatingPolicy Gating(string from, string to) => new()
    {
        DatasetFingerprint = "sha256:1",
        SharePolicy = "feature-artifacts-only",
        Snapshot = new GatingSnapshot { StrategyPlane = "cow", FeaturePlane = "readonly" },
        Edges = new GatingEdges { PrePromotion = new PrePromotionEdges { DisableEdgesTo = to }, PostPromotion = new PostPromotionEdges { EnableEdgesTo = to } },
        Observability = new GatingObservability { Slo = new GatingSlo { CrossContextCacheHit = 0 } },
        Domains = new GatingDomains { From = from, To = to },
    };

    private static Task<ApplyRun> RunAsync(WorldHost host, string run) => host.Client.GetApplyRunAsync(new GetApplyRunRequest { WorldId = "w", RunId = run }).ResponseAsync.Within();

    private static async Task<IReadOnlyList<(string Src, string Dst, bool Active)>> EdgesAsync(WorldHost host) =>
        [.. (await host.Client.ListEdgeOverridesAsync(new ListEdgeOverridesRequest { WorldId = "w" }).ResponseAsync.Within()).Overrides.Select(edge => (edge.Src, edge.Dst, edge.Active))];

    /// <summary>Announces an observer and waits until it counts.</summary>
    private static async Task ObserveAsync(WorldHost host, string consumer, int ttl = 30)
    {
        await PublishAsync(host, "observer_announced", new ObserverAnnounced { Version = 1, Consumer = consumer, Sequence = 1, TtlSeconds = ttl });
        await EventuallyAsync(host, async () => await host.Database.ScalarAsync<long>("SELECT COUNT(*) FROM ws_observers WHERE consumer = @consumer", new { consumer }) == 1);
        host.Clock.Advance(TimeSpan.FromMilliseconds(1));
    }

    private static async Task LeaveAsync(WorldHost host, string consumer)
    {
        await PublishAsync(host, "observer_announced", new ObserverAnnounced { Version = 1, Consumer = consumer, Sequence = 2, Leaving = true });
        await EventuallyAsync(host, async () => await host.Database.ScalarAsync<long>("SELECT COUNT(*) FROM ws_observers WHERE consumer = @consumer", new { consumer }) == 0);
    }

    private static async Task AcknowledgeAsync(WorldHost host, string consumer, string run) => await PublishAsync(
        host, "activation_ack", new ActivationAck { Version = 1, WorldId = "w", RunId = run, Consumer = consumer, Phase = "any", Sequence = (await RunAsync(host, run)).LastSequence });

    private static async Task PublishAsync(WorldHost host, string type, Google.Protobuf.IMessage message) =>
        await host.Services.GetRequiredService<IControlBus>().PublishAsync(ControlEvent.FromJson(type, "test", Json.Write(message))).Within();

    private static Task UntilAsync(WorldHost host, string run, string phase) => EventuallyAsync(host, async () => (await RunAsync(host, run)).Phase == phase);

    private static async Task EventuallyAsync(WorldHost host, Func<Task<bool>> holds)
    {
        for (var attempt = 0; attempt < 1_000; attempt++)
        {
            if (await holds()) return;

            // Members of groups renew their leases by this clock.
            host.Clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(10);
        }

        Assert.Fail("It did not come to this within 10 seconds.");
    }

    private static Task<IReadOnlyList<int>> SequencesAsync(WorldHost host, string run) => host.Database.SequencesAsync("w", run);
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteApplyTests : ApplyTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        WorldHost.StartAsync(settings.Append(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-ws-").FullName)).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresApplyTests : ApplyTests
{
    private protected override async Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        await WorldHost.StartAsync(settings.Append(("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync())).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}
