using System.Text;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>Shares, their history and rebalancing over gRPC, whatever database they stand on.</summary>
public abstract class CapitalTests
{
    private const string Policy = "thresholds: {s: {metric: sharpe, min: 1}}\n";

    private protected abstract Task<WorldHost> StartAsync(params (string Key, string Value)[] settings);

    [ConformanceFact]
    public async Task Allocations_Positions_ThePlanLeadsFromTheSharesThatStood()
    {
        await using var host = await TwoWorldsAsync();
        var request = Set("r2", ("a", 0.3));
        request.Positions.Add(new Position { WorldId = "a", StrategyId = "s", Symbol = "X", Qty = 6, Mark = 100 });
        var answer = await PostAsync(host, request);
        Assert.Equal(0.5, answer.Plan.PerWorld["a"].ScaleWorld, 12);
        var delta = Assert.Single(answer.Plan.PerWorld["a"].Deltas);
        Assert.Equal(("X", -3.0, "a", "s"), (delta.Symbol, delta.DeltaQty, delta.WorldId, delta.StrategyId));
        // b keeps its 0.3 though it was not named.
        Assert.Equal(0.4, answer.Unallocated, 9);
        Assert.Equal(answer, await PostAsync(host, request));
    }

    [ConformanceFact]
    public async Task Allocations_WhatContradicts_IsRefusedAndChangesNothing()
    {
        await using var host = await TwoWorldsAsync();
        var before = await StateAsync(host, refusals: true);
        var overWorld = Set("r2", ("a", 0.5));
        overWorld.StrategyAllocAfterTotal["a"] = Strategies(("s", 0.3), ("t", 0.3));
        await RefusedAsync(host, overWorld, ReasonCodes.AllocationSum);
        await RefusedAsync(host, Set("r2", ("a", 0.8)), ReasonCodes.AllocationSum);
        await RefusedAsync(host, Set("r2", ("a", 0.5), ("nowhere", 0.1)), ReasonCodes.WorldUnknown);
        var execute = Set("r2", ("a", 0.5));
        execute.Execute = true;
        await RefusedAsync(host, execute, ReasonCodes.ExecutorMissing);
        var stranger = Set("r2", ("a", 0.5));
        stranger.Positions.Add(new Position { WorldId = "b", StrategyId = "s", Symbol = "X", Qty = 1, Mark = 1 });
        await RefusedAsync(host, stranger, ReasonCodes.InvalidArgument);
        var unhedged = Set("r2", ("a", 0.3));
        unhedged.Mode = "overlay";
        unhedged.Positions.Add(new Position { WorldId = "a", StrategyId = "s", Symbol = "X", Qty = 1, Mark = 1 });
        await RefusedAsync(host, unhedged, ReasonCodes.InvalidArgument);
        Assert.Equal(before, await StateAsync(host, refusals: true));
    }

    [ConformanceFact]
    public async Task Rollback_RunsOneAfterTheOther_LeadBackToTheStart()
    {
        await using var host = await TwoWorldsAsync();
        var second = Set("r2", ("a", 0.2), ("b", 0.7));
        second.StrategyAllocAfterTotal["a"] = Strategies(("t", 0.2));
        var set = await PostAsync(host, second);

        var wrong = new RollbackAllocationRequest { TargetRunId = "r2", RunId = "undo", Etag = "other" };
        Assert.Equal(ReasonCodes.EtagConflict.Code, (await WorldHost.RefusedAsync(() => host.Client.RollbackAllocationAsync(wrong).ResponseAsync)).Code.Code);
        var older = new RollbackAllocationRequest { TargetRunId = "r1", RunId = "undo" };
        var refused = await WorldHost.RefusedAsync(() => host.Client.RollbackAllocationAsync(older).ResponseAsync);
        Assert.Contains("run 'r2' set them", refused.Message, StringComparison.Ordinal);

        var undo = new RollbackAllocationRequest { TargetRunId = "r2", RunId = "undo", Etag = set.Etag };
        var undone = await host.Client.RollbackAllocationAsync(undo).ResponseAsync.Within();
        Assert.Equal([("a", 0.6, "undo"), ("b", 0.3, "undo")], undone.Allocations.Select(row => (row.WorldId, row.Allocation, row.RunId)));
        Assert.Equal(0.6, undone.Allocations[0].StrategyAllocTotal["s"]);
        Assert.Equal(0.1, undone.Unallocated, 9);
        Assert.Equal(undone, await host.Client.RollbackAllocationAsync(undo).ResponseAsync.Within());

        // Now the first run is what stands, and before it there was nothing.
        var start = await host.Client.RollbackAllocationAsync(new RollbackAllocationRequest { TargetRunId = "r1", RunId = "undo1" }).ResponseAsync.Within();
        Assert.Empty(start.Allocations);
        Assert.Equal(1, start.Unallocated);
        Assert.Empty((await host.Client.GetAllocationsAsync(new GetAllocationsRequest()).ResponseAsync.Within()).Allocations);
        var gone = await WorldHost.RefusedAsync(() => host.Client.RollbackAllocationAsync(new RollbackAllocationRequest { TargetRunId = "r2", RunId = "undo2" }).ResponseAsync);
        Assert.Equal(ReasonCodes.EtagConflict.Code, gone.Code.Code);

        // Taking the taking back back is a redo.
        var redo = await host.Client.RollbackAllocationAsync(new RollbackAllocationRequest { TargetRunId = "undo1", RunId = "redo" }).ResponseAsync.Within();
        Assert.Equal([0.6, 0.3], redo.Allocations.Select(row => row.Allocation));
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("a").Within()).Intact);
        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "a" }).ResponseAsync.Within();
        Assert.Equal(["allocation_rolled_back", "allocation_rolled_back", "allocation_rolled_back", "allocation_set", "allocation_set"], audit.Entries.Select(entry => entry.Event).Where(name => name.StartsWith("allocation_", StringComparison.Ordinal)));
    }

    [ConformanceFact]
    public async Task Rollback_OthersHaveTakenTheCapitalMeanwhile_IsRefused()
    {
        await using var host = await TwoWorldsAsync();
        await PostAsync(host, Set("r2", ("a", 0.1)));
        await PostAsync(host, Set("r3", ("b", 0.8)));
        var refused = await WorldHost.RefusedAsync(() => host.Client.RollbackAllocationAsync(new RollbackAllocationRequest { TargetRunId = "r2", RunId = "undo" }).ResponseAsync);
        Assert.Equal(ReasonCodes.AllocationSum.Code, refused.Code.Code);
        Assert.Equal(0.1, (await host.Client.GetAllocationsAsync(new GetAllocationsRequest { WorldId = "a" }).ResponseAsync.Within()).Allocations["a"].Allocation);
    }

    [ConformanceFact]
    public async Task Runs_AreListedNewestFirstWithWhatTheyChanged()
    {
        await using var host = await TwoWorldsAsync();
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        await PostAsync(host, Set("r2", ("b", 0.4)));
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        await host.Client.RollbackAllocationAsync(new RollbackAllocationRequest { TargetRunId = "r2", RunId = "undo" }).ResponseAsync.Within();
        var first = await host.Client.ListAllocationRunsAsync(new ListAllocationRunsRequest { Limit = 2 }).ResponseAsync.Within();
        Assert.Equal([("undo", "rollback", "r2"), ("r2", "set", "")], first.Runs.Select(run => (run.RunId, run.Kind, run.TargetRunId)));
        var change = Assert.Single(first.Runs[1].Changes);
        Assert.Equal(("b", 0.3, 0.4), (change.WorldId, change.Before, change.After));
        var rest = await host.Client.ListAllocationRunsAsync(new ListAllocationRunsRequest { Limit = 2, PageToken = first.NextPageToken }).ResponseAsync.Within();
        Assert.Equal(["r1"], rest.Runs.Select(run => run.RunId));
        Assert.Null(rest.Runs[0].Changes[0].Before);
        Assert.Equal(["r1"], (await host.Client.ListAllocationRunsAsync(new ListAllocationRunsRequest { WorldId = "a" }).ResponseAsync.Within()).Runs.Select(run => run.RunId));
    }

    [ConformanceFact]
    public async Task PlanRebalance_AnyMode_WritesNothing()
    {
        await using var host = await TwoWorldsAsync();
        await host.EvaluateAsync("a", "s", "eval", ("sharpe", 1.5), ("max_dd", 0.1), ("win_ratio", 0.6));
        var before = await StateAsync(host);
        foreach (var mode in new[] { "", "scaling", "overlay", "hybrid" })
        {
            var request = Plan();
            request.Mode = mode;
            request.Overlay = new OverlayConfig { InstrumentByWorld = { ["a"] = "FUT" }, PriceBySymbol = { ["FUT"] = 50 } };
            var plan = await host.Client.PlanRebalanceAsync(request).ResponseAsync.Within();
            Assert.Equal((2, 0.5), (plan.SchemaVersion, plan.PerWorld["a"].ScaleWorld));
            Assert.Equal(mode is "overlay" ? "FUT" : "X", (mode is "overlay" ? plan.OverlayDeltas : plan.GlobalDeltas)[0].Symbol);
            var metrics = plan.AlphaMetrics.PerStrategy["s"].Fields["a"].StructValue.Fields;
            Assert.Equal((1.5, 0.1, 0.6), (metrics["alpha_performance.sharpe"].NumberValue, metrics["alpha_performance.max_drawdown"].NumberValue, metrics["alpha_performance.win_ratio"].NumberValue));
            Assert.False(metrics.ContainsKey("alpha_performance.car_mdd"));
            Assert.Equal(1.5, plan.AlphaMetrics.PerWorld["a"].Fields["alpha_performance.sharpe"].NumberValue);
            Assert.Equal("trim", plan.RebalanceIntent.Fields["why"].StringValue);
        }

        Assert.Equal(before, await StateAsync(host));
    }

    [ConformanceFact]
    public async Task PlanRebalance_Schemas_AreNegotiated()
    {
        await using (var host = await TwoWorldsAsync())
        {
            var old = Plan();
            old.SchemaVersion = 1;
            var plan = await host.Client.PlanRebalanceAsync(old).ResponseAsync.Within();
            Assert.Equal((1, null, null), (plan.SchemaVersion, plan.AlphaMetrics, plan.RebalanceIntent));
            old.SchemaVersion = 3;
            Assert.Equal(ReasonCodes.SchemaInvalid.Code, (await WorldHost.RefusedAsync(() => host.Client.PlanRebalanceAsync(old).ResponseAsync)).Code.Code);
            old.SchemaVersion = 2;
            old.Mode = "magic";
            Assert.Equal(ReasonCodes.RebalanceModeUnsupported.Code, (await WorldHost.RefusedAsync(() => host.Client.PlanRebalanceAsync(old).ResponseAsync)).Code.Code);
        }

        await using var strict = await TwoWorldsAsync(("WorldService:AlphaMetricsRequired", "true"));
        var refused = Plan();
        refused.SchemaVersion = 1;
        Assert.Equal((ReasonCodes.SchemaInvalid.Code, 400), Status(await WorldHost.RefusedAsync(() => strict.Client.PlanRebalanceAsync(refused).ResponseAsync)));
        refused.SchemaVersion = 0;
        Assert.Equal(2, (await strict.Client.PlanRebalanceAsync(refused).ResponseAsync.Within()).SchemaVersion);
    }

    [ConformanceFact]
    public async Task ApplyRebalance_IsRecordedOnceAndAnnouncedToEveryWorld()
    {
        await using var host = await TwoWorldsAsync();
        var request = new ApplyRebalanceRequest { RunId = "reb", Request = Plan() };
        request.Request.WorldAllocBefore["b"] = request.Request.WorldAllocAfter["b"] = 0.3;
        var applied = await host.Client.ApplyRebalanceAsync(request).ResponseAsync.Within();
        Assert.Matches("^sha256:[0-9a-f]{64}$", applied.PlanDigest);
        foreach (var world in new[] { "a", "b" })
        {
            Assert.Equal(["rebalancing_planned"], await host.EventsAsync(world, "rebalancing"));
            Assert.Equal("rebalancing_planned", (await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = world }).ResponseAsync.Within()).Entries[0].Event);
        }

        var payload = Encoding.UTF8.GetString((await host.Database.ScalarAsync<byte[]>("SELECT payload FROM bus_log WHERE message_type = 'rebalancing_planned' AND message_key = 'a'"))!);
        Assert.Contains($"rebalancing_planned:a:{applied.PlanDigest["sha256:".Length..]}:1", payload, StringComparison.Ordinal);

        var state = await StateAsync(host, refusals: true);
        Assert.Equal(applied, await host.Client.ApplyRebalanceAsync(request).ResponseAsync.Within());
        var other = request.Clone();
        other.Request.WorldAllocAfter["a"] = 0.2;
        Assert.Equal(ReasonCodes.EtagConflict.Code, (await WorldHost.RefusedAsync(() => host.Client.ApplyRebalanceAsync(other).ResponseAsync)).Code.Code);
        Assert.Equal(state, await StateAsync(host, refusals: true));
    }

    [ConformanceFact]
    public async Task Roles_OfEveryWorldInvolved_AreNeeded()
    {
        await using var host = await StartAsync();
        var owner = new Grpc.Core.Metadata { { "x-caller-sub", "ann" }, { "x-world-roles", "owner" } };
        foreach (var id in new[] { "a", "b" }) await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = id }, owner).ResponseAsync.Within();
        await host.Client.PostAllocationsAsync(Set("r1", ("a", 0.6), ("b", 0.3)), owner).ResponseAsync.Within();
        var partly = new Grpc.Core.Metadata { { "x-caller-sub", "bob" }, { "x-world-roles", "a:operator" } };
        await DeniedAsync(() => host.Client.PostAllocationsAsync(Set("r2", ("a", 0.1), ("b", 0.1)), partly).ResponseAsync);
        await DeniedAsync(() => host.Client.RollbackAllocationAsync(new RollbackAllocationRequest { TargetRunId = "r1", RunId = "undo" }, partly).ResponseAsync);
        var both = Plan();
        both.WorldAllocBefore["b"] = both.WorldAllocAfter["b"] = 0.3;
        await DeniedAsync(() => host.Client.PlanRebalanceAsync(both, partly).ResponseAsync);
        await DeniedAsync(() => host.Client.ApplyRebalanceAsync(new ApplyRebalanceRequest { RunId = "x", Request = both }, partly).ResponseAsync);
        await DeniedAsync(() => host.Client.ProposeAllocationAsync(new ProposeAllocationRequest { WorldId = "b", Method = "equal" }, partly).ResponseAsync);
        await DeniedAsync(() => host.Client.ListAllocationRunsAsync(new ListAllocationRunsRequest { WorldId = "b" }, partly).ResponseAsync);
        var runs = await host.Client.ListAllocationRunsAsync(new ListAllocationRunsRequest(), partly).ResponseAsync.Within();
        Assert.Equal(["a"], runs.Runs.Single().Changes.Select(change => change.WorldId));
        Assert.Equal(["a"], (await host.Client.GetAllocationsAsync(new GetAllocationsRequest(), partly).ResponseAsync.Within()).Allocations.Keys);
    }

    [ConformanceFact]
    public async Task Propose_SeriesOfTheRequest_GivesSharesThatCanBePosted()
    {
        await using var host = await TwoWorldsAsync();
        var before = await StateAsync(host);
        var request = new ProposeAllocationRequest { WorldId = "a", Method = "risk_parity", Strategies = { "t", "s" }, PeriodsPerYear = 252 };
        var random = new Random(3);
        foreach (var (id, scale) in new[] { ("s", 0.01), ("t", 0.03) })
        {
            request.Series[id] = new ReturnSeries();
            request.Series[id].Returns.Add(Enumerable.Range(0, 250).Select(_ => scale * (random.NextDouble() - 0.48)));
        }

        var proposal = await host.Client.ProposeAllocationAsync(request).ResponseAsync.Within();
        Assert.Equal(0.5, proposal.RiskContributions["s"], 10);
        Assert.True(proposal.Weights["s"] > 2 * proposal.Weights["t"]);
        Assert.Equal((0.6 * proposal.Weights["s"], "series", 250), (proposal.StrategyAllocTotal["s"], proposal.Source, proposal.Diagnostics.Observations));
        Assert.Equal(proposal.Volatility!.Value * Math.Sqrt(252), proposal.VolatilityAnnual!.Value, 12);
        Assert.Equal(before, await StateAsync(host));

        var post = Set("r2", ("a", 0.6));
        post.StrategyAllocAfterTotal["a"] = Strategies([.. proposal.StrategyAllocTotal.Select(share => (share.Key, share.Value))]);
        Assert.Equal(proposal.StrategyAllocTotal, (await PostAsync(host, post)).Allocations[0].StrategyAllocTotal);
    }

    [ConformanceFact]
    public async Task Propose_NothingToGoBy_IsRefused()
    {
        await using var host = await TwoWorldsAsync();
        var request = new ProposeAllocationRequest { WorldId = "b", Method = "risk_parity" };
        Assert.Equal((ReasonCodes.AllocationData.Code, 422), Status(await WorldHost.RefusedAsync(() => host.Client.ProposeAllocationAsync(request).ResponseAsync)));
        request.Strategies.Add(["x", "y"]);
        var refused = await WorldHost.RefusedAsync(() => host.Client.ProposeAllocationAsync(request).ResponseAsync);
        Assert.Contains("risk snapshot", refused.Message, StringComparison.Ordinal);
        request.Method = "equal";
        Assert.Equal(0.5, (await host.Client.ProposeAllocationAsync(request).ResponseAsync.Within()).Weights["x"]);
    }

    [ConformanceFact]
    public async Task Propose_RiskSnapshot_IsUsedWhileItIsFresh()
    {
        await using var host = await TwoWorldsAsync();
        var snapshot = new RiskSnapshot { WorldId = "a", AsOf = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()), Version = "v1", Weights = { ["s"] = 0.5, ["t"] = 0.5 } };
        snapshot.Covariance.Add(new Dictionary<string, double>(StringComparer.Ordinal) { ["s,s"] = 0.0001, ["s,t"] = 0, ["t,t"] = 0.0009 });
        var headers = new Grpc.Core.Metadata { { "x-actor", "risk-desk" }, { "x-stage", "paper" } };
        await host.Client.PublishRiskSnapshotAsync(new PublishSnapshotRequest { WorldId = "a", Snapshot = snapshot }, headers).ResponseAsync.Within();
        var request = new ProposeAllocationRequest { WorldId = "a", Method = "inverse_volatility", Strategies = { "s", "t" } };
        var proposal = await host.Client.ProposeAllocationAsync(request).ResponseAsync.Within();
        Assert.Equal(("risk_snapshot", "v1"), (proposal.Source, proposal.Diagnostics.SnapshotVersion));
        Assert.Equal(0.75, proposal.Weights["s"], 12);
        request.Strategies.Add("u");
        Assert.Contains("s,u", (await WorldHost.RefusedAsync(() => host.Client.ProposeAllocationAsync(request).ResponseAsync)).Message, StringComparison.Ordinal);
        request.Strategies.Remove("u");
        host.Clock.Advance(TimeSpan.FromSeconds(901));
        Assert.Equal(ReasonCodes.AllocationData.Code, (await WorldHost.RefusedAsync(() => host.Client.ProposeAllocationAsync(request).ResponseAsync)).Code.Code);
    }

    private async Task<WorldHost> TwoWorldsAsync(params (string Key, string Value)[] settings)
    {
        var host = await StartAsync(settings);
        foreach (var id in new[] { "a", "b" }) await host.WorldAsync(id, Policy, "s");
        var request = Set("r1", ("a", 0.6), ("b", 0.3));
        request.StrategyAllocAfterTotal["a"] = Strategies(("s", 0.6));
        await PostAsync(host, request);
        return host;
    }

    private static MultiWorldRebalanceRequest Plan() => new()
    {
        TotalEquity = 1_000,
        WorldAllocBefore = { ["a"] = 0.6 },
        WorldAllocAfter = { ["a"] = 0.3 },
        Positions = { new Position { WorldId = "a", StrategyId = "s", Symbol = "X", Qty = 6, Mark = 100 } },
        RebalanceIntent = new Struct { Fields = { ["why"] = Value.ForString("trim") } },
    };

    private static PostAllocationsRequest Set(string run, params (string World, double Share)[] shares)
    {
        var request = new PostAllocationsRequest { RunId = run, TotalEquity = 1_000 };
        foreach (var (world, share) in shares) request.WorldAllocations[world] = share;
        return request;
    }

    private static Struct Strategies(params (string Strategy, double Share)[] shares)
    {
        var read = new Struct();
        foreach (var (strategy, share) in shares) read.Fields[strategy] = Value.ForNumber(share);
        return read;
    }

    private static Task<PostAllocationsResponse> PostAsync(WorldHost host, PostAllocationsRequest request) => host.Client.PostAllocationsAsync(request).ResponseAsync.Within();

    private static async Task RefusedAsync(WorldHost host, PostAllocationsRequest request, ReasonCode code) =>
        Assert.Equal(code.Code, (await WorldHost.RefusedAsync(() => host.Client.PostAllocationsAsync(request).ResponseAsync)).Code.Code);

    private static async Task DeniedAsync(Func<Task> call) => Assert.Equal(ReasonCodes.PermissionDenied.Code, (await WorldHost.RefusedAsync(call)).Code.Code);

    private static (string Code, int Status) Status(RefusalException refusal) => (refusal.Code.Code, refusal.Code.HttpStatus);

    /// <summary>Everything stored, so that nothing can change unseen.</summary>
    private static async Task<string> StateAsync(WorldHost host, bool refusals = false)
    {
        var tables = host.Database.Dialect.IsPostgres
            ? await host.Database.QueryAsync<string>("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND (table_name LIKE 'ws_%' OR table_name = 'bus_log' OR table_name LIKE 'audit_%') ORDER BY 1")
            : await host.Database.QueryAsync<string>("SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'ws_%' OR name = 'bus_log' OR name LIKE 'audit_%') ORDER BY 1");
        Assert.Contains("ws_allocation_runs", tables);
        Assert.Contains("bus_log", tables);
        var state = new StringBuilder();
        foreach (var table in tables)
        {
            // A refusal leaves its trace there, and nowhere else.
            if (refusals && table.StartsWith("audit_", StringComparison.Ordinal)) continue;
            var rows = (await host.Database.QueryAsync<object>($"SELECT * FROM {table}")).Cast<IDictionary<string, object?>>()
                .Select(row => string.Join('|', row.Select(column => $"{column.Key}={(column.Value is byte[] bytes ? Convert.ToHexString(bytes) : column.Value)}"))).Order(StringComparer.Ordinal);
            state.Append(table).Append('\n').AppendJoin('\n', rows).Append('\n');
        }

        return ContentHash.Sha256Hex(state.ToString());
    }
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteCapitalTests : CapitalTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        WorldHost.StartAsync(settings.Append(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-ws-").FullName)).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresCapitalTests : CapitalTests
{
    private protected override async Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        await WorldHost.StartAsync(settings.Append(("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync())).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}
