using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.DagManager.Tests.Service;

/// <summary>DagManager over real sockets, the same on both stores.</summary>
public abstract class DagManagerTests : IAsyncLifetime
{
    private DagHost _host = null!;

    public async Task InitializeAsync() => _host = await DagHost.StartAsync(await StoreAsync());

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    /// <summary>Settings of an empty store.</summary>
    protected abstract Task<IReadOnlyDictionary<string, string?>> StoreAsync();

    [ConformanceFact]
    public async Task Diff_NewGraph_MapsEveryNodeAndKeepsTheGraph()
    {
        var nodes = Graphs.Chain(10, 30);

        var chunk = Assert.Single(await _host.DiffAsync(Graphs.Request("s1", nodes)));

        Assert.Equal(nodes.Select(node => node.NodeId!).Order(), chunk.NodeQueues.Keys.Order());
        Assert.Equal(3, chunk.QueueMap.Count);
        Assert.Equal(("s1-sentinel", "v1", true, 3), (chunk.SentinelId, chunk.Version, chunk.Last, chunk.NewNodes.Count));
        Assert.Equal(Crc32.OfNodeIds(nodes.Select(node => node.NodeId!)), chunk.Crc32);
        Assert.Equal((3, 3, 2), (await CountAsync("dm_nodes"), await CountAsync("dm_queues"), await CountAsync("dm_edges")));
        Assert.Equal((1, 1), (await CountAsync("dm_roots"), await CountAsync("dm_sentinel_roots")));
    }

    [ConformanceFact]
    public async Task Diff_AcrossAnyNumberOfStrategies_SharesWhatTheyHaveInCommon()
    {
        var first = Assert.Single(await _host.DiffAsync(Graphs.Request("s1", Graphs.Chain(10, 20))));
        var second = Assert.Single(await _host.DiffAsync(Graphs.Request("s2", Graphs.Chain(20, 30))));

        Assert.Single(second.NewNodes);
        Assert.Equal(2, first.NodeQueues.Values.Intersect(second.NodeQueues.Values).Count());
        Assert.Equal(4, await CountAsync("dm_queues"));
    }

    [ConformanceFact]
    public async Task Diff_TwentyOverlappingSubmissionsAtOnce_GiveOneQueueForEachNode()
    {
        var graphs = Enumerable.Range(0, 20).Select(i => Graphs.Chain([.. Enumerable.Range(i / 2, 8)])).ToArray();

        var answers = await Task.WhenAll(graphs.Select((nodes, i) => _host.DiffAsync(Graphs.Request($"s{i}", nodes)))).Within(60);

        var distinct = graphs.SelectMany(nodes => nodes).Select(node => node.NodeId!).Distinct().Count();
        var mapped = answers.SelectMany(chunks => chunks).SelectMany(chunk => chunk.NodeQueues).ToHashSet();
        Assert.Equal(distinct, mapped.Count);
        Assert.Equal(distinct, mapped.Select(mapping => mapping.Value).Distinct().Count());
        Assert.Equal(distinct, await CountAsync("dm_queues"));
        Assert.Equal(20, await CountAsync("dm_sentinels"));
    }

    [ConformanceFact]
    public async Task DiffMany_OverlappingGraphsAndBadOnes_AnswersEachLikeDiff()
    {
        var known = Assert.Single(await _host.DiffAsync(Graphs.Request("s0", Graphs.Chain(10, 20))));
        var dryRun = Graphs.Request("s3", Graphs.Chain(10));
        dryRun.DryRun = true;
        var broken = Graphs.Request("s4", Graphs.Chain(10));
        broken.DagJson = ByteString.CopyFromUtf8("{");
        var request = new DiffManyRequest { Diffs = { Graphs.Request("s1", Graphs.Chain(20, 30)), Graphs.Request("s2", Graphs.Chain(30, 40)), dryRun, broken } };

        var items = new List<DiffManyItem>();
        using var call = _host.Client.DiffMany(request);
        while (await call.ResponseStream.MoveNext(default).Within()) items.Add(call.ResponseStream.Current);

        DiffChunk Of(int index) => Assert.Single(items, item => item.Index == index).Chunk;
        Assert.Equal(("s1-sentinel", "s2-sentinel", true), (Of(0).SentinelId, Of(1).SentinelId, Of(0).Last));
        Assert.Equal(2, known.NodeQueues.Values.Intersect(Of(0).NodeQueues.Values).Count());
        Assert.Equal(2, Of(0).NodeQueues.Values.Intersect(Of(1).NodeQueues.Values).Count());
        Assert.Equal(["E_INVALID_ARGUMENT", "E_INVALID_JSON"], items.Where(item => item.Index > 1).OrderBy(item => item.Index).Select(item => item.RefusalCode));
        Assert.Equal((5, 3), (await CountAsync("dm_queues"), await CountAsync("dm_sentinels")));
    }

    [ConformanceFact]
    public async Task Diff_DryRun_AnswersTheSameAndWritesNothing()
    {
        var request = Graphs.Request("s1", Graphs.Chain(10));
        request.DryRun = true;

        var planned = Assert.Single(await _host.DiffAsync(request));

        Assert.Equal(0, await CountAsync("dm_nodes") + await CountAsync("dm_queues") + await CountAsync("dm_sentinels"));
        request.DryRun = false;
        Assert.Equal(planned.NodeQueues, Assert.Single(await _host.DiffAsync(request)).NodeQueues);
    }

    [ConformanceFact]
    public async Task Diff_LargeGraph_StreamsChunksAndResumesBehindTheLastAcknowledged()
    {
        var request = Graphs.Request("s1", Graphs.Chain([.. Enumerable.Range(1, 449)]));
        string diffId;
        using (var call = _host.Client.Diff(request))
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
            diffId = call.ResponseStream.Current.DiffId;
            await _host.Client.AckChunkAsync(new ChunkAck { DiffId = diffId, ChunkId = 1 }).ResponseAsync.Within();
        }

        // A stream that ended whole is forgotten; the few chunks here may have been sent already, and then all come again.
        request.ResumeDiffId = diffId;
        var rest = await _host.DiffAsync(request);

        Assert.Contains(rest[0].ChunkId, new[] { 0, 2 });
        Assert.Equal(Enumerable.Range(rest[0].ChunkId, 5 - rest[0].ChunkId), rest.Select(chunk => chunk.ChunkId));
        Assert.True(rest[^1].Last);
    }

    [ConformanceFact]
    public async Task Diff_MoreChunksThanTheWindow_WaitsForAcknowledgements()
    {
        using var call = _host.Client.Diff(Graphs.Request("s1", Graphs.Chain([.. Enumerable.Range(1, 1_149)])));
        for (var chunk = 0; chunk < 10; chunk++) Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());

        var diffId = call.ResponseStream.Current.DiffId;
        var next = call.ResponseStream.MoveNext(CancellationToken.None);
        await Task.Delay(200);
        Assert.False(next.IsCompleted);
        await _host.Client.AckChunkAsync(new ChunkAck { DiffId = diffId, ChunkId = 9 }).ResponseAsync.Within();

        Assert.True(await next.Within());
        Assert.Equal(10, call.ResponseStream.Current.ChunkId);
    }

    [ConformanceFact]
    public async Task Diff_CompatibleSchemaChange_AsksToBuffer()
    {
        var price = Graphs.Price();
        await _host.DiffAsync(Graphs.Request("s1", [price, Graphs.Sma(price, 10, "s1")]));

        var changed = Graphs.Request("s2", [price, Graphs.Sma(price, 10, "s2")]);
        var first = Assert.Single(await _host.DiffAsync(changed));
        var again = Assert.Single(await _host.DiffAsync(changed));

        var buffer = Assert.Single(first.BufferNodes);
        Assert.Equal(("Sma", "s2", 10, 10), (buffer.NodeType, buffer.SchemaHash, buffer.Period, buffer.Lag));
        Assert.Equal(first.BufferNodes, again.BufferNodes);
        Assert.Equal(2, await CountAsync("dm_queues"));
    }

    [ConformanceFact]
    public async Task GetQueues_ByTags_SeesItsOwnWorldOnly()
    {
        await _host.DiffAsync(Graphs.Request("s1", Graphs.Chain(10), world: "w1"));
        await _host.DiffAsync(Graphs.Request("s2", Graphs.Chain(20), world: "w2"));
        await _host.DiffAsync(Graphs.Request("s3", Graphs.Chain(30), world: "w1", domain: "live"));

        async Task<string[]> FindAsync(string match, string world, params string[] tags) =>
            [.. (await _host.Client.GetQueuesAsync(new GetQueuesRequest { Tags = { tags }, Interval = 60, MatchMode = match, WorldId = world }).ResponseAsync.Within()).Queues.Select(queue => queue.Queue)];

        Assert.StartsWith("w1.backtest.indicator_sma_", Assert.Single(await FindAsync("all", "w1", "sma", "indicator")), StringComparison.Ordinal);
        Assert.Equal(2, (await FindAsync("any", "w1", "sma", "btc")).Length);
        Assert.Empty(await FindAsync("all", "w1", "sma", "btc"));
        Assert.Single(await FindAsync("any", "w2", "sma"));
        Assert.Equal(3, (await FindAsync("any", "", "sma")).Length);
        Assert.Empty((await _host.Client.GetQueuesAsync(new GetQueuesRequest { Tags = { "sma" }, Interval = 61 }).ResponseAsync.Within()).Queues);
    }

    [ConformanceFact]
    public async Task GetQueues_BadFields_AreAllNamed()
    {
        var refusal = await Assert.ThrowsAsync<RefusalException>(() =>
            _host.Client.GetQueuesAsync(new GetQueuesRequest { Tags = { " , " }, MatchMode = "some", ExecutionDomain = "moon" }).ResponseAsync.Within());

        Assert.Equal(ReasonCodes.InvalidArgument, refusal.Code);
        Assert.Equal(["/tags", "/interval", "/match_mode", "/execution_domain"], refusal.Errors.Select(error => error.Pointer));
    }

    [ConformanceFact]
    public async Task Diff_NewQueues_PublishOneEventForEachTagQueryWithAGrowingRevision()
    {
        await _host.DiffAsync(Graphs.Request("s1", Graphs.Chain(10, 20)));
        await _host.DiffAsync(Graphs.Request("s1", Graphs.Chain(10, 20)));
        await _host.PublishedAsync();
        await _host.DiffAsync(Graphs.Request("s2", Graphs.Chain(30)));

        await _host.PublishedAsync();
        var events = (await _host.Database.QueryAsync<byte[]>("SELECT payload FROM bus_log WHERE topic = 'queue' ORDER BY log_offset"))
            .Select(payload => JsonDocument.Parse(payload).RootElement.GetProperty("data")).Where(data => data.GetProperty("tags").GetArrayLength() == 2).ToArray();

        Assert.Equal([1, 2], events.Select(data => data.GetProperty("entity_version").GetInt32()));
        Assert.Equal([2, 3], events.Select(data => data.GetProperty("queues").GetArrayLength()));
        Assert.Equal(2, events.Select(data => data.GetProperty("idempotency_key").GetString()).Distinct().Count());
        Assert.Equal(2, await _host.Database.ScalarAsync<int>("SELECT COUNT(*) FROM bus_log WHERE topic = 'sentinel_weight'"));
    }

    [ConformanceFact]
    public async Task Diff_BadGraphs_AreRefusedWithTheirCodeAndWriteNothing()
    {
        var price = Graphs.Price();
        var sma = Graphs.Sma(price, 10);
        var cases = new (string Code, DiffRequest Request)[]
        {
            ("E_CYCLE", Graphs.Request("s", [price with { Dependencies = [sma.NodeId!] }, sma])),
            ("E_UNKNOWN_DEPENDENCY", Graphs.Request("s", [sma])),
            ("E_NODE_ID_MISMATCH", Graphs.Request("s", [price, sma with { Period = 11 }])),
            ("E_NODE_ID_FIELDS", Graphs.Request("s", [price with { CodeHash = null }])),
            ("E_INVALID_JSON", new DiffRequest { StrategyId = "s", DagJson = ByteString.CopyFromUtf8("{") }),
            ("E_SCHEMA_INVALID", new DiffRequest { StrategyId = "s", DagJson = ByteString.CopyFromUtf8("{\"schema_version\":\"v9\",\"nodes\":[]}") }),
            ("E_INVALID_ARGUMENT", Graphs.Request("", [price])),
            ("E_INVALID_ARGUMENT", Graphs.Request("s", [price], domain: "moon")),
        };
        foreach (var (code, request) in cases)
        {
            var refusal = await Assert.ThrowsAsync<RefusalException>(() => _host.DiffAsync(request));
            Assert.Equal(code, refusal.Code.Code);
            Assert.True(refusal.Code == ReasonCodes.InvalidJson || refusal.Errors.Count > 0, code);
        }

        Assert.Equal(0, await CountAsync("dm_nodes") + await CountAsync("dm_queues") + await CountAsync("dm_sentinels") + await CountAsync("bus_log"));
    }

    [ConformanceFact]
    public async Task Cleanup_NotServedYet_SaysSo()
    {
        var refusal = await Assert.ThrowsAsync<RefusalException>(() => _host.Client.CleanupAsync(new CleanupRequest { StrategyId = "s" }).ResponseAsync.Within());

        Assert.Equal(ReasonCodes.NotImplemented, refusal.Code);
    }

    [ConformanceFact]
    public async Task Status_OverHttp_CountsTheGraph()
    {
        await _host.DiffAsync(Graphs.Request("s1", Graphs.Chain(10)));

        using var response = await _host.Http.GetAsync(new Uri("/status", UriKind.Relative)).Within();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var status = JsonDocument.Parse(await response.Content.ReadAsStringAsync().Within()).RootElement;
        Assert.Equal(("ok", 2, 2), (status.GetProperty("status").GetString(), status.GetProperty("compute_nodes").GetInt32(), status.GetProperty("queues").GetInt32()));
    }

    [ConformanceFact]
    public async Task Metrics_AfterDiffs_HaveTheirNames()
    {
        await _host.DiffAsync(Graphs.Request("s1", Graphs.Chain(10)));
        await _host.DiffAsync(Graphs.Request("s2", Graphs.Chain(10)));

        var metrics = await _host.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)).Within();

        foreach (var name in new[] { "diff_duration_ms_p95", "diff_requests_total", "compute_nodes_total", "queues_total", "sentinel_gap_count" })
            Assert.Contains(metrics.Split('\n'), line => line.StartsWith(name, StringComparison.Ordinal));
    }

    private async Task<int> CountAsync(string table) => await _host.Database.ScalarAsync<int>($"SELECT COUNT(*) FROM {table}");
}

/// <summary>Over SQLite.</summary>
public sealed class SqliteDagManagerTests : DagManagerTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => Task.FromResult(DagHost.SqliteStore());
}

/// <summary>Over Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresDagManagerTests : DagManagerTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => DagHost.PostgresStoreAsync();
}
