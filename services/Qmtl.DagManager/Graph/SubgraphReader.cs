using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.DagManager.Graph;

/// <summary>Walks the graph in the store, from one node up or down.</summary>
internal sealed class SubgraphReader(IDatabase database)
{
    private const int UsualDepth = 8;
    private const int MostDepth = 64;
    private const int UsualNodes = 500;
    private const int MostNodes = 5_000;
    private const int UsualStrategies = 100;
    private const int MostStrategies = 1_000;

    private const string Touched =
        """
        WITH RECURSIVE reach (node_key) AS (
            SELECT node_key FROM dm_nodes WHERE node_id = @nodeId
            UNION
            SELECT e.node_key FROM reach r JOIN dm_edges e ON e.depends_on = r.node_key
        ), touched (queue_key) AS (SELECT q.queue_key FROM reach r JOIN dm_queues q ON q.node_key = r.node_key)
        """;

    /// <summary>The graph around a node.</summary>
    /// <exception cref="RefusalException">A field is out of range, or there is no such node.</exception>
    public async Task<Subgraph> FindAsync(GetSubgraphRequest request, CancellationToken cancellation)
    {
        if (request.Direction is not ("" or "both" or "upstream" or "downstream"))
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/direction", $"must be upstream, downstream or both, was \"{request.Direction}\"");
        var depth = Within("/depth", request.Depth, UsualDepth, MostDepth);
        var limit = Within("/limit", request.Limit, UsualNodes, MostNodes);
        var (nodes, edges) = await database.ReadAsync(session => WalkAsync(session, request, depth, limit + 1), cancellation);
        if (nodes.Count == 0) throw Unknown(request.NodeId);
        var result = new Subgraph { Truncated = nodes.Count > limit };
        var shown = nodes.Take(limit).ToDictionary(node => node.NodeKey, node => node.NodeId);
        result.Nodes.AddRange(nodes.Take(limit).Select(node => node.ToMessage()));
        result.Edges.AddRange(edges.Where(edge => shown.ContainsKey(edge.NodeKey) && shown.ContainsKey(edge.DependsOn)).Select(edge => new GraphEdge { Src = shown[edge.DependsOn], Dst = shown[edge.NodeKey] }));
        return result;
    }

    /// <summary>Who is affected when a node's values change.</summary>
    /// <exception cref="RefusalException">A field is out of range, or there is no such node.</exception>
    public async Task<ImpactReport> ImpactAsync(ImpactOfRequest request, CancellationToken cancellation)
    {
        var limit = Within("/limit", request.Limit, UsualStrategies, MostStrategies);
        var (counts, strategies) = await database.ReadAsync(
            async session => (
                await session.FirstOrDefaultAsync<CountRow>($"{Touched} SELECT (SELECT COUNT(*) FROM reach) AS nodes, (SELECT COUNT(*) FROM touched) AS queues", new { nodeId = request.NodeId }),
                await session.QueryAsync<StrategyRow>(Strategies(session), new { nodeId = request.NodeId, most = limit + 1 })),
            cancellation);
        if (counts is null or { Nodes: 0 }) throw Unknown(request.NodeId);
        var report = new ImpactReport { NodeId = request.NodeId, DownstreamNodes = counts.Nodes - 1, Queues = counts.Queues, Truncated = strategies.Count > limit };
        report.Strategies.AddRange(strategies.Take(limit).Select(row => new ImpactedStrategy
        {
            StrategyId = row.StrategyId,
            Version = row.Version,
            WorldId = row.WorldId,
            ExecutionDomain = row.ExecutionDomain,
            Nodes = row.Nodes,
        }));
        return report;
    }

    private static async Task<(IReadOnlyList<NodeRow> Nodes, IReadOnlyList<EdgeRow> Edges)> WalkAsync(ISession session, GetSubgraphRequest request, int depth, int most)
    {
        var found = new Dictionary<long, NodeRow>();
        if (request.Direction is not "downstream") await AddAsync("e.depends_on", "e.node_key", -1);
        if (request.Direction is not "upstream") await AddAsync("e.node_key", "e.depends_on", 1);
        NodeRow[] nodes = [.. found.Values.OrderBy(node => Math.Abs(node.Distance)).ThenBy(node => node.NodeId, StringComparer.Ordinal).Take(most)];
        var edges = await session.QueryAsync<EdgeRow>($"SELECT node_key, depends_on FROM dm_edges WHERE {KeyList.Has(session, "node_key")} ORDER BY node_key, depends_on", KeyList.Of(session, nodes.Select(node => node.NodeKey)));
        return (nodes, edges);

        async Task AddAsync(string next, string here, int sign)
        {
            foreach (var row in await session.QueryAsync<NodeRow>(Reach(session, next, here), new { nodeId = request.NodeId, depth, most })) found.TryAdd(row.NodeKey, row with { Distance = sign * row.Distance });
        }
    }

    // Each node once for each distance it is found at; edges point from a node to what it depends on.
    private static string Reach(ISession session, string next, string here) =>
        $"""
        WITH RECURSIVE reach (node_key, distance) AS (
            SELECT node_key, 0 FROM dm_nodes WHERE node_id = @nodeId
            UNION
            SELECT {next}, r.distance + 1 FROM reach r JOIN dm_edges e ON {here} = r.node_key WHERE r.distance < @depth
        )
        SELECT n.node_key, n.node_id, n.node_type, n.interval_s, n.period, n.code_hash, n.schema_compat_id, x.distance
        FROM (SELECT node_key, MIN(distance) AS distance FROM reach GROUP BY node_key) x JOIN dm_nodes n ON n.node_key = x.node_key
        ORDER BY x.distance, n.node_id {session.Dialect.Ordinal} LIMIT @most
        """;

    private static string Strategies(ISession session) =>
        $"""
        {Touched}
        SELECT v.strategy_id, s.version, c.world_id, c.execution_domain, COUNT(DISTINCT t.queue_key) AS nodes
        FROM dm_sentinel_roots s
        JOIN dm_sentinels v ON v.sentinel_id = s.sentinel_id
        JOIN dm_roots r ON r.root_key = s.root_key
        JOIN dm_contexts c ON c.context_key = s.context_key
        {(session.Dialect.IsPostgres ? "CROSS JOIN LATERAL jsonb_array_elements_text(r.bindings::jsonb) AS b (value) JOIN touched t ON t.queue_key = b.value::bigint" : "JOIN json_each(r.bindings) AS b JOIN touched t ON t.queue_key = b.value")}
        WHERE s.context_key IN (SELECT q.context_key FROM touched JOIN dm_queues q ON q.queue_key = touched.queue_key)
        GROUP BY v.strategy_id, s.version, c.world_id, c.execution_domain
        ORDER BY nodes DESC, v.strategy_id {session.Dialect.Ordinal}, s.version {session.Dialect.Ordinal}, c.world_id {session.Dialect.Ordinal} LIMIT @most
        """;

    private static int Within(string field, int value, int usual, int most) => value switch
    {
        0 => usual,
        _ when value > 0 && value <= most => value,
        _ => throw RefusalException.At(ReasonCodes.InvalidArgument, field, $"must be 1 to {most}, or 0 for {usual}; was {value}"),
    };

    private static RefusalException Unknown(string nodeId) => new(ReasonCodes.NotFound, $"The graph has no node {nodeId}.", [new FieldError("/node_id", "names no node of the graph")]);

    private sealed record NodeRow
    {
        public long NodeKey { get; init; }

        public string NodeId { get; init; } = "";

        public string NodeType { get; init; } = "";

        public int IntervalS { get; init; }

        public int Period { get; init; }

        public string CodeHash { get; init; } = "";

        public string SchemaCompatId { get; init; } = "";

        public int Distance { get; init; }

        public GraphNode ToMessage() =>
            new() { NodeId = NodeId, NodeType = NodeType, Interval = IntervalS, Period = Period, CodeHash = CodeHash, SchemaCompatId = SchemaCompatId, Distance = Distance };
    }

    private sealed record EdgeRow
    {
        public long NodeKey { get; init; }

        public long DependsOn { get; init; }
    }

    private sealed record CountRow
    {
        public int Nodes { get; init; }

        public int Queues { get; init; }
    }

    private sealed record StrategyRow
    {
        public string StrategyId { get; init; } = "";

        public string Version { get; init; } = "";

        public string WorldId { get; init; } = "";

        public string ExecutionDomain { get; init; } = "";

        public int Nodes { get; init; }
    }
}
