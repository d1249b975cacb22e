using System.Text.Json;
using Qmtl.DagManager.Graph;
using Qmtl.V1;

namespace Qmtl.DagManager.Snapshots;

/// <summary>Reads what a version of a strategy is in the graph now.</summary>
internal static class SnapshotReader
{
    private const string Nodes =
        "SELECT node_key, node_id, node_type, interval_s, period, params_canon, schema_compat_id, code_hash FROM dm_nodes WHERE ";

    private const string Edges =
        "SELECT e.node_key, e.times, d.node_id FROM dm_edges e JOIN dm_nodes d ON d.node_key = e.depends_on WHERE ";

    private const string Queues =
        """
        SELECT q.queue_key, q.node_key, q.topic, q.tags, q.schema_hash, q.topic_class, q.version, n.node_id
        FROM dm_queues q JOIN dm_nodes n ON n.node_key = q.node_key WHERE
        """;

    /// <summary>The snapshot, sealed.</summary>
    /// <returns>Null when the strategy has no such version.</returns>
    public static async Task<DagSnapshot?> ReadAsync(ISession session, string strategyId, string version)
    {
        var roots = await session.QueryAsync<RootRow>(
            """
            SELECT s.version, c.world_id, c.execution_domain, c.as_of, c.partition_label, r.bindings
            FROM dm_sentinels v
            JOIN dm_sentinel_roots s ON s.sentinel_id = v.sentinel_id AND s.version = CASE WHEN @version = '' THEN v.version ELSE @version END
            JOIN dm_roots r ON r.root_key = s.root_key
            JOIN dm_contexts c ON c.context_key = s.context_key
            WHERE v.strategy_id = @strategyId
            """,
            new { strategyId, version });
        if (roots.Count == 0) return null;
        var snapshot = new DagSnapshot { SchemaVersion = SnapshotContent.SchemaVersion, StrategyId = strategyId, Version = roots[0].Version, Revision = GraphIndex.ToWire(await GraphReader.RevisionAsync(session)) };
        var nodes = new HashSet<long>();
        foreach (var root in roots)
        {
            var context = new SnapshotContext { WorldId = root.WorldId, ExecutionDomain = root.ExecutionDomain, AsOf = root.AsOf, Partition = root.PartitionLabel };
            foreach (var row in await session.QueryAsync<QueueRow>(Queues + " " + KeyList.Has(session, "q.queue_key"), KeyList.Of(session, JsonSerializer.Deserialize<long[]>(root.Bindings) ?? [])))
            {
                nodes.Add(row.NodeKey);
                context.Queues.Add(row.ToMessage());
            }

            snapshot.Contexts.Add(context);
        }

        await AddNodesAsync(session, snapshot, nodes);
        return SnapshotContent.Seal(snapshot);
    }

    private static async Task AddNodesAsync(ISession session, DagSnapshot snapshot, IReadOnlyCollection<long> keys)
    {
        var edges = (await session.QueryAsync<EdgeRow>(Edges + KeyList.Has(session, "e.node_key"), KeyList.Of(session, keys))).ToLookup(edge => edge.NodeKey);
        foreach (var row in await session.QueryAsync<NodeRow>(Nodes + KeyList.Has(session, "node_key"), KeyList.Of(session, keys)))
        {
            var node = row.ToMessage();
            node.Dependencies.AddRange(edges[row.NodeKey].SelectMany(edge => Enumerable.Repeat(edge.NodeId, edge.Times)).Order(StringComparer.Ordinal));
            snapshot.Nodes.Add(node);
        }
    }

    private sealed record RootRow
    {
        public string Version { get; init; } = "";

        public string WorldId { get; init; } = "";

        public string ExecutionDomain { get; init; } = "";

        public string AsOf { get; init; } = "";

        public string PartitionLabel { get; init; } = "";

        public string Bindings { get; init; } = "[]";
    }

    private sealed record QueueRow
    {
        public long NodeKey { get; init; }

        public string NodeId { get; init; } = "";

        public string Topic { get; init; } = "";

        public string Tags { get; init; } = "[]";

        public string SchemaHash { get; init; } = "";

        public string TopicClass { get; init; } = "";

        public string Version { get; init; } = "";

        public SnapshotQueue ToMessage() => new()
        {
            NodeId = NodeId,
            Topic = Topic,
            Tags = { JsonSerializer.Deserialize<string[]>(Tags) ?? [] },
            SchemaHash = SchemaHash,
            TopicClass = TopicClass,
            Version = Version,
        };
    }

    private sealed record EdgeRow
    {
        public long NodeKey { get; init; }

        public int Times { get; init; }

        public string NodeId { get; init; } = "";
    }

    private sealed record NodeRow
    {
        public long NodeKey { get; init; }

        public string NodeId { get; init; } = "";

        public string NodeType { get; init; } = "";

        public int IntervalS { get; init; }

        public int Period { get; init; }

        public string ParamsCanon { get; init; } = "null";

        public string SchemaCompatId { get; init; } = "";

        public string CodeHash { get; init; } = "";

        public SnapshotNode ToMessage() =>
            new() { NodeId = NodeId, NodeType = NodeType, Interval = IntervalS, Period = Period, Params = ParamsCanon, SchemaCompatId = SchemaCompatId, CodeHash = CodeHash };
    }
}
