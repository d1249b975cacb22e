using System.Text.Json;
using Qmtl.DagManager.Diff;
using Qmtl.DagManager.Queues;
using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.DagManager.Graph;

/// <summary>What a plan adds to the graph, with keys: prepared before the transaction begins, so that this does nothing but write.</summary>
internal sealed class GraphRows
{
    private readonly PlannedNode[] _newNodes;
    private readonly PlannedNode[] _newQueues;
    private readonly Dictionary<string, NodeEntry> _entries;
    private readonly Dictionary<string, long> _queueKeys;
    private readonly RowBatch[] _batches;

    private GraphRows(DiffPlan plan, PlannedNode[] newNodes, PlannedNode[] newQueues, long firstKey)
    {
        Plan = plan;
        (_newNodes, _newQueues) = (newNodes, newQueues);
        RootKey = firstKey++;
        Context = plan.Context ?? ContextEntry.Of(firstKey, plan.Submission.Context);
        firstKey++;
        _entries = new Dictionary<string, NodeEntry>(plan.Nodes.Count, StringComparer.Ordinal);
        foreach (var planned in newNodes) _entries.Add(planned.NodeId, new NodeEntry(firstKey++, planned.NodeId, planned.Node.NodeType!, planned.Node.Interval));
        foreach (var planned in plan.Nodes)
        {
            if (planned.Entry is { } known) _entries.Add(planned.NodeId, known);
        }

        _queueKeys = new Dictionary<string, long>(newQueues.Length, StringComparer.Ordinal);
        foreach (var planned in newQueues) _queueKeys.Add(planned.NodeId, firstKey++);
        _batches = [NodeRows(), EdgeRows(), QueueRows()];
        Bindings = [.. plan.Nodes.Select(planned => planned.Queue?.Key ?? _queueKeys[planned.NodeId])];
    }

    public DiffPlan Plan { get; }

    /// <summary>The key of the root, should it be new.</summary>
    public long RootKey { get; }

    public ContextEntry Context { get; }

    /// <summary>Keys of the queues, in the order of the plan.</summary>
    public IReadOnlyList<long> Bindings { get; }

    /// <summary>Keys of the queues that are added or changed.</summary>
    public long[] Touched => [.. _newQueues.Select(planned => _queueKeys[planned.NodeId]), .. Plan.Nodes.Where(planned => planned.ChangesQueue).Select(planned => planned.Queue!.Key)];

    /// <summary>Keys of the queues that are shared.</summary>
    public long[] ReliedOn => [.. Plan.Nodes.Where(planned => planned.Queue is not null).Select(planned => planned.Queue!.Key)];

    /// <summary>The rows of a plan.</summary>
    public static async ValueTask<GraphRows> PrepareAsync(DiffPlan plan, GraphKeys keys, CancellationToken cancellation)
    {
        // All writers insert in one order: two that add the same rows wait for each other, but never in a circle. It is also the order of the indexes.
        PlannedNode[] nodes = [.. plan.Nodes.Where(planned => planned.Case == DiffCase.New).OrderBy(planned => planned.NodeId, StringComparer.Ordinal)];
        PlannedNode[] queues = [.. plan.Nodes.Where(planned => planned.CreatesQueue).OrderBy(planned => planned.Topic, StringComparer.Ordinal)];
        return new GraphRows(plan, nodes, queues, await keys.TakeAsync(2 + nodes.Length + queues.Length, cancellation));
    }

    /// <summary>Writes nodes, edges and queues, one statement for each table.</summary>
    /// <exception cref="UniqueViolationException">Somebody else added one of them meanwhile.</exception>
    public async Task WriteAsync(IUnitOfWork unit)
    {
        if (Plan.Context is null) await AddContextAsync(unit);
        foreach (var batch in _batches) await batch.WriteAsync(unit);
        await ChangeQueuesAsync(unit);
    }

    /// <summary>What the transaction did, for the copy in memory.</summary>
    public GraphChange ToChange(long revision, DateTimeOffset now) => new(
        revision,
        [
            .. _newQueues.Select(planned => new QueueEntry
            {
                Key = _queueKeys[planned.NodeId],
                Node = _entries[planned.NodeId],
                Context = Context,
                Topic = planned.Topic,
                Tags = planned.Tags,
                Version = Plan.Submission.Version,
                SchemaHash = planned.Node.SchemaHash ?? "",
                Revision = revision,
            }),
            .. Plan.Nodes.Where(planned => planned.ChangesQueue).Select(planned => planned.Queue! with
            {
                Tags = planned.Tags,
                SchemaHash = planned.Node.SchemaHash ?? "",
                BufferingSince = BufferingSince(planned, now),
                Revision = revision,
            }),
        ],
        []);

    /// <summary>The sets of tags whose queries may have a new answer, each once.</summary>
    public IReadOnlyList<AffectedTags> AffectedTags()
    {
        var domain = Context.Domain.ToToken();
        return
        [
            .. Plan.Nodes.Where(planned => planned.Tags.Count > 0 && planned.Node.Interval > 0 && (planned.CreatesQueue || !ReferenceEquals(planned.Tags, planned.Queue!.Tags)))
                .DistinctBy(planned => (planned.Node.Interval, string.Join(',', planned.Tags)))
                .Select(planned => new AffectedTags(Context.WorldId, domain, planned.Node.Interval, planned.Tags)),
        ];
    }

    private static DateTimeOffset? BufferingSince(PlannedNode planned, DateTimeOffset now) => planned.Queue?.BufferingSince ?? (planned.StartsBuffering ? now : null);

    private Task<int> AddContextAsync(IUnitOfWork unit) => unit.ExecuteAsync(
        "INSERT INTO dm_contexts (context_key, world_id, execution_domain, as_of, partition_label) VALUES (@Key, @WorldId, @domain, @AsOf, @Partition)",
        new { Context.Key, Context.WorldId, domain = Context.Domain.ToToken(), Context.AsOf, Context.Partition });

    private RowBatch NodeRows()
    {
        var rows = new RowBatch("dm_nodes (node_key, node_id, node_type, interval_s, period, code_hash, schema_compat_id, params_canon, created_at)");
        foreach (var planned in _newNodes)
        {
            var node = planned.Node;
            rows.Add(_entries[planned.NodeId].Key, node.NodeId, node.NodeType, node.Interval, node.Period, node.CodeHash, node.EffectiveSchemaId, NodeId.CanonicalParams(node), RowBatch.Now);
        }

        return rows;
    }

    private RowBatch EdgeRows()
    {
        var rows = new RowBatch("dm_edges (node_key, depends_on, times)");
        foreach (var planned in _newNodes)
        {
            var key = _entries[planned.NodeId].Key;
            var inputs = planned.Node.Dependencies;
            if (inputs.Count == 1) rows.Add(key, _entries[inputs[0]].Key, 1);
            else foreach (var (input, times) in inputs.CountBy(input => _entries[input].Key).OrderBy(input => input.Key)) rows.Add(key, input, times);
        }

        return rows;
    }

    private RowBatch QueueRows()
    {
        var rows = new RowBatch(
            "dm_queues (queue_key, node_key, context_key, topic, tags, topic_class, partitions, replication_factor, retention_ms, version, schema_hash, created_at)");
        var classes = new Dictionary<string, TopicClass>(StringComparer.Ordinal);
        foreach (var planned in _newQueues)
        {
            var nodeType = planned.Node.NodeType ?? "";
            if (!classes.TryGetValue(nodeType, out var kept)) classes.Add(nodeType, kept = TopicClass.Of(nodeType));
            rows.Add(
                _queueKeys[planned.NodeId], _entries[planned.NodeId].Key, Context.Key, planned.Topic, JsonSerializer.Serialize(planned.Tags), kept.Name, kept.Partitions,
                kept.ReplicationFactor, (long)kept.Retention.TotalMilliseconds, Plan.Submission.Version, planned.Node.SchemaHash ?? "", RowBatch.Now);
        }

        return rows;
    }

    private async Task ChangeQueuesAsync(IUnitOfWork unit)
    {
        if (!Plan.Nodes.Any(planned => planned.ChangesQueue)) return;
        var changed = Plan.Nodes.Where(planned => planned.ChangesQueue)
            .Select(planned => new
            {
                key = planned.Queue!.Key,
                schema = planned.Node.SchemaHash ?? "",
                tags = JsonSerializer.Serialize(planned.Tags),
                since = BufferingSince(planned, unit.Now) is { } since ? UnixTime.ToNanoseconds(since) : (long?)null,
            })
            .ToArray();
        var rows = JsonSerializer.Serialize(changed);
        var source = unit.Dialect.IsPostgres
            ? "(SELECT (r->>'key')::bigint AS key, r->>'schema' AS schema, r->>'tags' AS tags, (r->>'since')::bigint AS since FROM jsonb_array_elements(@rows::jsonb) AS r)"
            : "(SELECT json_extract(value, '$.key') AS key, json_extract(value, '$.schema') AS schema, json_extract(value, '$.tags') AS tags, json_extract(value, '$.since') AS since FROM json_each(@rows))";
        await unit.ExecuteAsync($"UPDATE dm_queues SET schema_hash = v.schema, tags = v.tags, buffering_since = v.since FROM {source} AS v WHERE queue_key = v.key", new { rows });
    }
}
