using Google.Protobuf.WellKnownTypes;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.WorldGraph;

/// <summary>A row of <c>ws_nodes</c>: one node as one world sees it in one domain.</summary>
internal sealed record NodeRow
{
    public string WorldId { get; init; } = "";

    public string NodeId { get; init; } = "";

    public string ExecutionDomain { get; init; } = "";

    public string Status { get; init; } = NodeStatuses.Unknown;

    public string? LastEvalKey { get; init; }

    public string? Annotations { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public WorldNode ToMessage() => new()
    {
        WorldId = WorldId,
        NodeId = NodeId,
        ExecutionDomain = ExecutionDomain,
        Status = Status,
        LastEvalKey = LastEvalKey,
        Annotations = Json.ReadOptional<Struct>(Annotations),
        UpdatedAt = Timestamp.FromDateTimeOffset(UpdatedAt),
    };
}

/// <summary>The table <c>ws_nodes</c>.</summary>
internal static class NodeStore
{
    public static Task<NodeRow?> FindAsync(ISession session, string worldId, string nodeId, string domain) => session.FirstOrDefaultAsync<NodeRow>(
        "SELECT * FROM ws_nodes WHERE world_id = @worldId AND node_id = @nodeId AND execution_domain = @domain", new { worldId, nodeId, domain });

    /// <summary>By id and domain, behind a place in that order.</summary>
    public static Task<IReadOnlyList<NodeRow>> ListAsync(ISession session, string worldId, string domain, string afterNode, string afterDomain, int take) => session.QueryAsync<NodeRow>(
        $"""
        SELECT * FROM ws_nodes
        WHERE world_id = @worldId AND (@domain = '' OR execution_domain = @domain)
            AND (node_id {session.Dialect.Ordinal} > @afterNode OR (node_id = @afterNode AND execution_domain {session.Dialect.Ordinal} > @afterDomain))
        ORDER BY node_id {session.Dialect.Ordinal}, execution_domain {session.Dialect.Ordinal} LIMIT @take
        """,
        new { worldId, domain, afterNode, afterDomain, take });

    public static Task SaveAsync(IUnitOfWork unit, NodeRow node) => unit.ExecuteAsync(
        """
        INSERT INTO ws_nodes (world_id, node_id, execution_domain, status, last_eval_key, annotations, updated_at)
        VALUES (@WorldId, @NodeId, @ExecutionDomain, @Status, @LastEvalKey, @Annotations, @UpdatedAt)
        ON CONFLICT (world_id, node_id, execution_domain) DO UPDATE SET status = excluded.status, last_eval_key = excluded.last_eval_key,
            annotations = excluded.annotations, updated_at = excluded.updated_at
        """,
        node);

    /// <summary>A bound strategy is a root of the world's graph; one that is there already stays as it is.</summary>
    public static Task AddRootAsync(IUnitOfWork unit, string worldId, string strategyId) => unit.ExecuteAsync(
        $"""
        INSERT INTO ws_nodes (world_id, node_id, execution_domain, status, updated_at)
        VALUES (@worldId, @strategyId, 'backtest', '{NodeStatuses.Unknown}', @Now) ON CONFLICT (world_id, node_id, execution_domain) DO NOTHING
        """,
        new { worldId, strategyId, unit.Now });

    /// <summary>How many were forgotten; empty <paramref name="domain"/> means all.</summary>
    public static Task<int> DeleteAsync(IUnitOfWork unit, string worldId, string nodeId, string domain) => unit.ExecuteAsync(
        "DELETE FROM ws_nodes WHERE world_id = @worldId AND node_id = @nodeId AND (@domain = '' OR execution_domain = @domain)", new { worldId, nodeId, domain });

    public static Task SetEvalKeyAsync(IUnitOfWork unit, string worldId, string nodeId, string domain, string evalKey) => unit.ExecuteAsync(
        "UPDATE ws_nodes SET last_eval_key = @evalKey, updated_at = @Now WHERE world_id = @worldId AND node_id = @nodeId AND execution_domain = @domain",
        new { worldId, nodeId, domain, evalKey, unit.Now });

    /// <summary>A node must not name a verdict that is gone.</summary>
    public static Task ClearLostKeysAsync(IUnitOfWork unit, string worldId) => unit.ExecuteAsync(
        """
        UPDATE ws_nodes SET last_eval_key = NULL, updated_at = @Now WHERE world_id = @worldId AND last_eval_key IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM ws_validations v WHERE v.world_id = ws_nodes.world_id AND v.eval_key = ws_nodes.last_eval_key)
        """,
        new { worldId, unit.Now });
}
