using System.Text.Json;
using Qmtl.DagManager.Graph;
using Qmtl.Storage;

namespace Qmtl.DagManager.Diff;

/// <summary>A submission that was planned before.</summary>
internal sealed record KnownRoot
{
    public long RootKey { get; init; }

    /// <summary>Keys of the queues, as a JSON array in the order of the submission's nodes.</summary>
    public string Bindings { get; init; } = "[]";

    /// <summary>The revision of the graph that bound it.</summary>
    public long Revision { get; init; }

    /// <summary>The revision of the graph when this was read.</summary>
    public long GraphRevision { get; init; }

    /// <summary>Whether the boundary of the version that asks covers it already.</summary>
    public bool IsCovered { get; init; }

    public long[] Queues => JsonSerializer.Deserialize<long[]>(Bindings) ?? [];
}

/// <summary>Plans by root, and the version boundaries that stand before them.</summary>
internal static class RootStore
{
    /// <summary>The plan of a submission, when there is one: a single indexed read.</summary>
    public static Task<KnownRoot?> FindAsync(ISession session, string root, DiffSubmission submission) => session.FirstOrDefaultAsync<KnownRoot>(
        """
        SELECT r.root_key, r.bindings, r.revision, (SELECT revision FROM dm_graph WHERE id = 1) AS graph_revision,
               CASE WHEN s.root_key IS NULL THEN 0 ELSE 1 END AS is_covered
        FROM dm_roots r
        LEFT JOIN dm_sentinel_roots s ON s.sentinel_id = @SentinelId AND s.version = @Version AND s.context_key = r.context_key AND s.root_key = r.root_key
        WHERE r.root = @root
        """,
        new { root, submission.SentinelId, submission.Version });

    /// <summary>Keeps the plan of a submission, in place of an older one of the same root.</summary>
    /// <returns>The root's key.</returns>
    public static Task<long> KeepAsync(IUnitOfWork unit, string root, GraphRows rows, long revision) => unit.ScalarAsync<long>(
        """
        INSERT INTO dm_roots (root_key, root, context_key, version, bindings, revision, created_at)
        VALUES (@RootKey, @root, @contextKey, @version, @bindings, @revision, @Now)
        ON CONFLICT (root) DO UPDATE SET bindings = excluded.bindings, revision = excluded.revision
        RETURNING root_key
        """,
        new { rows.RootKey, root, contextKey = rows.Context.Key, version = rows.Plan.Submission.Version, bindings = JsonSerializer.Serialize(rows.Bindings), revision, unit.Now });

    /// <summary>Puts the boundary of a version before a root, in place of what it covered in that context.</summary>
    /// <returns>Whether the boundary is new.</returns>
    public static async Task<bool> CoverAsync(IUnitOfWork unit, DiffSubmission submission, long rootKey, long contextKey, double trafficWeight)
    {
        var added = await unit.ExecuteAsync(
            """
            INSERT INTO dm_sentinels (sentinel_id, strategy_id, version, traffic_weight, created_at)
            VALUES (@SentinelId, @StrategyId, @Version, @trafficWeight, @Now) ON CONFLICT (sentinel_id) DO NOTHING
            """,
            new { submission.SentinelId, submission.StrategyId, submission.Version, trafficWeight, unit.Now });
        await unit.ExecuteAsync(
            """
            INSERT INTO dm_sentinel_roots (sentinel_id, version, context_key, root_key) VALUES (@SentinelId, @Version, @contextKey, @rootKey)
            ON CONFLICT (sentinel_id, version, context_key) DO UPDATE SET root_key = excluded.root_key
            """,
            new { submission.SentinelId, submission.Version, contextKey, rootKey });
        return added == 1;
    }
}
