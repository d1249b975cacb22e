using System.Text.Json;
using Qmtl.Identity;

namespace Qmtl.DagManager.Graph;

/// <summary>Reads the graph into memory: all of it, or what changed. Each method runs in one snapshot of the caller's.</summary>
internal static class GraphReader
{
    private const string Columns =
        """
        SELECT q.queue_key, q.topic, q.tags, q.version, q.schema_hash, q.buffering_since, n.node_key, n.node_id, n.node_type, n.interval_s,
               c.context_key, c.world_id, c.execution_domain, c.as_of, c.partition_label
        FROM dm_queues q JOIN dm_nodes n ON n.node_key = q.node_key JOIN dm_contexts c ON c.context_key = q.context_key
        """;

    /// <summary>The revision that is committed.</summary>
    public static Task<long> RevisionAsync(ISession session) => session.ScalarAsync<long>("SELECT revision FROM dm_graph WHERE id = 1");

    /// <summary>The whole graph.</summary>
    public static async Task<GraphState> LoadAsync(ISession session)
    {
        var state = new GraphState { Revision = await RevisionAsync(session) };
        var rows = new RowReader();
        foreach (var row in await session.QueryAsync<NodeRow>("SELECT node_key, node_id, node_type, interval_s FROM dm_nodes")) state.Add(row.ToEntry());
        foreach (var row in await session.QueryAsync<ContextRow>("SELECT context_key, world_id, execution_domain, as_of, partition_label FROM dm_contexts")) state.Add(row.ToEntry());
        state.Add([.. (await session.QueryAsync<QueueRow>(Columns)).Select(row => rows.Read(row, revision: 0))]);
        return state;
    }

    /// <summary>What happened after a revision, as one change.</summary>
    /// <returns>Null when the changes are no longer kept that far back: the graph has to be loaded anew.</returns>
    public static async Task<GraphChange?> ChangesAsync(ISession session, long after)
    {
        var changes = await session.QueryAsync<ChangeRow>("SELECT revision, queues FROM dm_changes WHERE revision > @after ORDER BY revision", new { after });
        var current = await RevisionAsync(session);
        if (current < after || changes.Count != current - after) return null;
        var touched = new Dictionary<long, long>();
        foreach (var change in changes)
        {
            foreach (var key in JsonSerializer.Deserialize<long[]>(change.Queues) ?? []) touched[key] = change.Revision;
        }

        var rows = new RowReader();
        var queues = (await session.QueryAsync<QueueRow>($"{Columns} WHERE {KeyList.Has(session, "q.queue_key")}", KeyList.Of(session, touched.Keys))).Select(row => rows.Read(row, touched[row.QueueKey])).ToArray();
        var there = queues.Select(queue => queue.Key).ToHashSet();
        return new GraphChange(current, queues, [.. touched.Keys.Where(key => !there.Contains(key))]);
    }

    /// <summary>Those of the given nodes that the store has.</summary>
    public static async Task<IReadOnlyList<NodeEntry>> NodesAsync(ISession session, IReadOnlyCollection<string> nodeIds)
    {
        var rows = await session.QueryAsync<NodeRow>($"SELECT node_key, node_id, node_type, interval_s FROM dm_nodes WHERE {KeyList.Has(session, "node_id")}", KeyList.Of(session, nodeIds));
        return [.. rows.Select(row => row.ToEntry())];
    }

    /// <summary>The contexts of a world.</summary>
    public static async Task<IReadOnlyList<ContextEntry>> ContextsAsync(ISession session, string worldId)
    {
        var rows = await session.QueryAsync<ContextRow>("SELECT context_key, world_id, execution_domain, as_of, partition_label FROM dm_contexts WHERE world_id = @worldId", new { worldId });
        return [.. rows.Select(row => row.ToEntry())];
    }

    /// <summary>Turns rows into entries; equal lists of tags and equal contexts become one object.</summary>
    private sealed class RowReader
    {
        private readonly Dictionary<string, string[]> _tags = new(StringComparer.Ordinal);

        public QueueEntry Read(QueueRow row, long revision)
        {
            if (!_tags.TryGetValue(row.Tags, out var tags)) _tags.Add(row.Tags, tags = JsonSerializer.Deserialize<string[]>(row.Tags) ?? []);
            return new QueueEntry
            {
                Key = row.QueueKey,
                Node = row.ToEntry(),
                Context = row.ToContext(),
                Topic = row.Topic,
                Tags = tags,
                Version = row.Version,
                SchemaHash = row.SchemaHash,
                BufferingSince = row.BufferingSince,
                Revision = revision,
            };
        }
    }

    private record NodeRow
    {
        public long NodeKey { get; init; }

        public string NodeId { get; init; } = "";

        public string NodeType { get; init; } = "";

        public int IntervalS { get; init; }

        public NodeEntry ToEntry() => new(NodeKey, NodeId, NodeType, IntervalS);
    }

    private sealed record ContextRow
    {
        public long ContextKey { get; init; }

        public string WorldId { get; init; } = "";

        public string ExecutionDomain { get; init; } = "";

        public string AsOf { get; init; } = "";

        public string PartitionLabel { get; init; } = "";

        public ContextEntry ToEntry() => new(ContextKey, WorldId, ExecutionModes.ParseDomain(ExecutionDomain) ?? Identity.ExecutionDomain.Backtest, AsOf, PartitionLabel);
    }

    private sealed record QueueRow : NodeRow
    {
        public long QueueKey { get; init; }

        public string Topic { get; init; } = "";

        public string Tags { get; init; } = "[]";

        public string Version { get; init; } = "";

        public string SchemaHash { get; init; } = "";

        public DateTimeOffset? BufferingSince { get; init; }

        public long ContextKey { get; init; }

        public string WorldId { get; init; } = "";

        public string ExecutionDomain { get; init; } = "";

        public string AsOf { get; init; } = "";

        public string PartitionLabel { get; init; } = "";

        public ContextEntry ToContext() => new(ContextKey, WorldId, ExecutionModes.ParseDomain(ExecutionDomain) ?? Identity.ExecutionDomain.Backtest, AsOf, PartitionLabel);
    }

    private sealed record ChangeRow
    {
        public long Revision { get; init; }

        public string Queues { get; init; } = "[]";
    }
}
