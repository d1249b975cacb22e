using FsCheck;
using FsCheck.Fluent;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.DagManager.Tests.Service;

/// <summary>Diffs that meet: whatever overlaps, the graph ends with one queue for each node and context, and everybody was told the same one.</summary>
public abstract class ConcurrencyTests : IAsyncLifetime
{
    private const int Parallel = 64;
    private DagHost _host = null!;

    public async Task InitializeAsync() => _host = await DagHost.StartAsync(await StoreAsync());

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    protected abstract Task<IReadOnlyDictionary<string, string?>> StoreAsync();

    [ConformanceFact]
    public async Task Diff_SixtyFourRandomOverlapsAtOnce_GiveOneTopicForEachNodeAndContext()
    {
        var random = new Random(5);
        for (var round = 0; round < 3; round++)
        {
            var requests = Enumerable.Range(0, Parallel).Select(i => RandomRequest(random, $"r{round}-{i}")).ToArray();

            var answers = await Task.WhenAll(requests.Select(_host.DiffAsync)).Within(90);

            Check(requests, [.. answers.Select(chunks => chunks.SelectMany(chunk => chunk.NodeQueues).ToDictionary())]);
        }

        await CheckStoreAsync();
    }

    [ConformanceFact]
    public async Task Diff_SixtyFourTimesTheSameAtOnce_IsWrittenOnce()
    {
        var nodes = Graphs.Chain([.. Enumerable.Range(1, 40)]);

        var answers = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(i => _host.DiffAsync(Graphs.Request($"s{i}", nodes)))).Within(90);

        Assert.Single(answers.Select(chunks => string.Join('\n', chunks.SelectMany(chunk => chunk.NodeQueues).Select(mapping => $"{mapping.Key} {mapping.Value}").Order())).Distinct());
        Assert.Equal((41, 1, Parallel), (await CountAsync("dm_queues"), await CountAsync("dm_roots"), await CountAsync("dm_sentinel_roots")));
        await CheckStoreAsync();
    }

    /// <summary>The same against a model, one after the other: reuse is exactly what was there before.</summary>
    [ConformanceFact]
    public void Diff_AnySequence_AddsExactlyWhatTheModelLacks()
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var bound = new Dictionary<(string World, string Domain, string NodeId), string>();
        var number = 0;
        Prop.ForAll(Gen.Choose(1, 1_000_000).ToArbitrary(), seed =>
        {
            var request = RandomRequest(new Random(seed), $"m{number++}");
            var chunks = _host.DiffAsync(request).GetAwaiter().GetResult();
            var nodes = NodeDocument.Read(request.DagJson.Memory).Select(node => node.NodeId!).Distinct().ToArray();
            Assert.Equal(nodes.Where(known.Add).Order(), chunks.SelectMany(chunk => chunk.NewNodes).Order());
            foreach (var (nodeId, topic) in chunks.SelectMany(chunk => chunk.NodeQueues))
            {
                var key = (request.WorldId, request.ExecutionDomain, nodeId);
                Assert.Equal(bound.GetValueOrDefault(key, topic), topic);
                bound[key] = topic;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));
        Assert.Equal(bound.Count, bound.Values.Distinct(StringComparer.Ordinal).Count());
    }

    private static DiffRequest RandomRequest(Random random, string strategy)
    {
        var instrument = $"i{random.Next(3)}";
        var price = Graphs.Price(instrument);
        int[] periods = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(1, 30)).Distinct()];
        return Graphs.Request(strategy, [price, .. periods.Select(period => Graphs.Sma(price, period))], $"w{random.Next(2)}", random.Next(2) == 0 ? "backtest" : "live");
    }

    private static void Check(DiffRequest[] requests, Dictionary<string, string>[] answers)
    {
        var topics = new Dictionary<(string, string, string), string>();
        foreach (var (request, answer) in requests.Zip(answers))
        {
            Assert.Equal(NodeDocument.Read(request.DagJson.Memory).Select(node => node.NodeId!).Distinct().Order(), answer.Keys.Order());
            foreach (var (nodeId, topic) in answer)
            {
                var key = (request.WorldId, request.ExecutionDomain, nodeId);
                Assert.Equal(topics.GetValueOrDefault(key, topic), topic);
                topics[key] = topic;
            }
        }

        Assert.Equal(topics.Count, topics.Values.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    private async Task CheckStoreAsync()
    {
        var queues = await CountAsync("dm_queues");
        Assert.Equal(queues, await _host.Database.ScalarAsync<int>("SELECT COUNT(DISTINCT LOWER(topic)) FROM dm_queues"));
        Assert.Equal(queues, (await _host.Client.StatusAsync(new Google.Protobuf.WellKnownTypes.Empty()).ResponseAsync.Within()).Queues);
        // Revisions have no gaps, and no more than one for each diff that changed something.
        Assert.Equal(await _host.Database.ScalarAsync<long>("SELECT revision FROM dm_graph"), await CountAsync("dm_changes"));
    }

    private async Task<int> CountAsync(string table) => await _host.Database.ScalarAsync<int>($"SELECT COUNT(*) FROM {table}");
}

/// <summary>Over SQLite.</summary>
public sealed class SqliteConcurrencyTests : ConcurrencyTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => Task.FromResult(DagHost.SqliteStore());
}

/// <summary>Over Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresConcurrencyTests : ConcurrencyTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => DagHost.PostgresStoreAsync();
}
