using Qmtl.DagManager.Diff;
using Qmtl.DagManager.Queues;
using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.DagManager.Graph;

/// <summary>Reads and writes the graph. Each method runs in the caller's transaction.</summary>
internal static class GraphStore
{
    /// <summary>Held by every transaction that adds to the graph, so that a name or a queue is given out once.</summary>
    public const string WriteLock = "dm:graph";

    /// <summary>What the graph holds of the nodes of a submission.</summary>
    public static async Task<GraphSnapshot> SnapshotAsync(ISession session, DiffSubmission submission)
    {
        var ids = submission.Nodes.Select(node => node.NodeId!).Distinct(StringComparer.Ordinal).ToArray();
        var heads = ids.Select(TopicNames.DigestHead).Distinct(StringComparer.Ordinal).ToArray();
        var keys = ids.Select(submission.Context.ComputeKeyOf).ToArray();
        var nodes = await session.QueryAsync<string>("SELECT node_id FROM dm_nodes WHERE node_id IN @ids", new { ids });
        var queues = await session.QueryAsync<KnownQueue>("SELECT node_id, compute_key, topic, schema_hash, buffering_since FROM dm_queues WHERE compute_key IN @keys", new { keys });
        var taken = await session.QueryAsync<string>("SELECT topic FROM dm_queues WHERE digest_head IN @heads", new { heads });
        return new GraphSnapshot(
            nodes.ToHashSet(StringComparer.Ordinal),
            queues.ToDictionary(queue => (queue.NodeId, queue.ComputeKey)),
            taken.ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>Writes what a plan adds: nodes, tags, edges and queues.</summary>
    public static async Task AddAsync(IUnitOfWork unit, DiffPlan plan)
    {
        var nodes = new RowBatch("dm_nodes (node_id, node_type, interval_s, period, code_hash, schema_hash, schema_compat_id, params_canon, created_at)");
        var tags = new RowBatch("dm_node_tags (node_id, tag)");
        var edges = new RowBatch("dm_edges (node_id, depends_on)");
        var queues = new RowBatch(
            """
            dm_queues (topic, node_id, compute_key, world_id, execution_domain, as_of, partition_label, digest_head,
                       topic_class, partitions, replication_factor, retention_ms, version, schema_hash, created_at)
            """);
        foreach (var planned in plan.Nodes)
        {
            var node = planned.Node;
            if (planned.Case == DiffCase.New)
            {
                nodes.Add(node.NodeId, node.NodeType, node.Interval, node.Period, node.CodeHash, node.SchemaHash, node.EffectiveSchemaId, CanonicalJson.Write(node.Params), unit.Now);
                foreach (var tag in node.Tags.Distinct(StringComparer.Ordinal)) tags.Add(node.NodeId, tag);
                foreach (var dependency in node.Dependencies.Distinct(StringComparer.Ordinal)) edges.Add(node.NodeId, dependency);
            }

            if (planned.StartsBuffering) await MarkBufferingAsync(unit, planned);
            if (planned.CreatesQueue) AddQueue(queues, planned, plan.Submission, unit.Now);
        }

        foreach (var batch in new[] { nodes, tags, edges, queues }) await batch.WriteAsync(unit);
    }

    /// <summary>Marks the version boundary of a submission and the nodes behind it.</summary>
    /// <returns>Whether the boundary is new.</returns>
    public static async Task<bool> MarkSentinelAsync(IUnitOfWork unit, DiffPlan plan, double trafficWeight)
    {
        var submission = plan.Submission;
        var added = await unit.ExecuteAsync(
            """
            INSERT INTO dm_sentinels (sentinel_id, strategy_id, version, traffic_weight, created_at)
            VALUES (@SentinelId, @StrategyId, @Version, @trafficWeight, @Now) ON CONFLICT (sentinel_id) DO NOTHING
            """,
            new { submission.SentinelId, submission.StrategyId, submission.Version, trafficWeight, unit.Now });
        var covered = new RowBatch("dm_sentinel_nodes (sentinel_id, world_id, node_id, topic)", "ON CONFLICT (sentinel_id, world_id, node_id, topic) DO NOTHING");
        foreach (var planned in plan.Nodes) covered.Add(submission.SentinelId, submission.Context.WorldId, planned.NodeId, planned.Topic);
        await covered.WriteAsync(unit);
        return added == 1;
    }

    /// <summary>How many nodes and queues the graph has.</summary>
    public static async Task<GraphSize> SizeAsync(ISession session) =>
        await session.FirstOrDefaultAsync<GraphSize>("SELECT (SELECT COUNT(*) FROM dm_nodes) AS nodes, (SELECT COUNT(*) FROM dm_queues) AS queues") ?? new GraphSize();

    private static Task<int> MarkBufferingAsync(IUnitOfWork unit, PlannedNode planned) => unit.ExecuteAsync(
        "UPDATE dm_queues SET schema_hash = @SchemaHash, buffering_since = COALESCE(buffering_since, @Now) WHERE topic = @Topic",
        new { planned.Topic, planned.Node.SchemaHash, unit.Now });

    private static void AddQueue(RowBatch queues, PlannedNode planned, DiffSubmission submission, DateTimeOffset now)
    {
        var kept = TopicClass.Of(planned.Node.NodeType ?? "");
        var context = submission.Context;
        queues.Add(
            planned.Topic, planned.NodeId, planned.ComputeKey, context.WorldId, context.Domain.ToToken(), context.AsOf ?? "", context.Partition ?? "", TopicNames.DigestHead(planned.NodeId),
            kept.Name, kept.Partitions, kept.ReplicationFactor, (long)kept.Retention.TotalMilliseconds, submission.Version, planned.Node.SchemaHash, now);
    }
}

/// <summary>Size of the graph.</summary>
internal sealed record GraphSize
{
    public long Nodes { get; init; }

    public long Queues { get; init; }
}
