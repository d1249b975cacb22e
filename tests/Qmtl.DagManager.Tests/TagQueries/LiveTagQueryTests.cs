using System.Text.Json;
using Qmtl.DagManager.Graph;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.DagManager.Tests.TagQueries;

/// <summary>Tag queries while the graph moves: on one store shared by two DagManagers, and while the store is away.</summary>
public sealed class LiveTagQueryTests
{
    [Fact]
    public async Task GetQueues_AnswerChanged_TellsTheQueryThatWasAskedWithAGrowingRevision()
    {
        await using var host = await Service.DagHost.StartAsync(Service.DagHost.SqliteStore());
        await AskAsync(host, "any", "sma", "momentum");
        await AskAsync(host, "all", "sma", "indicator");

        await host.DiffAsync(Graphs.Request("s1", Graphs.Chain(10)));
        await host.PublishedAsync();
        await host.DiffAsync(Graphs.Request("s2", Graphs.Chain(20)));
        await host.PublishedAsync();

        var updates = await UpdatesAsync(host, "any");
        Assert.All(updates, update => Assert.Equal("momentum,sma", update.Tags));
        Assert.Equal([1, 2], updates.Select(update => update.Queues));
        Assert.Equal([1, 2], updates.Select(update => update.Revision));
        Assert.Equal([1, 2], (await UpdatesAsync(host, "all")).Where(update => update.Tags is "indicator,sma").Select(update => update.Queues));
    }

    [Fact]
    public async Task GetQueues_TagsAddedByAnotherStrategy_FindTheSharedQueue()
    {
        await using var host = await Service.DagHost.StartAsync(Service.DagHost.SqliteStore());
        var price = Graphs.Price();
        await host.DiffAsync(Graphs.Request("s1", [price]));
        Assert.Empty((await AskAsync(host, "all", "btc", "spot")).Queues);

        await host.DiffAsync(Graphs.Request("s2", [price with { Tags = ["btc", "spot"] }]));

        Assert.Single((await AskAsync(host, "all", "btc", "spot")).Queues);
        await host.PublishedAsync();
        Assert.Contains(await UpdatesAsync(host, "all"), update => update is { Tags: "btc,spot", Queues: 1 });
    }

    [RequiresFact(Needs.Postgres)]
    public async Task GetQueues_ChangedByAnotherProcess_IsSeenWithinTheBoundAndAtOnceWhenItsRevisionIsNamed()
    {
        var store = await Service.DagHost.PostgresStoreAsync();
        await using var one = await Service.DagHost.StartAsync(store);
        await using var other = await Service.DagHost.StartAsync(store);
        await AskAsync(other, "any", "sma");

        for (var period = 10; period < 20; period++)
        {
            var chunks = await one.DiffAsync(Graphs.Request($"s{period}", Graphs.Chain(period)));
            var named = await other.Client.GetQueuesAsync(new GetQueuesRequest { Tags = { "sma" }, Interval = 60, WorldId = Graphs.World, MinRevision = chunks[0].Revision }).ResponseAsync.Within();
            Assert.Equal(period - 9, named.Queues.Count);
        }

        var own = await AskAsync(one, "any", "sma");
        await one.DiffAsync(Graphs.Request("last", Graphs.Chain(99)));
        await TimeLimits.EventuallyAsync(async () => (await AskAsync(other, "any", "sma")).Queues.Count == own.Queues.Count + 1);
        Assert.True(GraphFollower.Interval < GraphIndex.StalenessBound);
    }

    [RequiresFact(Needs.Postgres)]
    public async Task QueueUpdates_TwoProcesses_TellEachChangeOnce()
    {
        var store = await Service.DagHost.PostgresStoreAsync();
        await using var one = await Service.DagHost.StartAsync(store);
        await using var other = await Service.DagHost.StartAsync(store);

        for (var period = 1; period <= 8; period++)
        {
            await (period % 2 == 0 ? one : other).DiffAsync(Graphs.Request($"s{period}", Graphs.Chain(period)));
            await one.PublishedAsync();
        }

        var updates = (await UpdatesAsync(one, "all")).Where(update => update.Tags is "indicator,sma").ToArray();
        Assert.Equal(Enumerable.Range(1, 8), updates.Select(update => update.Revision));
        Assert.Equal(Enumerable.Range(1, 8), updates.Select(update => update.Queues));
    }

    [RequiresFact(Needs.Postgres)]
    public async Task StoreGone_KnownBindingsAreServedStale_AndNothingIsAccepted()
    {
        var server = await PostgresServer.StartAsync();
        await using var host = await Service.DagHost.StartAsync(new Dictionary<string, string?> { ["ConnectionStrings:qmtl"] = await server.CreateDatabaseAsync() });
        var nodes = Graphs.Chain(10);
        await host.DiffAsync(Graphs.Request("s1", nodes));
        Assert.False((await AskAsync(host, "any", "sma")).Stale);

        await server.DisposeAsync();

        await TimeLimits.EventuallyAsync(async () => (await AskAsync(host, "any", "sma")).Stale);
        Assert.Single((await AskAsync(host, "any", "sma")).Queues);
        var preview = Graphs.Request("s1", nodes);
        preview.DryRun = true;
        var planned = Assert.Single(await host.DiffAsync(preview));
        Assert.Equal((true, 2, 0), (planned.Stale, planned.NodeQueues.Count, planned.NewNodes.Count));
        var refusal = await Assert.ThrowsAsync<RefusalException>(() => host.DiffAsync(Graphs.Request("s1", nodes)));
        Assert.Equal(ReasonCodes.GraphUnavailable, refusal.Code);
    }

    private static async Task<GetQueuesResponse> AskAsync(Service.DagHost host, string match, params string[] tags) =>
        await host.Client.GetQueuesAsync(new GetQueuesRequest { Tags = { tags }, Interval = 60, MatchMode = match, WorldId = Graphs.World }).ResponseAsync.Within(30);

    private static async Task<IReadOnlyList<(string Tags, int Queues, int Revision)>> UpdatesAsync(Service.DagHost host, string match) =>
    [
        .. (await host.Database.QueryAsync<byte[]>("SELECT payload FROM bus_log WHERE topic = 'queue' ORDER BY ts, partition, log_offset"))
            .Select(payload => JsonDocument.Parse(payload).RootElement.GetProperty("data"))
            .Where(data => data.GetProperty("match_mode").GetString() == match)
            .Select(data => (string.Join(',', data.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString())), data.GetProperty("queues").GetArrayLength(), data.GetProperty("entity_version").GetInt32()))
            .OrderBy(update => update.Item3),
    ];
}
