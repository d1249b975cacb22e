using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>What WorldService does over gRPC, whatever database it stands on.</summary>
public abstract class WorldServiceTests
{
    private const string Policy = "thresholds: {s: {metric: sharpe, min: 1}, d: {metric: max_drawdown, max: 0.25}}\ntop_k: {metric: sharpe, k: 2}\n";

    private protected abstract Task<WorldHost> StartAsync(params (string Key, string Value)[] settings);

    [ConformanceFact]
    public async Task CoreLoop_EvaluateThenDecide_ActivatesComputeOnly()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a", "b");
        var response = await host.EvaluateAsync("w", "a", "r1", ("sharpe", 1.5), ("max_dd", 0.1));
        Assert.Equal(["a"], response.Active);
        Assert.Equal("pass", response.Summary.Status);
        Assert.Equal((1, 1.0), (response.Summary.Rank, response.Summary.Weight));

        var decision = await host.DecideAsync("w");
        Assert.Equal(("compute-only", 1), (decision.EffectiveMode, decision.PolicyVersion));
        Assert.Equal("bindings_present & decisions_present & allow_live_disabled & dataset_fingerprint_missing & required_metrics_missing", decision.Reason);
        var entry = await host.ActivationAsync("w", "a");
        Assert.Equal((true, 1.0, "compute-only", "act:w:a:long:1", "r1"), (entry.Active, entry.Weight, entry.EffectiveMode, entry.Etag, entry.RunId));
        Assert.StartsWith("blake3:", entry.StateHash, StringComparison.Ordinal);

        Assert.Equal(["policy_updated", "validation_profile_changed", "world_updated"], await host.EventsAsync("w", "policy"));
        Assert.Equal(["evaluation_run_created"], await host.EventsAsync("w", "evaluation"));
        Assert.Equal(["activation_updated"], await host.EventsAsync("w", "activation"));
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);
        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal(["activation_updated", "evaluated", "strategies_bound", "policy_created", "world_created"], audit.Entries.Select(record => record.Event));
    }

    [ConformanceFact]
    public async Task Evaluate_Rejected_TheRunSaysWhatIsLacking()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        var response = await host.EvaluateAsync("w", "a", "r1", ("sharpe", 0.7), ("max_drawdown", -0.4));
        Assert.Empty(response.Active);
        var run = await host.RunAsync("w", "a", "r1");
        Assert.Equal(("fail", false, "above_max"), (run.Summary.Status, run.Summary.Active, run.Summary.Reason));
        Assert.Equal(
            [("max_drawdown", 0.4, "max", 0.25), ("sharpe", 0.7, "min", 1.0)],
            run.Summary.ThresholdViolations.Select(violation => (violation.Metric, violation.Value!.Value, violation.ThresholdType, violation.ThresholdValue)).Order());
        Assert.Contains("raise it by 0.3", run.Summary.ThresholdViolations.Single(violation => violation.Metric == "sharpe").Message, StringComparison.Ordinal);
        Assert.Equal("fail", run.Validation.Results["performance"].Status);
        Assert.Equal("validate", (await host.DecideAsync("w")).EffectiveMode);
        var refused = await WorldHost.RefusedAsync(() => host.ActivationAsync("w", "a"));
        Assert.Equal(ReasonCodes.ActivationUnknown.Code, refused.Code.Code);
    }

    [ConformanceFact]
    public async Task Evaluate_TopK_ChoosesAmongAllBoundStrategies()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a", "b", "c", "never_measured");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 1.1), ("max_dd", 0.1), ("total_return", 0.1));
        await host.EvaluateAsync("w", "b", "r2", ("sharpe", 1.2), ("max_dd", 0.1), ("total_return", 0.3));
        var third = await host.EvaluateAsync("w", "c", "r3", ("sharpe", 1.3), ("max_dd", 0.1), ("total_return", 0.1));
        Assert.Equal(["c", "b"], third.Active);
        Assert.Equal((0.5, 0.25), (third.Summary.Weight!.Value, third.Summary.Contribution!.Value));
        Assert.False((await host.ActivationAsync("w", "a")).Active);
        Assert.Equal(2, (await host.ActivationAsync("w", "a")).EntryVersion);
        Assert.True((await host.ActivationAsync("w", "b")).Active);
    }

    [ConformanceFact]
    public async Task Evaluate_SameRunAgain_CountsOnceAndKeepsItsCreation()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy + "hysteresis: {promote_after: 2}\n", "a");
        (string, double)[] good = [("sharpe", 2), ("max_dd", 0.1)];
        var first = await host.EvaluateAsync("w", "a", "r1", good);
        Assert.Empty(first.Active);
        Assert.Equal("promotion_pending", first.Summary.Reason);
        host.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(first, await host.EvaluateAsync("w", "a", "r1", good));
        Assert.Empty((await host.EvaluateAsync("w", "a", "r1", ("sharpe", 3), ("max_dd", 0.1))).Active);
        Assert.Equal(["a"], (await host.EvaluateAsync("w", "a", "r2", good)).Active);

        var run = await host.RunAsync("w", "a", "r1");
        Assert.Equal(2, run.Revision);
        Assert.Equal(TimeSpan.FromHours(1), run.UpdatedAt.ToDateTimeOffset() - run.CreatedAt.ToDateTimeOffset());
        var history = await host.Client.GetEvaluationRunHistoryAsync(new GetEvaluationRunRequest { WorldId = "w", StrategyId = "a", RunId = "r1" }).ResponseAsync.Within();
        Assert.Equal([(1, "created"), (2, "evaluated")], history.Revisions.Select(revision => (revision.Revision, revision.ChangeType)));
        Assert.Equal(2, history.Revisions[0].Payload.Metrics.Returns.Sharpe);
        Assert.Equal(["evaluation_run_created", "evaluation_run_updated", "evaluation_run_created"], await host.EventsAsync("w", "evaluation"));
    }

    [ConformanceFact]
    public async Task Evaluate_Series_ComputesWhatThePolicyReads()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", "thresholds: {s: {metric: sharpe, min: 0.5}, w: {metric: volatility_10d, min: 0}}", "a");
        var request = WorldHost.Request("w", "a", "r1");
        request.Series["a"] = new StrategySeries { Returns = { Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? -0.01 : 0.01) }, Side = "short" };
        request.Data = new EvaluationData
        {
            PeriodsPerYear = 365,
            DatasetFingerprint = "sha256:1",
            AsOf = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()),
            DataStart = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow().AddDays(-60)),
            DataEnd = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()),
        };
        var response = await host.Client.EvaluateAsync(request).ResponseAsync.Within();
        Assert.Equal(["a"], response.Active);
        var run = await host.RunAsync("w", "a", "latest");

        // 40 gains and 20 losses of 1 %: mean 1/300, sample variance (1e-4 - mean^2) * 60/59.
        var mean = 0.01 / 3;
        var expected = mean / Math.Sqrt((1e-4 - (mean * mean)) * 60 / 59) * Math.Sqrt(365);
        Assert.Equal(expected, run.Metrics.Returns.Sharpe!.Value, 9);
        Assert.Contains("volatility_10d", run.Metrics.Values.Keys);
        Assert.True((await host.ActivationAsync("w", "a", "sell")).Active);
        Assert.Equal("sha256:1", (await host.DecideAsync("w")).DatasetFingerprint);
    }

    [ConformanceFact]
    public async Task Evaluate_DryRun_WritesNothing()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        var request = WorldHost.Request("w", "a", "r1", ("sharpe", 2), ("max_dd", 0.1));
        request.DryRun = true;
        Assert.Equal(["a"], (await host.Client.EvaluateAsync(request).ResponseAsync.Within()).Active);
        Assert.Equal(ReasonCodes.RunUnknown.Code, (await WorldHost.RefusedAsync(() => host.RunAsync("w", "a", "r1"))).Code.Code);
        Assert.Empty(await host.EventsAsync("w", "evaluation"));
        Assert.Equal("validate", (await host.DecideAsync("w")).EffectiveMode);
    }

    [ConformanceFact]
    public async Task EvaluateCohort_GivesEachCandidateARunAndOneActiveSet()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a", "b", "c");
        var request = new EvaluateCohortRequest { WorldId = "w", RunId = "c1" };
        foreach (var (id, sharpe) in new[] { ("a", 1.5), ("b", 2.5), ("c", 3.5) }) request.Metrics[id] = WorldHost.Request("w", id, "", ("sharpe", sharpe), ("max_dd", 0.1)).Metrics[id];
        var response = await host.Client.EvaluateCohortAsync(request).ResponseAsync.Within();
        Assert.Equal(["c", "b"], response.Active);
        Assert.Equal(["a", "b", "c"], response.EvaluationRuns.Keys.Order());
        var run = await host.RunAsync("w", "a", "c1");
        Assert.Equal(("top_k_exceeded", 3, "campaign-c1"), (run.Summary.Reason, run.Summary.Rank!.Value, run.Summary.CampaignId));
    }

    [ConformanceFact]
    public async Task Decide_FollowsLivePermissionDataAndBreaker()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 2), ("max_dd", 0.1));
        await host.ReportAsync("w", "a", "sha256:1");
        var computeOnly = await host.DecideAsync("w");
        Assert.Equal(("compute-only", "bindings_present & decisions_present & allow_live_disabled"), (computeOnly.EffectiveMode, computeOnly.Reason));
        host.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(computeOnly, await host.DecideAsync("w"));

        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = true }).ResponseAsync.Within();
        var live = await host.DecideAsync("w");
        Assert.Equal(("live", Duration.FromTimeSpan(TimeSpan.FromSeconds(300))), (live.EffectiveMode, live.Ttl));
        Assert.NotEqual(computeOnly.Etag, live.Etag);

        // The world permits live; the strategy has not come that far.
        Assert.Equal("compute-only", (await host.ActivationAsync("w", "a")).EffectiveMode);
        await host.StageAsync("w", "a", "live");
        Assert.Equal("live", (await host.ActivationAsync("w", "a")).EffectiveMode);

        await host.ReportAsync("w", "a", "sha256:1", rows: null);
        var held = await host.DecideAsync("w");
        Assert.Equal(("live", "bindings_present & decisions_present & hysteresis_hold", 120L), (held.EffectiveMode, held.Reason, held.Ttl.Seconds));
        await host.ReportAsync("w", "a", "sha256:2", rows: null);
        Assert.Equal("compute-only", (await host.DecideAsync("w")).EffectiveMode);
        Assert.Equal("compute-only", (await host.ActivationAsync("w", "a")).EffectiveMode);

        await host.ReportAsync("w", "a", "sha256:2");
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", CircuitBreaker = true }).ResponseAsync.Within();
        var broken = await host.DecideAsync("w");
        Assert.Equal(("validate", "circuit_breaker"), (broken.EffectiveMode, broken.Reason));
        Assert.Equal("validate", (await host.ActivationAsync("w", "a")).EffectiveMode);
    }

    [ConformanceFact]
    public async Task PutActivation_FreezeClosesAndLiftingBringsBack()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        async Task<ActivationEnvelope> Put(bool freeze, bool drain, string etag = "") => await host.Client.PutActivationAsync(new PutActivationRequest
        {
            WorldId = "w",
            StrategyId = "a",
            Side = "buy",
            Active = true,
            Weight = 7,
            Freeze = freeze,
            Drain = drain,
            Etag = etag,
        }).ResponseAsync.Within();

        var first = await Put(freeze: false, drain: false);
        Assert.Equal((true, 1.0, "long", 1), (first.Active, first.Weight, first.Side, first.EntryVersion));
        var frozen = await Put(freeze: true, drain: true, first.Etag);
        Assert.Equal((false, true, 2), (frozen.Active, frozen.Freeze, frozen.EntryVersion));
        Assert.NotEqual(first.StateHash, frozen.StateHash);
        Assert.False((await Put(freeze: false, drain: true)).Active);
        var conflict = await WorldHost.RefusedAsync(() => Put(false, false, first.Etag));
        Assert.Equal(ReasonCodes.EtagConflict.Code, conflict.Code.Code);
        var lifted = await Put(freeze: false, drain: false);
        Assert.True(lifted.Active);
        Assert.Equal(lifted, await host.ActivationAsync("w", "a"));
        var hash = await host.Client.GetStateHashAsync(new GetStateHashRequest { WorldId = "w", Topic = "activation" }).ResponseAsync.Within();
        Assert.Equal((lifted.StateHash, lifted.Etag, 1), (hash.StateHash_, hash.Etag, hash.Count));
        Assert.Equal(4, (await host.EventsAsync("w", "activation")).Count);
    }

    [ConformanceFact]
    public async Task PutActivation_LiveInAWorldThatForbidsIt_IsRefused()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        var refused = await WorldHost.RefusedAsync(() => host.Client.PutActivationAsync(new PutActivationRequest
        {
            WorldId = "w",
            StrategyId = "a",
            Side = "long",
            Active = true,
            EffectiveMode = "live",
        }).ResponseAsync);
        Assert.Equal(ReasonCodes.LiveDisabled.Code, refused.Code.Code);
        Assert.Empty(await host.EventsAsync("w", "activation"));
    }

    [ConformanceFact]
    public async Task SetDecisions_EmptyClears_AndActivationFollows()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a", "b");
        var set = await host.Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = "w", Strategies = { "b", "a", "b" } }).ResponseAsync.Within();
        Assert.Equal(["b", "a"], set.Strategies);
        Assert.True((await host.ActivationAsync("w", "b")).Active);
        var cleared = await host.Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Empty(cleared.Strategies);
        Assert.NotEqual(set.Etag, cleared.Etag);
        var entry = await host.ActivationAsync("w", "b");
        Assert.Equal((false, "validate", 2), (entry.Active, entry.EffectiveMode, entry.EntryVersion));
    }

    [ConformanceFact]
    public async Task Policies_FirstIsDefault_OthersWaitUntilPutInForce()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        var second = await host.UploadAsync("w", "preset: conservative\npreset_overrides: {sharpe.min: 1.4}");
        Assert.Equal((2, false), (second.Version, second.IsDefault));
        var set = await host.Client.SetDefaultPolicyAsync(new SetDefaultPolicyRequest { WorldId = "w", Version = 2 }).ResponseAsync.Within();
        Assert.Equal((2, 1), (set.Version, set.PreviousVersion));
        var list = await host.Client.ListPoliciesAsync(new ListPoliciesRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal([(2, "ACTIVE", true), (1, "DEPRECATED", false)], list.Policies.Select(policy => (policy.Version, policy.Status, policy.IsDefault)));
        Assert.StartsWith("sha256:", list.Policies[0].Checksum, StringComparison.Ordinal);
        var description = await host.Client.DescribeWorldAsync(new GetWorldRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal(("conservative", "shared", "1", 1.4), (description.PolicyPreset, description.PolicyPresetMode, description.PolicyPresetVersion, description.PolicyOverrides["sharpe.min"]));
        Assert.Contains("Requires sharpe >= 1.4.", description.PolicyHuman, StringComparison.Ordinal);
        Assert.Equal(1, description.BindingCount);
    }

    [ConformanceFact]
    public async Task Policies_BadDocument_NamesEveryPlaceAndStoresNothing()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }).ResponseAsync.Within();
        var refused = await WorldHost.RefusedAsync(() => host.UploadAsync("w", "tresholds: {}\ntop_k: {metric: shrpe, k: 1}"));
        Assert.Equal(ReasonCodes.PolicyInvalid.Code, refused.Code.Code);
        Assert.Equal(["/tresholds", "/top_k/metric"], refused.Errors.Select(error => error.Pointer));
        Assert.Contains("did you mean 'sharpe'?", refused.Errors[1].Message, StringComparison.Ordinal);
        Assert.Empty((await host.Client.ListPoliciesAsync(new ListPoliciesRequest { WorldId = "w" }).ResponseAsync.Within()).Policies);
        Assert.Equal(ReasonCodes.PolicyUnknown.Code, (await WorldHost.RefusedAsync(() => host.EvaluateAsync("w", "a", "r1", ("sharpe", 1)))).Code.Code);
        Assert.Equal(["refused", "refused", "world_created"], (await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within()).Entries.Select(record => record.Event));
    }

    [ConformanceFact]
    public async Task Worlds_LifecycleAndItsRefusals()
    {
        await using var host = await StartAsync();
        var world = await host.Client.CreateWorldAsync(new CreateWorldRequest { Name = "Crypto Momentum 1h", Labels = { "x", "x" } }).ResponseAsync.Within();
        Assert.Equal(("crypto_momentum_1h", "ACTIVE", false), (world.Id, world.State, world.AllowLive));
        Assert.Equal(ReasonCodes.WorldExists.Code, (await WorldHost.RefusedAsync(() => host.Client.CreateWorldAsync(new CreateWorldRequest { Id = world.Id }).ResponseAsync)).Code.Code);
        Assert.Equal("/id", Assert.Single((await WorldHost.RefusedAsync(() => host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "Not A Slug" }).ResponseAsync)).Errors).Pointer);
        Assert.Equal(ReasonCodes.WorldUnknown.Code, (await WorldHost.RefusedAsync(() => host.DecideAsync("nowhere"))).Code.Code);

        var renamed = await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = world.Id, Name = "CM", Etag = world.Etag }).ResponseAsync.Within();
        Assert.Equal(("CM", "x"), (renamed.Name, Assert.Single(renamed.Labels)));
        Assert.Equal(ReasonCodes.EtagConflict.Code, (await WorldHost.RefusedAsync(() => host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = world.Id, Name = "X", Etag = world.Etag }).ResponseAsync)).Code.Code);
        var edge = Assert.Single((await host.Client.ListEdgeOverridesAsync(new ListEdgeOverridesRequest { WorldId = world.Id }).ResponseAsync.Within()).Overrides);
        Assert.Equal(("domain:backtest", "domain:live", false, "auto"), (edge.Src, edge.Dst, edge.Active, edge.Reason));

        foreach (var id in new[] { "b", "a", "c" }) await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = id }).ResponseAsync.Within();
        var page = await host.Client.ListWorldsAsync(new ListWorldsRequest { Limit = 2 }).ResponseAsync.Within();
        Assert.Equal(["a", "b"], page.Worlds.Select(one => one.Id));
        page = await host.Client.ListWorldsAsync(new ListWorldsRequest { Limit = 5, PageToken = page.NextPageToken }).ResponseAsync.Within();
        Assert.Equal(["c", "crypto_momentum_1h"], page.Worlds.Select(one => one.Id));
        Assert.Equal("", page.NextPageToken);

        await host.Client.DeleteWorldAsync(new DeleteWorldRequest { WorldId = "b" }).ResponseAsync.Within();
        Assert.Equal(ReasonCodes.WorldUnknown.Code, (await WorldHost.RefusedAsync(() => host.DecideAsync("b"))).Code.Code);
        Assert.Equal("world_deleted", (await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "b" }).ResponseAsync.Within()).Entries[0].Event);
    }

    [ConformanceFact]
    public async Task Allocations_SumsAreCheckedAndRunsAreIdempotent()
    {
        await using var host = await StartAsync();
        foreach (var id in new[] { "a", "b" }) await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = id }).ResponseAsync.Within();
        Assert.Equal(ReasonCodes.AllocationUnknown.Code, (await WorldHost.RefusedAsync(() => host.Client.GetAllocationsAsync(new GetAllocationsRequest { WorldId = "a" }).ResponseAsync)).Code.Code);
        var request = new PostAllocationsRequest { RunId = "r1", TotalEquity = 1_000, WorldAllocations = { ["a"] = 0.6, ["b"] = 0.3 } };
        request.StrategyAllocAfterTotal["a"] = new Struct { Fields = { ["s"] = Value.ForNumber(0.6) } };
        var set = await host.Client.PostAllocationsAsync(request).ResponseAsync.Within();
        Assert.Equal(0.1, set.Unallocated, 9);
        Assert.Equal(set.Etag, (await host.Client.PostAllocationsAsync(request).ResponseAsync.Within()).Etag);

        var changed = request.Clone();
        changed.WorldAllocations["b"] = 0.4;
        Assert.Equal(ReasonCodes.EtagConflict.Code, (await WorldHost.RefusedAsync(() => host.Client.PostAllocationsAsync(changed).ResponseAsync)).Code.Code);
        var tooMuch = new PostAllocationsRequest { RunId = "r2", TotalEquity = 1_000, WorldAllocations = { ["b"] = 0.41 } };
        Assert.Equal(ReasonCodes.AllocationSum.Code, (await WorldHost.RefusedAsync(() => host.Client.PostAllocationsAsync(tooMuch).ResponseAsync)).Code.Code);

        var snapshot = (await host.Client.GetAllocationsAsync(new GetAllocationsRequest { WorldId = "a" }).ResponseAsync.Within()).Allocations["a"];
        Assert.Equal((0.6, "r1", 0.6, false), (snapshot.Allocation, snapshot.RunId, snapshot.StrategyAllocTotal["s"], snapshot.Stale));
        host.Clock.Advance(TimeSpan.FromSeconds(301));
        Assert.True((await host.Client.GetAllocationsAsync(new GetAllocationsRequest()).ResponseAsync.Within()).Allocations["b"].Stale);
    }

    [ConformanceFact]
    public async Task RacingWriters_LoseNothing()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "a");
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => host.Client.PutActivationAsync(new PutActivationRequest
        {
            WorldId = "w",
            StrategyId = "a",
            Side = "long",
            Active = i % 2 == 0,
        }).ResponseAsync)).Within(60);
        Assert.Equal(40, (await host.ActivationAsync("w", "a")).EntryVersion);
        Assert.Equal(40, (await host.EventsAsync("w", "activation")).Count);
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);
    }

    [ConformanceFact]
    public async Task Roles_AreNeededOnEveryPath()
    {
        await using var host = await StartAsync();
        var owner = new Grpc.Core.Metadata { { "x-caller-sub", "ann" }, { "x-world-roles", "w:owner" } };
        var reader = new Grpc.Core.Metadata { { "x-caller-sub", "bob" }, { "x-world-roles", "w:reader, v:owner" } };
        var stranger = new Grpc.Core.Metadata { { "x-caller-sub", "eve" }, { "x-world-roles", "" } };
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }, owner).ResponseAsync.Within();
        Assert.Equal("ann", (await host.Client.GetWorldAsync(new GetWorldRequest { WorldId = "w" }, reader).ResponseAsync.Within()).Owner);
        var put = new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true };
        Assert.Equal(ReasonCodes.PermissionDenied.Code, (await WorldHost.RefusedAsync(() => host.Client.PutActivationAsync(put, reader).ResponseAsync)).Code.Code);
        Assert.Equal(ReasonCodes.PermissionDenied.Code, (await WorldHost.RefusedAsync(() => host.Client.DecideAsync(new DecideRequest { WorldId = "w" }, stranger).ResponseAsync)).Code.Code);
        Assert.Empty((await host.Client.ListWorldsAsync(new ListWorldsRequest(), stranger).ResponseAsync.Within()).Worlds);
    }
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteWorldServiceTests : WorldServiceTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        WorldHost.StartAsync(settings.Append(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-ws-").FullName)).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresWorldServiceTests : WorldServiceTests
{
    private protected override async Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        await WorldHost.StartAsync(settings.Append(("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync())).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}
