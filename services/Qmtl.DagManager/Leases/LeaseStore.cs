using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.DagManager.Leases;

/// <summary>The queue of a node in a context.</summary>
internal sealed record LeasedQueue
{
    public string NodeId { get; init; } = "";

    public string Topic { get; init; } = "";

    public int Partitions { get; init; }

    public long RetentionMs { get; init; }
}

/// <summary>A lease that is asked for.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Inputs">Fingerprint of its inputs.</param>
/// <param name="ComputeKey">Its key in the asker's context.</param>
/// <param name="StreamId">Names the values.</param>
internal sealed record LeaseKey(string NodeId, string Inputs, string ComputeKey, string StreamId);

/// <summary>Keeps leases. Each method runs in the caller's transaction.</summary>
internal static class LeaseStore
{
    /// <summary>Held by whoever gives out leases of a world: two askers must not both find a lease free.</summary>
    public static string LockOf(string worldId) => "dm:leases:" + worldId;

    /// <summary>The queues of nodes in a context.</summary>
    public static Task<IReadOnlyList<LeasedQueue>> QueuesAsync(ISession session, ComputeContext context, IReadOnlyList<string> nodes) => session.QueryAsync<LeasedQueue>(
        """
        SELECT n.node_id, q.topic, q.partitions, q.retention_ms
        FROM dm_contexts c
        JOIN dm_queues q ON q.context_key = c.context_key
        JOIN dm_nodes n ON n.node_key = q.node_key
        WHERE c.world_id = @WorldId AND c.execution_domain = @domain AND c.as_of = @asOf AND c.partition_label = @partition AND n.node_id IN @nodes
        """,
        new { context.WorldId, domain = context.Domain.ToToken(), asOf = context.AsOf ?? "", partition = context.Partition ?? "", nodes });

    /// <summary>The leases of streams that ever had one, locked: a renewal that is under way comes before or behind, not in between.</summary>
    public static Task<IReadOnlyList<LeaseRow>> FindAsync(ISession session, IReadOnlyList<string> streams) =>
        session.QueryAsync<LeaseRow>($"SELECT stream_id, owner, epoch, expires_at FROM dm_node_leases WHERE stream_id IN @streams {session.Dialect.ForUpdate}", new { streams });

    /// <summary>Writes leases that <paramref name="owner"/> holds from now on.</summary>
    public static async Task HoldAsync(IUnitOfWork unit, string owner, string worldId, DateTimeOffset until, IEnumerable<(LeaseKey Key, string Topic, int Epoch)> held)
    {
        var rows = new RowBatch(
            "dm_node_leases (stream_id, node_id, compute_key, inputs, world_id, topic, owner, epoch, expires_at, updated_at)",
            "ON CONFLICT (stream_id) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, expires_at = excluded.expires_at, updated_at = excluded.updated_at");
        foreach (var (key, topic, epoch) in held) rows.Add(key.StreamId, key.NodeId, key.ComputeKey, key.Inputs, worldId, topic, owner, epoch, until, unit.Now);
        await rows.WriteAsync(unit);
    }

    /// <summary>Keeps what <paramref name="owner"/> holds. Nobody took over what is renewed late: then the owner would be another.</summary>
    public static Task<IReadOnlyList<string>> RenewAsync(IUnitOfWork unit, string owner, DateTimeOffset until) =>
        unit.QueryAsync<string>("UPDATE dm_node_leases SET expires_at = @until, updated_at = @Now WHERE owner = @owner RETURNING stream_id", new { owner, until, unit.Now });

    /// <summary>Gives up leases of <paramref name="owner"/>.</summary>
    public static Task<int> ReleaseAsync(IUnitOfWork unit, string owner, IReadOnlyList<string> streams) => unit.ExecuteAsync(
        streams.Count == 0
            ? "UPDATE dm_node_leases SET owner = '', updated_at = @Now WHERE owner = @owner"
            : "UPDATE dm_node_leases SET owner = '', updated_at = @Now WHERE owner = @owner AND stream_id IN @streams",
        new { owner, streams, unit.Now });

    /// <summary>Topics that somebody computes into: they must not be swept.</summary>
    public static Task<IReadOnlyList<string>> LiveTopicsAsync(ISession session, DateTimeOffset now) =>
        session.QueryAsync<string>($"SELECT DISTINCT topic FROM dm_node_leases WHERE owner <> '' AND expires_at > @now ORDER BY topic {session.Dialect.Ordinal}", new { now });
}
