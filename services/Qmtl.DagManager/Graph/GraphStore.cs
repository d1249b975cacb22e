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
        foreach (var planned in plan.Nodes)
        {
            if (planned.Case == DiffCase.New) await AddNodeAsync(unit, planned.Node);
            if (planned.StartsBuffering) await MarkBufferingAsync(unit, planned);
            if (planned.CreatesQueue) await AddQueueAsync(unit, planned, plan.Submission);
        }
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
        foreach (var planned in plan.Nodes)
        {
            await unit.ExecuteAsync(
                """
                INSERT INTO dm_sentinel_nodes (sentinel_id, world_id, node_id, topic)
                VALUES (@SentinelId, @WorldId, @NodeId, @Topic) ON CONFLICT (sentinel_id, world_id, node_id, topic) DO NOTHING
                """,
                new { submission.SentinelId, submission.Context.WorldId, planned.NodeId, planned.Topic });
        }

        return added == 1;
    }

    /// <summary>How many nodes and queues the graph has.</summary>
    public static async Task<GraphSize> SizeAsync(ISession session) =>
        await session.FirstOrDefaultAsync<GraphSize>("SELECT (SELECT COUNT(*) FROM dm_nodes) AS nodes, (SELECT COUNT(*) FROM dm_queues) AS queues") ?? new GraphSize();

    private static async Task AddNodeAsync(IUnitOfWork unit, NodeSpec node)
    {
        await unit.ExecuteAsync(
            """
            INSERT INTO dm_nodes (node_id, node_type, interval_s, period, code_hash, schema_hash, schema_compat_id, params_canon, created_at)
            VALUES (@NodeId, @NodeType, @Interval, @Period, @CodeHash, @SchemaHash, @EffectiveSchemaId, @parameters, @Now)
            """,
            new { node.NodeId, node.NodeType, node.Interval, node.Period, node.CodeHash, node.SchemaHash, node.EffectiveSchemaId, parameters = CanonicalJson.Write(node.Params), unit.Now });
        foreach (var tag in node.Tags.Distinct(StringComparer.Ordinal))
            await unit.ExecuteAsync("INSERT INTO dm_node_tags (node_id, tag) VALUES (@NodeId, @tag)", new { node.NodeId, tag });
        foreach (var dependency in node.Dependencies.Distinct(StringComparer.Ordinal))
            await unit.ExecuteAsync("INSERT INTO dm_edges (node_id, depends_on) VALUES (@NodeId, @dependency)", new { node.NodeId, dependency });
    }

    private static Task<int> MarkBufferingAsync(IUnitOfWork unit, PlannedNode planned) => unit.ExecuteAsync(
        "UPDATE dm_queues SET schema_hash = @SchemaHash, buffering_since = COALESCE(buffering_since, @Now) WHERE topic = @Topic",
        new { planned.Topic, planned.Node.SchemaHash, unit.Now });

    private static Task<int> AddQueueAsync(IUnitOfWork unit, PlannedNode planned, DiffSubmission submission)
    {
        var kept = TopicClass.Of(planned.Node.NodeType ?? "");
        return unit.ExecuteAsync(
            """
            INSERT INTO dm_queues (topic, node_id, compute_key, world_id, execution_domain, as_of, partition_label, digest_head,
                                   topic_class, partitions, replication_factor, retention_ms, version, schema_hash, created_at)
            VALUES (@Topic, @NodeId, @ComputeKey, @WorldId, @domain, @asOf, @partition, @head, @Name, @Partitions, @ReplicationFactor, @retention, @Version, @SchemaHash, @Now)
            """,
            new
            {
                planned.Topic,
                planned.NodeId,
                planned.ComputeKey,
                submission.Context.WorldId,
                domain = submission.Context.Domain.ToToken(),
                asOf = submission.Context.AsOf ?? "",
                partition = submission.Context.Partition ?? "",
                head = TopicNames.DigestHead(planned.NodeId),
                kept.Name,
                kept.Partitions,
                kept.ReplicationFactor,
                retention = (long)kept.Retention.TotalMilliseconds,
                submission.Version,
                planned.Node.SchemaHash,
                unit.Now,
            });
    }
}

/// <summary>Size of the graph.</summary>
internal sealed record GraphSize
{
    public long Nodes { get; init; }

    public long Queues { get; init; }
}
