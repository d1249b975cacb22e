using System.Net;
using Qmtl.Gateway.Submissions;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;

namespace Qmtl.Gateway.Tests.Submissions;

/// <summary>Many submissions, several gateways, and what they leave each other.</summary>
public abstract class IngestTests : IAsyncLifetime
{
    private readonly List<GatewayHost> _gateways = [];
    private Peers _peers = null!;
    private IReadOnlyDictionary<string, string?> _store = null!;

    public async Task InitializeAsync()
    {
        _peers = await Peers.StartAsync();
        _store = await StoreAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (var gateway in _gateways) await gateway.DisposeAsync();
        await _peers.DisposeAsync();
    }

    /// <summary>Settings of an empty store.</summary>
    protected abstract Task<IReadOnlyDictionary<string, string?>> StoreAsync();

    [ConformanceFact]
    public async Task Submit_ManyAtOnce_ShareTransactionsAndEachIsThereOnce()
    {
        var gateway = await StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(1, 64).Select(period => gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(period, period + 1, period + 2), period % 2 == 0 ? "w1" : "w2"))));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Accepted, answer.Status));
        var ids = answers.Select(answer => answer.Text("strategy_id")).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(64, ids.Count);
        foreach (var id in ids) await gateway.UntilAsync(id, "completed");
        Assert.Equal((64, 64), (await gateway.CountAsync("gw_strategies"), await gateway.IngestedAsync()));
        Assert.Equal(ids, _peers.Worlds.Bound.Select(bound => bound.Strategy).ToHashSet(StringComparer.Ordinal));
        Assert.Equal(64, _peers.Graph.Diffs.Count);
        // What shares a transaction has its time.
        Assert.InRange(await gateway.Database.ScalarAsync<int>("SELECT COUNT(DISTINCT submitted_at) FROM gw_strategies"), 1, 63);
    }

    [ConformanceFact]
    public async Task Submit_SameAmongManyAtOnce_IsAcceptedOnceByAllGateways()
    {
        GatewayHost[] gateways = [await StartAsync(), await StartAsync()];
        var same = GatewayHost.Submission(GatewayHost.Graph(10));

        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(number => gateways[number % 2].PostAsync("/strategies", same)));

        var accepted = Assert.Single(answers, answer => answer.Status == HttpStatusCode.Accepted);
        Assert.All(answers.Where(answer => answer != accepted), answer => Assert.Equal(("E_DUPLICATE", accepted.Text("strategy_id")), (answer.Code, answer.Text("strategy_id"))));
        Assert.Equal((1, 1), (await gateways[0].CountAsync("gw_strategies"), await gateways[0].IngestedAsync()));
    }

    [ConformanceFact]
    public async Task Queue_TwoGateways_NothingIsDoneTwice()
    {
        GatewayHost[] gateways = [await StartAsync(("Gateway:Submissions:BatchSize", "4")), await StartAsync(("Gateway:Submissions:BatchSize", "4"))];
        _peers.Graph.Failure = new RefusalException(ReasonCodes.GraphUnavailable, "Away.");
        foreach (var gateway in gateways) await TimeLimits.EventuallyAsync(async () => (await gateway.GetAsync("/status")).Text("degrade_level") == "PARTIAL");
        var ids = new List<string>();
        for (var period = 1; period <= 40; period++) ids.Add((await gateways[0].PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(period)))).Text("strategy_id"));
        _peers.Graph.Delay = TimeSpan.FromMilliseconds(30);
        _peers.Graph.Failure = null;

        foreach (var id in ids) await gateways[0].UntilAsync(id, "completed");

        Assert.Equal(ids.Order(StringComparer.Ordinal), _peers.Graph.Diffs.Select(diff => diff.StrategyId).Order(StringComparer.Ordinal));
    }

    [ConformanceFact]
    public async Task Queue_OneOfABatchIsRefused_TheOthersAreDone()
    {
        var gateway = await StartAsync();
        _peers.Graph.Failure = new RefusalException(ReasonCodes.GraphUnavailable, "Away.");
        await TimeLimits.EventuallyAsync(async () => (await gateway.GetAsync("/status")).Text("degrade_level") == "PARTIAL");
        var good = new List<string>();
        for (var period = 1; period <= 10; period++) good.Add((await gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(period), "w1", "w2"))).Text("strategy_id"));
        var bad = (await gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(1, 2, 3, 4)))).Text("strategy_id");
        _peers.Graph.Refused.Add(5);
        _peers.Graph.Failure = null;

        foreach (var id in good) Assert.Equal(2, (await gateway.UntilAsync(id, "completed")).Json.GetProperty("node_queues").EnumerateObject().Count());
        var refused = await gateway.UntilAsync(bad, "failed");

        Assert.Equal("E_CROSS_CONTEXT", refused.Text("reason"));
        Assert.Contains(_peers.Graph.Batches, size => size > 2);
    }

    [ConformanceFact]
    public async Task Work_LongerThanItsHold_IsNotTakenOverWhileItsGatewayLives()
    {
        _peers.Graph.Delay = TimeSpan.FromSeconds(7);
        var working = await StartAsync(("Gateway:Submissions:HoldFor", "00:00:03"), ("Gateway:Submissions:DiffBudget", "00:00:00.050"));
        await StartAsync(("Gateway:Submissions:HoldFor", "00:00:03"));

        var id = (await working.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)))).Text("strategy_id");
        await working.UntilAsync(id, "completed");

        Assert.Single(_peers.Graph.Diffs);
        Assert.Equal(1, await working.Database.ScalarAsync<int>("SELECT attempts FROM gw_strategies"));
    }

    [ConformanceFact]
    public async Task Claims_LostByOneAndTakenByAnother_AreEndedByTheOtherOnly()
    {
        var gateway = await StartAsync(("Gateway:Submissions:SweepEvery", "01:00:00"));
        _peers.Graph.Failure = new RefusalException(ReasonCodes.GraphUnavailable, "Away.");
        await TimeLimits.EventuallyAsync(async () => (await gateway.GetAsync("/status")).Text("degrade_level") == "PARTIAL");
        var id = (await gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)))).Text("strategy_id");
        var (lost, taken) = (new SubmissionHold("a", TimeSpan.FromMilliseconds(1)), new SubmissionHold("b", TimeSpan.FromHours(1)));
        var outcome = new Dictionary<string, SubmissionOutcome>(StringComparer.Ordinal) { [id] = SubmissionOutcome.None with { SentinelId = "s" } };
        var database = gateway.Database;

        var first = Assert.Single(await database.WriteAsync(unit => SubmissionClaims.ClaimAsync(unit, lost, 10)));
        await Task.Delay(20);
        var second = Assert.Single(await database.WriteAsync(unit => SubmissionClaims.ClaimAsync(unit, taken, 10)));
        Assert.Empty(await database.WriteAsync(unit => SubmissionClaims.ClaimAsync(unit, lost, 10)));
        Assert.Equal(0, await database.WriteAsync(unit => SubmissionClaims.RenewAsync(unit, lost, [id])));
        await database.WriteAsync(unit => SubmissionClaims.FailAsync(unit, lost.Owner, [new FailedAttempt(id, "E_TIMEOUT", null)]));
        await database.WriteAsync(unit => SubmissionClaims.CompleteAsync(unit, taken.Owner, outcome));
        await database.WriteAsync(unit => SubmissionClaims.CompleteAsync(unit, lost.Owner, outcome));

        Assert.Equal(("", "a"), (first.FormerOwner, second.FormerOwner));
        Assert.Equal((1, 2), (first.Work.Attempt, second.Work.Attempt));
        Assert.Equal("completed", (await gateway.GetAsync($"/strategies/{id}/status")).Text("status"));
        var events = await database.QueryAsync<string>("SELECT event_id FROM gw_strategy_events ORDER BY event_id");
        Assert.Equal(["complete:2", "process:1", "process:2", "submitted"], events);
    }

    [ConformanceFact]
    public async Task CommitLog_StoreLostItsRows_PutsThemThereAgain()
    {
        var before = await StartAsync();
        var id = (await before.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10, 30), "w1", "w2"))).Text("strategy_id");
        var known = await before.UntilAsync(id, "completed");
        await before.StopAsync();
        await before.Database.WriteAsync(async unit =>
        {
            foreach (var table in new[] { "gw_outcomes", "gw_strategy_events", "gw_strategy_worlds", "gw_dedupe", "gw_strategies", "bus_group_partition" }) await unit.ExecuteAsync($"DELETE FROM {table}");
        });

        var after = await StartAsync();

        await TimeLimits.EventuallyAsync(async () => await after.CountAsync("gw_strategies") == 1);
        var rebuilt = await after.UntilAsync(id, "completed");
        Assert.Equal(known.Text("node_queues"), rebuilt.Text("node_queues"));
        Assert.Equal(known.Text("world_ids"), rebuilt.Text("world_ids"));
        Assert.Equal(HttpStatusCode.Conflict, (await after.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10, 30), "w1", "w2"))).Status);
    }

    private async Task<GatewayHost> StartAsync(params (string Key, string Value)[] settings)
    {
        var gateway = await GatewayHost.StartAsync(_store, _peers.Address, settings);
        _gateways.Add(gateway);
        return gateway;
    }
}

/// <summary>Over SQLite.</summary>
public sealed class SqliteIngestTests : IngestTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => Task.FromResult<IReadOnlyDictionary<string, string?>>(GatewayHost.Sqlite());
}

/// <summary>Over Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresIngestTests : IngestTests
{
    protected override async Task<IReadOnlyDictionary<string, string?>> StoreAsync() =>
        new Dictionary<string, string?> { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync() };
}
