using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Audit;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Tests.Promotion;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Audit;

/// <summary>Every rpc that changes something leaves an entry with who did it and the correlation id: done once, successfully, for each of them.</summary>
public sealed class AuditCompletenessTests
{
    private const string Policy =
        "thresholds: {s: {metric: sharpe, min: 1}}\ntop_k: {metric: sharpe, k: 3}\nlive_monitoring: {sharpe_min: 0}\ngovernance: {live_promotion: {mode: manual_approval}}\ncampaign: {common: {min_sample_days: 0, min_trades_total: 0}}\n";

    /// <summary>One successful call of each. An rpc that changes something and is not here fails <see cref="Table_HasEveryMutation"/>: add it with the least it needs.</summary>
    private static readonly Dictionary<string, Func<WorldHost, Metadata, Task>> Calls = new(StringComparer.Ordinal)
    {
        ["CreateWorld"] = (host, who) => host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "other" }, who).ResponseAsync,
        ["UpdateWorld"] = (host, who) => host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", Description = "changed" }, who).ResponseAsync,
        ["DeleteWorld"] = (host, who) => host.Client.DeleteWorldAsync(new DeleteWorldRequest { WorldId = "w" }, who).ResponseAsync,
        ["CreatePolicy"] = (host, who) => host.Client.CreatePolicyAsync(new CreatePolicyRequest { WorldId = "w", Document = new Google.Api.HttpBody { Data = ByteString.CopyFromUtf8(Policy) } }, who).ResponseAsync,
        ["SetDefaultPolicy"] = async (host, who) =>
        {
            await host.UploadAsync("w", "top_k: {metric: sharpe, k: 1}");
            await host.Client.SetDefaultPolicyAsync(new SetDefaultPolicyRequest { WorldId = "w", Version = 2 }, who);
        },
        ["BindStrategies"] = (host, who) => host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "new" } }, who).ResponseAsync,
        ["UnbindStrategy"] = (host, who) => host.Client.UnbindStrategyAsync(new UnbindStrategyRequest { WorldId = "w", StrategyId = "b" }, who).ResponseAsync,
        ["SetDecisions"] = (host, who) => host.Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = "w", Strategies = { "b" } }, who).ResponseAsync,
        ["PutActivation"] = (host, who) => host.Client.PutActivationAsync(new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Freeze = true }, who).ResponseAsync,
        ["Evaluate"] = (host, who) => host.Client.EvaluateAsync(WorldHost.Request("w", "a", "r2", ("sharpe", 3)), who).ResponseAsync,
        ["EvaluateCohort"] = (host, who) => host.Client.EvaluateCohortAsync(new EvaluateCohortRequest { WorldId = "w", Candidates = { "a", "b" }, RunId = "c1" }, who).ResponseAsync,
        ["OverrideEvaluationRun"] = (host, who) =>
            host.Client.OverrideEvaluationRunAsync(new OverrideRunRequest { WorldId = "w", StrategyId = "a", RunId = "r1", Status = "rejected", Reason = "test" }, who).ResponseAsync,
        ["AddExPostFailure"] = (host, who) => host.Client.AddExPostFailureAsync(
            new AddExPostFailureRequest { WorldId = "w", StrategyId = "a", RunId = "r1", Failure = new ExPostFailure { Status = "candidate", Severity = "low", Category = "data", ReasonCode = "test" } }, who).ResponseAsync,
        ["PutEdgeOverride"] = (host, who) => host.Client.PutEdgeOverrideAsync(new PutEdgeOverrideRequest { WorldId = "w", Src = "a", Dst = "b", Active = true, Reason = "test" }, who).ResponseAsync,
        ["PostAllocations"] = (host, who) => host.Client.PostAllocationsAsync(new PostAllocationsRequest { RunId = "al", TotalEquity = 100, WorldAllocations = { ["w"] = 0.5 } }, who).ResponseAsync,
        ["RollbackAllocation"] = async (host, who) =>
        {
            await host.Client.PostAllocationsAsync(new PostAllocationsRequest { RunId = "al", TotalEquity = 100, WorldAllocations = { ["w"] = 0.5 } });
            await host.Client.RollbackAllocationAsync(new RollbackAllocationRequest { TargetRunId = "al", RunId = "back" }, who);
        },
        ["ApplyRebalance"] = (host, who) => host.Client.ApplyRebalanceAsync(
            new ApplyRebalanceRequest { RunId = "reb", Request = new MultiWorldRebalanceRequest { TotalEquity = 100, WorldAllocBefore = { ["w"] = 0.5 }, WorldAllocAfter = { ["w"] = 0.4 } } }, who).ResponseAsync,
        ["PutWorldNode"] = (host, who) => host.Client.PutWorldNodeAsync(new PutWorldNodeRequest { WorldId = "w", NodeId = "n", Status = "validating" }, who).ResponseAsync,
        ["DeleteWorldNode"] = (host, who) => host.Client.DeleteWorldNodeAsync(new DeleteWorldNodeRequest { WorldId = "w", NodeId = "a" }, who).ResponseAsync,
        ["StoreValidation"] = (host, who) => host.Client.StoreValidationAsync(Verdict(), who).ResponseAsync,
        ["DeleteValidations"] = async (host, who) =>
        {
            await host.Client.StoreValidationAsync(Verdict());
            await host.Client.DeleteValidationsAsync(new DeleteValidationsRequest { WorldId = "w" }, who);
        },
        ["PutHistory"] = (host, who) => host.Client.PutHistoryAsync(new PutHistoryRequest { WorldId = "w", Report = new HistoryReport { StrategyId = "a", NodeId = "price", DatasetFingerprint = "sha256:1" } }, who).ResponseAsync,
        ["PublishRiskSnapshot"] = (host, who) => PublishAsync(host, who),
        ["ApproveLive"] = (host, who) => ReviewAsync(host, who, host.Client.ApproveLiveAsync),
        ["RejectLive"] = (host, who) => ReviewAsync(host, who, host.Client.RejectLiveAsync),
        ["Apply"] = ApplyAsync,
        ["Rollback"] = async (host, who) =>
        {
            await ApplyAsync(host, []);
            await host.Client.RollbackAsync(new RollbackRequest { WorldId = "w", RunId = "back", Reason = "test" }, who);
        },
        ["RunLiveMonitoring"] = async (host, who) =>
        {
            await GoLiveAsync(host);
            await host.Client.RunLiveMonitoringAsync(new RunLiveMonitoringRequest { WorldId = "w" }, who);
        },
        ["RunAllLiveMonitoring"] = async (host, who) =>
        {
            await GoLiveAsync(host);
            await host.Client.RunAllLiveMonitoringAsync(new RunAllLiveMonitoringRequest(), who);
        },
        ["ExecuteCampaign"] = (host, who) => host.Client.ExecuteCampaignAsync(new ExecuteCampaignRequest { WorldId = "w", Evaluate = true }, who).ResponseAsync,
    };

    /// <summary>What takes a strategy live and back needs a world that is ready for it.</summary>
    private static readonly Dictionary<string, Func<WorldHost, Metadata, Task>> Promotions = new(StringComparer.Ordinal)
    {
        ["ApplyLive"] = PromoteAsync,
        ["AutoApplyLive"] = (host, who) => host.Client.AutoApplyLiveAsync(new PromotionAutoApplyRequest { WorldId = "w" }, who).ResponseAsync,
        ["DemoteLive"] = async (host, who) =>
        {
            await PromoteAsync(host, PromotionBench.As("bob"));
            await host.Client.DemoteLiveAsync(new DemoteLiveRequest { WorldId = "w", StrategyId = "a", Reason = "test" }, who);
        },
    };

    /// <summary>Changes that concern no world's state: who may run a loop is a lock, and it ends by itself.</summary>
    private static readonly string[] Locks = ["LeaseCampaign", "ReleaseCampaign"];

    public static TheoryData<string> Audited => [.. Calls.Keys];

    public static TheoryData<string> Promoted => [.. Promotions.Keys];

    [Theory]
    [MemberData(nameof(Promoted))]
    public async Task Promotion_Done_StandsInTheAuditWithActorAndCorrelation(string rpc)
    {
        await using var host = await WorldHosts.SqliteAsync();
        await host.ReadyAsync(rpc is "AutoApplyLive" ? "auto_apply" : "manual_approval");
        var who = new Metadata { { "x-caller-sub", "auditor" }, { "x-correlation-id", "cid-" + rpc } };

        await Promotions[rpc](host, who).Within();

        var entries = await host.Database.QueryAsync<string>("SELECT event FROM audit_log WHERE actor = 'auditor' AND correlation_id = @cid", new { cid = "cid-" + rpc }).Within();
        Assert.NotEmpty(entries);
        Assert.DoesNotContain(RefusedMutations.Event, entries);
    }

    [Theory]
    [MemberData(nameof(Audited))]
    public async Task Mutation_Done_StandsInTheAuditWithActorAndCorrelation(string rpc)
    {
        await using var host = await WorldHosts.SqliteAsync();
        await host.WorldAsync("w", Policy, "a", "b");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 2), ("max_dd", 0.1));
        var who = new Metadata { { "x-caller-sub", "auditor" }, { "x-correlation-id", "cid-" + rpc } };

        await Calls[rpc](host, who).Within();

        var entries = await host.Database.QueryAsync<string>("SELECT event FROM audit_log WHERE actor = 'auditor' AND correlation_id = @cid", new { cid = "cid-" + rpc }).Within();
        Assert.NotEmpty(entries);
        Assert.DoesNotContain(RefusedMutations.Event, entries);
    }

    [Fact]
    public async Task Table_HasEveryMutation()
    {
        await using var host = await WorldHosts.SqliteAsync();
        var unlisted = new List<string>();
        foreach (var rpc in Mutations.Names.Except(Calls.Keys.Concat(Promotions.Keys), StringComparer.Ordinal).Except(Locks, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (await IsServedAsync(host, rpc)) unlisted.Add(rpc);
        }

        Assert.True(unlisted.Count == 0, $"Add a successful call of each to {nameof(Calls)}: {string.Join(", ", unlisted)}");
        Assert.Empty(Calls.Keys.Concat(Promotions.Keys).Except(Mutations.Names, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Refused_Mutations_StandInTheAuditOfTheirWorld()
    {
        await using var host = await WorldHosts.SqliteAsync();
        var owner = new Metadata { { "x-caller-sub", "ann" }, { "x-world-roles", "w:owner" } };
        var stranger = new Metadata { { "x-caller-sub", "eve" }, { "x-world-roles", "w:reader" }, { "x-correlation-id", "c-eve" } };
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }, owner).ResponseAsync.Within();

        await WorldHost.RefusedAsync(() => host.Client.PutActivationAsync(new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true }, stranger).ResponseAsync);
        await WorldHost.RefusedAsync(() => host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "nowhere" }, stranger).ResponseAsync);
        // Reading is no attempt to change anything.
        await WorldHost.RefusedAsync(() => host.Client.GetWorldAsync(new GetWorldRequest { WorldId = "v" }, stranger).ResponseAsync);
        using var overHttp = new HttpRequestMessage(HttpMethod.Delete, "/worlds/w");
        foreach (var entry in host.Vouched(new Metadata { { "x-caller-sub", "mallory" }, { "x-world-roles", "" } })) overHttp.Headers.TryAddWithoutValidation(entry.Key, entry.Value);
        using var answered = await host.Http.SendAsync(overHttp).Within();
        Assert.Equal(403, (int)answered.StatusCode);

        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w", Event = RefusedMutations.Event }, owner).ResponseAsync.Within();
        Assert.Equal([("mallory", "DeleteWorld"), ("eve", "PutActivation")], audit.Entries.Select(entry => (entry.Actor, entry.Request.Fields["rpc"].StringValue)));
        var tried = audit.Entries[1];
        Assert.Equal(("c-eve", ReasonCodes.PermissionDenied.Code, "a"), (tried.CorrelationId, tried.Result.Fields["code"].StringValue, tried.Request.Fields["request"].StructValue.Fields["strategy_id"].StringValue));
        Assert.Equal(["UpdateWorld"], (await host.Database.QueryAsync<string>("SELECT request FROM audit_log WHERE scope = ''").Within()).Select(text => Struct.Parser.ParseJson(text).Fields["rpc"].StringValue));
        Assert.True((await host.Client.VerifyAuditAsync(new VerifyAuditRequest { WorldId = "w" }, owner).ResponseAsync.Within()).Ok);
    }

    [Fact]
    public async Task Refused_MoreThanTheLimit_AreCountedAndSaidLater()
    {
        await using var host = await WorldHosts.SqliteAsync(("Storage:Fsync", "false"));
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }).ResponseAsync.Within();
        var wrong = new SetDefaultPolicyRequest { WorldId = "w", Version = 9 };
        for (var i = 0; i < RefusedMutations.PerMinute + 5; i++) await WorldHost.RefusedAsync(() => host.Client.SetDefaultPolicyAsync(wrong).ResponseAsync);
        Assert.Equal(RefusedMutations.PerMinute, await host.Database.ScalarAsync<int>("SELECT COUNT(*) FROM audit_log WHERE event = 'refused'").Within());

        host.Clock.Advance(TimeSpan.FromMinutes(1));
        await WorldHost.RefusedAsync(() => host.Client.SetDefaultPolicyAsync(wrong).ResponseAsync);

        var latest = (await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w", Limit = 1 }).ResponseAsync.Within()).Entries[0];
        Assert.Equal(5, latest.Result.Fields["refusals_not_recorded_before"].NumberValue);
    }

    [Fact]
    public async Task VerifyAndExport_AgreeWithTheChain_AndAnEmptiedChainIsBroken()
    {
        await using var host = await WorldHosts.SqliteAsync();
        await host.WorldAsync("w", Policy, "a");
        var whole = await host.Client.VerifyAuditAsync(new VerifyAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal((true, 3L, ""), (whole.Ok, whole.Entries, whole.BrokenEntry));
        var first = await host.Client.ExportAuditAsync(new ExportAuditRequest { WorldId = "w", Limit = 2 }).ResponseAsync.Within();
        var rest = await host.Client.ExportAuditAsync(new ExportAuditRequest { WorldId = "w", After = 2 }).ResponseAsync.Within();
        Assert.Equal((true, false, whole.HeadHash), (first.More, rest.More, rest.Entries[^1].Hash));
        Assert.Equal(first.Entries[1].Hash, rest.Entries[0].PreviousHash);

        await host.Database.WriteAsync(unit => unit.ExecuteAsync("DROP TRIGGER audit_log_no_delete; DELETE FROM audit_log; DELETE FROM audit_head")).Within();
        var gone = await host.Client.VerifyAuditAsync(new VerifyAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal((false, "w:1"), (gone.Ok, gone.BrokenEntry));
    }

    private static StoreValidationRequest Verdict() => new()
    {
        WorldId = "w",
        Result = "valid",
        Key = new EvalKeyParts { NodeId = "n", ContractId = "c", DatasetFingerprint = "sha256:1", CodeVersion = "v1" },
    };

    private static async Task ApplyAsync(WorldHost host, Metadata who)
    {
        var request = new ApplyRequest { WorldId = "w", RunId = "ap" };
        request.Metrics["a"] = new Struct { Fields = { ["sharpe"] = Value.ForNumber(2) } };
        await host.Client.ApplyAsync(request, who);
    }

    private static async Task PromoteAsync(WorldHost host, Metadata who)
    {
        await host.ApproveAsync();
        await host.Client.ApplyLiveAsync(new PromotionApplyRequest { WorldId = "w", StrategyId = "a" }, who);
    }

    private static Task<bool> GoLiveAsync(WorldHost host) => host.Database.WriteAsync(unit => StageStore.SetAsync(unit, "w", "a", StageNames.Live, "r1"));

    private static async Task PublishAsync(WorldHost host, Metadata who)
    {
        var headers = new Metadata { { "x-actor", "auditor" }, { "x-stage", "paper" } };
        foreach (var entry in who) headers.Add(entry);
        var snapshot = new RiskSnapshot { Version = "v1", AsOf = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()), Weights = { ["a"] = 1 } };
        await host.Client.PublishRiskSnapshotAsync(new PublishSnapshotRequest { WorldId = "w", Snapshot = snapshot }, headers);
    }

    private static async Task ReviewAsync(WorldHost host, Metadata who, Func<PromotionReviewRequest, CallOptions, AsyncUnaryCall<PromotionReview>> review)
    {
        var paper = WorldHost.Request("w", "a", "p1", ("sharpe", 2), ("max_dd", 0.1));
        paper.Stage = "paper";
        await host.Client.EvaluateAsync(paper);
        await review(new PromotionReviewRequest { WorldId = "w", StrategyId = "a", RunId = "p1", Comment = "looked at it" }, new CallOptions(who));
    }

    /// <summary>An empty request is refused by whoever serves it, or goes through; who does not serve it says so.</summary>
    private static async Task<bool> IsServedAsync(WorldHost host, string rpc)
    {
        var method = V1.WorldService.Descriptor.FindMethodByName(rpc);
        var call = typeof(V1.WorldService.WorldServiceClient).GetMethod(rpc + "Async", [method.InputType.ClrType, typeof(CallOptions)])!;
        try
        {
            using var running = (IDisposable)call.Invoke(host.Client, [Activator.CreateInstance(method.InputType.ClrType), new CallOptions()])!;
            await ((Task)running.GetType().GetProperty("ResponseAsync")!.GetValue(running)!).Within();
            return true;
        }
        catch (RefusalException refusal)
        {
            return refusal.Code != ReasonCodes.NotImplemented;
        }
    }
}
