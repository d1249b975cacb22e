using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.DagManager.Graph;
using Qmtl.Storage;
using Qmtl.Storage.Migrations;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.DagManager.Tests.Service;

/// <summary>The graph is lost, or older than the program.</summary>
public abstract class RebuildTests
{
    protected abstract Task<IReadOnlyDictionary<string, string?>> StoreAsync();

    /// <summary>The playbook for a lost graph: diff every submission again, then verify snapshots that were frozen before.</summary>
    [ConformanceFact]
    public async Task GraphLost_SubmissionsDiffedAgain_GiveTheSameGraphWhateverTheirOrder()
    {
        await using var host = await DagHost.StartAsync(await StoreAsync());
        DiffRequest[] submissions = [.. Enumerable.Range(1, 6).Select(i => Graphs.Request($"s{i}", Graphs.Chain([.. Enumerable.Range(i, 5)]), i % 2 == 0 ? "w1" : "w2"))];
        foreach (var submission in submissions) await host.DiffAsync(submission);
        var frozen = new List<DagSnapshot>();
        foreach (var submission in submissions) frozen.Add(await host.Client.FreezeSnapshotAsync(new FreezeSnapshotRequest { StrategyId = submission.StrategyId }).ResponseAsync.Within());

        await host.Database.WriteAsync(async unit =>
        {
            foreach (var table in new[] { "dm_sentinel_roots", "dm_roots", "dm_queues", "dm_edges", "dm_nodes", "dm_contexts", "dm_sentinels", "dm_changes" }) await unit.ExecuteAsync($"DELETE FROM {table}");
            await unit.ExecuteAsync("UPDATE dm_graph SET revision = 0");
            await unit.ExecuteAsync("UPDATE dm_cursors SET revision = 0");
        });
        await TimeLimits.EventuallyAsync(async () => (await host.Client.StatusAsync(new Google.Protobuf.WellKnownTypes.Empty()).ResponseAsync).Queues == 0);
        await Task.WhenAll(submissions.Reverse().Select(host.DiffAsync)).Within(60);

        foreach (var snapshot in frozen)
        {
            var verdict = await host.Client.VerifySnapshotAsync(snapshot).ResponseAsync.Within();
            Assert.True(verdict.Ok, verdict.ToString());
        }
    }

    [ConformanceFact]
    public async Task GraphDamaged_BindingsOfAnotherContext_AreRefusedAndCounted()
    {
        await using var host = await DagHost.StartAsync(await StoreAsync());
        await host.DiffAsync(Graphs.Request("s1", Graphs.Chain(10), "w1"));
        await host.DiffAsync(Graphs.Request("s2", Graphs.Chain(10), "w2"));
        await host.Database.WriteAsync(unit => unit.ExecuteAsync("UPDATE dm_roots SET bindings = (SELECT bindings FROM dm_roots ORDER BY root_key LIMIT 1), revision = 2"));

        var refusal = await Assert.ThrowsAsync<Identity.RefusalException>(() => host.DiffAsync(Graphs.Request("s3", Graphs.Chain(10), "w2")));

        Assert.Equal(Identity.ReasonCodes.CrossContext, refusal.Code);
        var metrics = await host.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)).Within();
        Assert.Equal(2, metrics.Split('\n').Count(line => line.StartsWith("cross_context_cache_violation_total{", StringComparison.Ordinal)));
    }

    [ConformanceFact]
    public async Task OlderSchema_IsCarriedOver_WithEveryBinding()
    {
        var store = await StoreAsync();
        var nodes = Graphs.Chain(10, 20);
        var topics = nodes.Select((node, i) => (NodeId: node.NodeId!, Topic: $"w1.backtest.old_{i}")).ToArray();
        await WriteOldAsync(store, nodes, topics);

        await using var host = await DagHost.StartAsync(store);
        var found = await host.Client.GetQueuesAsync(new GetQueuesRequest { Tags = { "sma" }, Interval = 60, WorldId = "w1" }).ResponseAsync.Within();
        var chunk = Assert.Single(await host.DiffAsync(Graphs.Request("s2", nodes)));
        var snapshot = await host.Client.FreezeSnapshotAsync(new FreezeSnapshotRequest { StrategyId = "s1" }).ResponseAsync.Within();

        Assert.Equal(topics[1..].Select(topic => topic.Topic), found.Queues.Select(queue => queue.Queue));
        Assert.Empty(chunk.NewNodes);
        Assert.Equal(topics.ToDictionary(topic => topic.NodeId, topic => topic.Topic), chunk.NodeQueues.ToDictionary());
        Assert.Equal(3, Assert.Single(snapshot.Contexts).Queues.Count);
        Assert.True((await host.Client.VerifySnapshotAsync(snapshot).ResponseAsync.Within()).Ok);
    }

    private static async Task WriteOldAsync(IReadOnlyDictionary<string, string?> store, Identity.NodeSpec[] nodes, (string NodeId, string Topic)[] topics)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(store);
        builder.AddQmtlStorage();
        builder.Services.AddSingleton(new MigrationSet("dm", MigrationSet.FromAssembly("dm", typeof(GraphIndex).Assembly).Migrations.Take(1)));
        using var host = builder.Build();
        await host.Services.GetRequiredService<IMigrator>().MigrateAsync();
        await host.Services.GetRequiredService<IDatabase>().WriteAsync(async unit =>
        {
            await unit.ExecuteAsync("INSERT INTO dm_sentinels VALUES ('s1-sentinel', 's1', 'v1', 1.0, 1)");
            foreach (var (node, i) in nodes.Select((node, i) => (node, i)))
            {
                var key = Graphs.Context().ComputeKeyOf(node.NodeId!);
                await unit.ExecuteAsync(
                    "INSERT INTO dm_nodes VALUES (@NodeId, @NodeType, @Interval, @Period, @CodeHash, @SchemaHash, @schema, @parameters, 1)",
                    new { node.NodeId, node.NodeType, node.Interval, node.Period, node.CodeHash, node.SchemaHash, schema = node.EffectiveSchemaId, parameters = Identity.NodeId.CanonicalParams(node) });
                foreach (var tag in node.Tags) await unit.ExecuteAsync("INSERT INTO dm_node_tags VALUES (@NodeId, @tag)", new { node.NodeId, tag });
                foreach (var input in node.Dependencies) await unit.ExecuteAsync("INSERT INTO dm_edges VALUES (@NodeId, @input)", new { node.NodeId, input });
                await unit.ExecuteAsync(
                    "INSERT INTO dm_queues VALUES (@Topic, @NodeId, @key, 'w1', 'backtest', '2026-01-01T00:00:00Z', '', 'head', 'indicator', 1, 2, 1000, 'v1', @SchemaHash, NULL, 1)",
                    new { topics[i].Topic, node.NodeId, key, node.SchemaHash });
                await unit.ExecuteAsync("INSERT INTO dm_sentinel_nodes VALUES ('s1-sentinel', 'w1', @NodeId, @Topic)", new { node.NodeId, topics[i].Topic });
            }
        });
        if (host.Services.GetRequiredService<IDatabase>() is IAsyncDisposable database) await database.DisposeAsync();
    }
}

/// <summary>Over SQLite.</summary>
public sealed class SqliteRebuildTests : RebuildTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => Task.FromResult(DagHost.SqliteStore());
}

/// <summary>Over Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresRebuildTests : RebuildTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => DagHost.PostgresStoreAsync();
}
