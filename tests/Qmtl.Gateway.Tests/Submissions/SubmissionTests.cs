using System.Net;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Submissions;

/// <summary>How a submission comes in, over real sockets, the same on both stores.</summary>
public abstract class SubmissionTests : IAsyncLifetime
{
    private IReadOnlyDictionary<string, string?> _store = null!;
    private Peers _peers = null!;
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _store = await StoreAsync();
        _peers = await Peers.StartAsync();
        _gateway = await GatewayHost.StartAsync(_store, _peers.Address);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _peers.DisposeAsync();
    }

    /// <summary>Settings of an empty store.</summary>
    protected abstract Task<IReadOnlyDictionary<string, string?>> StoreAsync();

    [ConformanceFact]
    public async Task Submit_Valid_IsKeptLoggedBoundAndMapped()
    {
        var nodes = GatewayHost.Graph(10, 30);

        var answer = await _gateway.PostAsync("/strategies", GatewayHost.Submission(nodes, "w1", "w2"));

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        var id = answer.Text("strategy_id");
        Assert.StartsWith("sma-cross-", id, StringComparison.Ordinal);
        Assert.Equal($"{id}-sentinel", answer.Text("sentinel_id"));
        Assert.Equal(Crc32.OfNodeIds(nodes.Select(node => node.NodeId!)), answer.Json.GetProperty("node_ids_crc32").GetUInt32());
        Assert.Equal((6, 3), (answer.Json.GetProperty("queue_map").EnumerateObject().Count(), answer.Json.GetProperty("node_queues").EnumerateObject().Count()));
        Assert.Equal(["w1", "w2"], _peers.Worlds.Bound.Where(bound => bound.Strategy == id).Select(bound => bound.World).Order(StringComparer.Ordinal));
        Assert.Equal(["w1", "w2"], _peers.Graph.Diffs.Select(diff => diff.WorldId));
        // Three chunks for each world, of which the last needs no acknowledgement.
        Assert.Equal(4, _peers.Graph.Acks.Count);
        Assert.Equal(1, await _gateway.Database.ScalarAsync<int>("SELECT COUNT(*) FROM bus_log WHERE topic = 'gateway.ingest' AND message_key = @key", new { key = "ingest:" + id }));
        Assert.Equal(["submitted", "process:1", "complete:1"], await _gateway.Database.QueryAsync<string>("SELECT event_id FROM gw_strategy_events ORDER BY at, event_id DESC"));
        var status = await _gateway.GetAsync($"/strategies/{id}/status");
        Assert.Equal(("completed", "3"), (status.Text("status"), status.Text("node_count")));
    }

    [ConformanceFact]
    public async Task Submit_SameTwentyTimesAtOnce_IsAcceptedOnce()
    {
        var submission = GatewayHost.Submission(GatewayHost.Graph(10, 30));

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _gateway.PostAsync("/strategies", submission))).Within(60);

        var accepted = Assert.Single(answers, answer => answer.Status == HttpStatusCode.Accepted);
        Assert.All(answers.Where(answer => answer != accepted), answer =>
        {
            Assert.Equal((HttpStatusCode.Conflict, "E_DUPLICATE"), (answer.Status, answer.Code));
            Assert.Equal(accepted.Text("strategy_id"), answer.Text("strategy_id"));
        });
        Assert.Equal((1, 1), (await _gateway.CountAsync("gw_strategies"), await _gateway.IngestedAsync()));
    }

    [ConformanceFact]
    public async Task Submit_OtherWorldOrContext_IsNoDuplicate()
    {
        var nodes = GatewayHost.Graph(10);
        Assert.Equal(HttpStatusCode.Accepted, (await _gateway.PostAsync("/strategies", GatewayHost.Submission(nodes, "w1", "w2"))).Status);

        var sameWorlds = await _gateway.PostAsync("/strategies", GatewayHost.Submission(nodes, "w2", "w1", "w1"));
        var otherWorld = await _gateway.PostAsync("/strategies", GatewayHost.Submission(nodes, "w2"));
        var otherData = GatewayHost.Submission(nodes, "w1", "w2");
        otherData.Meta.Fields["as_of"] = Value.ForString("2026-02-01T00:00:00Z");

        // Neither the order of worlds nor naming one twice makes a new submission; the first world's context does.
        Assert.Equal(HttpStatusCode.Conflict, sameWorlds.Status);
        Assert.Equal(HttpStatusCode.Accepted, otherWorld.Status);
        Assert.Equal(HttpStatusCode.Accepted, (await _gateway.PostAsync("/strategies", otherData)).Status);
    }

    [ConformanceFact]
    public async Task Submit_AfterTheWindow_IsTakenAgain()
    {
        await using var gateway = await GatewayHost.StartAsync(_store, _peers.Address, ("Gateway:Submissions:DedupeFor", "00:00:00.200"));
        var submission = GatewayHost.Submission(GatewayHost.Graph(10));
        Assert.Equal(HttpStatusCode.Accepted, (await gateway.PostAsync("/strategies", submission)).Status);

        await Task.Delay(300);

        Assert.Equal(HttpStatusCode.Accepted, (await gateway.PostAsync("/strategies", submission)).Status);
    }

    [ConformanceFact]
    public async Task Submit_DagManagerTooSlow_AcknowledgesWithoutQueuesAndFinishesLater()
    {
        _peers.Graph.Delay = TimeSpan.FromMilliseconds(700);
        await using var gateway = await GatewayHost.StartAsync(_store, _peers.Address, ("Gateway:Submissions:DiffBudget", "00:00:00.100"));

        var answer = await gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)));

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.False(answer.Json.TryGetProperty("queue_map", out var map) && map.EnumerateObject().Any());
        var status = await gateway.UntilAsync(answer.Text("strategy_id"), "completed");
        Assert.Equal(2, status.Json.GetProperty("node_queues").EnumerateObject().Count());
    }

    [ConformanceFact]
    public async Task Submit_DiffFails_IsTriedUntilItDoesNot()
    {
        _peers.Graph.DiffFailure = new RefusalException(ReasonCodes.GraphUnavailable, "The graph's store did not answer.");

        var answer = await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)));
        var id = answer.Text("strategy_id");
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        await TimeLimits.EventuallyAsync(() => _peers.Graph.Diffs.Count >= 3);
        Assert.Contains((await _gateway.GetAsync($"/strategies/{id}/status")).Text("status"), new[] { "failed", "processing" });
        _peers.Graph.DiffFailure = null;

        await _gateway.UntilAsync(id, "completed");
        Assert.Equal(1, await _gateway.CountAsync("gw_strategies"));
        var events = await _gateway.Database.QueryAsync<string>("SELECT event_id FROM gw_strategy_events WHERE strategy_id = @id ORDER BY at, event_id", new { id });
        Assert.Equal(["submitted", "process:1", "fail:1", "retry:2", "fail:2", "retry:3"], [.. events.Where(each => each != "submitted").Take(5).Prepend("submitted")]);
    }

    [ConformanceFact]
    public async Task Submit_DagManagerAway_IsQueuedAndFlushedWhenItIsBack()
    {
        _peers.Graph.Failure = new RefusalException(ReasonCodes.GraphUnavailable, "Away.");
        await TimeLimits.EventuallyAsync(async () => (await _gateway.GetAsync("/status")).Text("degrade_level") == "PARTIAL");

        var ids = new List<string>();
        for (var period = 1; period <= 20; period++)
        {
            var answer = await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(period)));
            Assert.Equal(HttpStatusCode.Accepted, answer.Status);
            ids.Add(answer.Text("strategy_id"));
        }

        Assert.Equal("queued", (await _gateway.GetAsync($"/strategies/{ids[0]}/status")).Text("status"));
        Assert.Empty(_peers.Graph.Diffs);
        _peers.Graph.Failure = null;
        foreach (var id in ids) await _gateway.UntilAsync(id, "completed");
        Assert.Equal(ids.Order(StringComparer.Ordinal), _peers.Graph.Diffs.Select(diff => diff.StrategyId).Order(StringComparer.Ordinal));
    }

    [ConformanceFact]
    public async Task Submit_ByAKnownCaller_IsBoundInHisName_AlsoWhenDoneLater()
    {
        _peers.Graph.Failure = new RefusalException(ReasonCodes.GraphUnavailable, "The graph's store did not answer.");
        var id = (await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)), _gateway.As("ann", "w1:operator"))).Text("strategy_id");
        _peers.Graph.Failure = null;
        await _gateway.UntilAsync(id, "completed");

        // The call is long over, and whoever found the work in the store did it.
        Assert.NotEmpty(_peers.Worlds.Binders);

        Assert.All(_peers.Worlds.Binders, binder => Assert.Equal(("w1", "ann", "w1:operator"), binder));
        Assert.Equal(id, Assert.Single(_peers.Worlds.Bound.Select(bound => bound.Strategy).Distinct(StringComparer.Ordinal)));
    }

    [ConformanceFact]
    public async Task Submit_FromThisMachine_IsBoundAsLocal()
    {
        await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)));

        Assert.Equal(("w1", "local", "*:owner"), Assert.Single(_peers.Worlds.Binders));
    }

    [ConformanceFact]
    public async Task Submit_RefusedByDagManager_FailsForGoodAndMayBeSentAgain()
    {
        _peers.Graph.DiffFailure = new RefusalException(ReasonCodes.CrossContext, "Caches were hit across contexts.");
        var submission = GatewayHost.Submission(GatewayHost.Graph(10));

        var id = (await _gateway.PostAsync("/strategies", submission)).Text("strategy_id");
        var failed = await _gateway.UntilAsync(id, "failed");
        await Task.Delay(400);

        Assert.Equal("E_CROSS_CONTEXT", failed.Text("reason"));
        Assert.Single(_peers.Graph.Diffs);
        _peers.Graph.DiffFailure = null;
        Assert.Equal(HttpStatusCode.Accepted, (await _gateway.PostAsync("/strategies", submission)).Status);
    }

    [ConformanceFact]
    public async Task Worker_GatewayDiedMidway_AnotherFinishesItOnce()
    {
        _peers.Graph.Delay = TimeSpan.FromSeconds(30);
        var dying = await GatewayHost.StartAsync(_store, _peers.Address, ("Gateway:Submissions:DiffBudget", "00:00:00.100"), ("Gateway:Submissions:SweepEvery", "01:00:00"));
        var id = (await dying.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)))).Text("strategy_id");
        // What a crash leaves behind: work in progress, held by nobody that lives.
        await _gateway.Database.WriteAsync(unit => unit.ExecuteAsync("UPDATE gw_strategies SET owner = 'dead', held_until = @until", new { until = unit.Now }));
        _peers.Graph.Delay = TimeSpan.Zero;

        await _gateway.UntilAsync(id, "completed");

        await dying.DisposeAsync();
        Assert.Equal("completed", (await _gateway.GetAsync($"/strategies/{id}/status")).Text("status"));
        Assert.Equal(1, await _gateway.Database.ScalarAsync<int>("SELECT COUNT(*) FROM gw_strategy_events WHERE to_status = 'completed'"));
    }

    [ConformanceFact]
    public async Task Worker_HostStops_LetsGoOfItsWorkAtOnce()
    {
        _peers.Graph.Delay = TimeSpan.FromSeconds(30);
        var stopping = await GatewayHost.StartAsync(_store, _peers.Address, ("Gateway:Submissions:DiffBudget", "00:00:00.100"), ("Gateway:Submissions:HoldFor", "00:05:00"));
        var id = (await stopping.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)))).Text("strategy_id");
        await TimeLimits.EventuallyAsync(() => !_peers.Graph.Diffs.IsEmpty);
        _peers.Graph.Delay = TimeSpan.Zero;

        await stopping.StopAsync().Within();
        await stopping.DisposeAsync();

        await _gateway.UntilAsync(id, "completed");
    }

    [ConformanceFact]
    public async Task Submit_StoreDoesNotTakeIt_SaysSoAndLeavesNothingBehind()
    {
        await _gateway.Database.WriteAsync(unit => unit.ExecuteAsync("ALTER TABLE gw_strategy_events RENAME TO gw_strategy_events_gone"));

        var answer = await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "E_COMMITLOG", "1"), (answer.Status, answer.Code, answer.Header("Retry-After")));
        Assert.Equal(0, await _gateway.KeptAsync());
        Assert.Empty(_peers.Graph.Diffs);
        await _gateway.Database.WriteAsync(unit => unit.ExecuteAsync("ALTER TABLE gw_strategy_events_gone RENAME TO gw_strategy_events"));
        Assert.Equal(HttpStatusCode.Accepted, (await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)))).Status);
    }

    [ConformanceFact]
    public async Task Submit_BadInput_IsRefusedWithItsCodeOverHttpAndGrpcAndKeepsNothing()
    {
        foreach (var (code, submission) in BadSubmissions())
        {
            var http = await _gateway.PostAsync("/strategies", submission);
            var grpc = await Assert.ThrowsAsync<RefusalException>(() => _gateway.Client.SubmitStrategyAsync(submission).ResponseAsync.Within());
            var dryRun = await _gateway.PostAsync("/strategies/dry-run", submission);

            Assert.Equal((code, code, code), (http.Code, grpc.Code.Code, dryRun.Code));
            Assert.Equal((int)http.Status, grpc.Code.HttpStatus);
            Assert.Equal("application/problem+json", http.Response.Content.Headers.ContentType?.MediaType);
            Assert.DoesNotContain("   at ", http.Json.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(0, await _gateway.KeptAsync());
        Assert.Empty(_peers.Graph.Diffs);
        Assert.Empty(_peers.Worlds.Bound);
    }

    [ConformanceFact]
    public async Task Submit_WrongIdentities_SaysWhatIsExpected()
    {
        var nodes = GatewayHost.Graph(10);
        var wrong = GatewayHost.Submission([nodes[0], nodes[1] with { Period = 11 }]);
        var crc = GatewayHost.Submission(nodes);
        crc.NodeIdsCrc32 = 7;

        var mismatch = await _gateway.PostAsync("/strategies", wrong);
        var checksum = await _gateway.PostAsync("/strategies", crc);

        Assert.Equal("/nodes/1/node_id", mismatch.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
        Assert.Equal(NodeId.Compute(nodes[1] with { Period = 11 }), mismatch.Text("expected"));
        Assert.Equal($"{Crc32.OfNodeIds(nodes.Select(node => node.NodeId!))}", checksum.Text("expected"));
    }

    [ConformanceFact]
    public async Task DryRun_Valid_AnswersLikeASubmissionAndKeepsNothing()
    {
        var answer = await _gateway.PostAsync("/strategies/dry-run", GatewayHost.Submission(GatewayHost.Graph(10)));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(2, answer.Json.GetProperty("node_queues").EnumerateObject().Count());
        Assert.True(Assert.Single(_peers.Graph.Diffs).DryRun);
        Assert.Equal(0, await _gateway.KeptAsync());
        Assert.Empty(_peers.Worlds.Bound);
    }

    [ConformanceFact]
    public async Task DryRun_DagManagerAway_StillSaysThatTheSubmissionIsInOrder()
    {
        _peers.Graph.Failure = new RefusalException(ReasonCodes.GraphUnavailable, "Away.");

        var answer = await _gateway.PostAsync("/strategies/dry-run", GatewayHost.Submission(GatewayHost.Graph(10)));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.StartsWith("dryrun:", answer.Text("sentinel_id"), StringComparison.Ordinal);
    }

    [ConformanceFact]
    public async Task List_ByWorldAndStatus_PagesNewestFirst()
    {
        var ids = new List<string>();
        for (var period = 1; period <= 5; period++)
            ids.Add((await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(period), period % 2 == 0 ? "w2" : "w1"))).Text("strategy_id"));

        var first = await _gateway.GetAsync("/strategies?world=w1&status=completed&limit=2");
        var second = await _gateway.GetAsync($"/strategies?world=w1&limit=2&page_token={first.Text("next_page_token")}");
        var bad = await _gateway.GetAsync("/strategies?limit=501&status=lost&page_token=x");

        static string[] Ids(Answer answer) => [.. answer.Json.GetProperty("strategies").EnumerateArray().Select(each => each.GetProperty("strategy_id").GetString()!)];
        Assert.Equal([ids[4], ids[2]], Ids(first));
        Assert.Equal([ids[0]], Ids(second));
        Assert.Equal(["/limit", "/status", "/page_token"], bad.Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()));
        Assert.Equal("E_STRATEGY_UNKNOWN", (await _gateway.GetAsync("/strategies/none/status")).Code);
    }

    [ConformanceFact]
    public async Task History_WithoutAWorld_GoesToEveryWorldOfTheStrategy()
    {
        var id = (await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10), "w1", "w2"))).Text("strategy_id");

        var answer = await _gateway.PostAsync($"/strategies/{id}/history", new HistoryReport { NodeId = "price", Interval = 60 });

        Assert.Equal(HttpStatusCode.NoContent, answer.Status);
        Assert.Equal(["w1", "w2"], _peers.Worlds.Bound.Where(bound => bound.Strategy == "history:" + id).Select(bound => bound.World));
    }

    private static IEnumerable<(string Code, StrategySubmit Submission)> BadSubmissions()
    {
        var nodes = GatewayHost.Graph(10);
        StrategySubmit With(Action<StrategySubmit> change)
        {
            var submission = GatewayHost.Submission(nodes);
            change(submission);
            return submission;
        }

        StrategySubmit Raw(string dag) => With(submission => submission.DagJson = ByteString.CopyFromUtf8(dag));
        yield return ("E_INVALID_JSON", Raw("{"));
        yield return ("E_SCHEMA_INVALID", Raw("""{"schema_version":"v9","nodes":[]}"""));
        yield return ("E_SCHEMA_INVALID", Raw("""{"schema_version":"v1","nodes":[]}"""));
        yield return ("E_SCHEMA_INVALID", Raw("""{"schema_version":"v1","nodes":[{"node_type":"Sma","period":-3}]}"""));
        yield return ("E_NODE_ID_FIELDS", GatewayHost.Submission([nodes[0] with { CodeHash = null }]));
        yield return ("E_SCHEMA_COMPAT_MISMATCH", Raw($$"""{"schema_version":"v1","nodes":[{"node_type":"A","interval":60,"code_hash":"c","config_hash":"c","schema_hash":"s","schema_compat_id":"x","schema_id":"y","node_id":"blake3:0"}]}"""));
        yield return ("E_CYCLE", GatewayHost.Submission([nodes[0] with { Dependencies = [nodes[1].NodeId!] }, nodes[1]]));
        yield return ("E_CHECKSUM_MISMATCH", With(submission => submission.NodeIdsCrc32 = 7));
        yield return ("E_NODE_ID_MISMATCH", GatewayHost.Submission([nodes[0], nodes[1] with { Period = 11 }]));
        yield return ("E_UNKNOWN_DEPENDENCY", GatewayHost.Submission([nodes[1]]));
        yield return ("E_WORLD_IDS_REQUIRED", With(submission => submission.WorldIds.Clear()));
#pragma warning disable CS0612 // The deprecated field must be refused.
        yield return ("E_WORLD_ID_DEPRECATED", With(submission => submission.WorldId = "w1"));
#pragma warning restore CS0612
        yield return ("E_WORLD_UNKNOWN", GatewayHost.Submission(nodes, "w1", "nowhere"));
        yield return ("E_INVALID_ARGUMENT", With(submission => submission.Meta.Fields["as_of"] = Value.ForString("yesterday")));
        yield return ("E_INVALID_ARGUMENT", With(submission => submission.Meta.Fields["partition"] = Value.ForString("a\u001fb")));
        yield return ("E_TOO_LARGE", With(submission => submission.Meta.Fields["note"] = Value.ForString(new string('x', 70_000))));
    }
}

/// <summary>Over SQLite.</summary>
public sealed class SqliteSubmissionTests : SubmissionTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => Task.FromResult<IReadOnlyDictionary<string, string?>>(GatewayHost.Sqlite());
}

/// <summary>Over Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresSubmissionTests : SubmissionTests
{
    protected override async Task<IReadOnlyDictionary<string, string?>> StoreAsync() =>
        new Dictionary<string, string?> { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync() };
}
