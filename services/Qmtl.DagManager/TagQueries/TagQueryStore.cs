using Qmtl.Storage;
using Qmtl.Identity;

namespace Qmtl.DagManager.TagQueries;

/// <summary>One queue of an answer.</summary>
internal sealed record QueueRow
{
    public string Topic { get; init; } = "";

    public string WorldId { get; init; } = "";
}

/// <summary>Finds queues by the tags of their nodes.</summary>
internal static class TagQueryStore
{
    /// <summary>The queues that answer a question, by name. A world sees its own queues and the shared ones.</summary>
    public static Task<IReadOnlyList<QueueRow>> FindAsync(ISession session, TagQuery query) => session.QueryAsync<QueueRow>(
        $"""
        SELECT q.topic, q.world_id
        FROM dm_queues q
        JOIN dm_nodes n ON n.node_id = q.node_id
        JOIN dm_node_tags t ON t.node_id = n.node_id AND t.tag IN @Tags
        WHERE n.interval_s = @Interval AND (@WorldId = '' OR q.world_id = '' OR (q.world_id = @WorldId AND q.execution_domain = @domain))
        GROUP BY q.topic, q.world_id
        HAVING COUNT(DISTINCT t.tag) >= @needed
        ORDER BY q.topic {session.Dialect.Ordinal}
        """,
        new { query.Tags, query.Interval, query.WorldId, domain = query.Domain.ToToken(), needed = query.Match == TagMatch.All ? query.Tags.Count : 1 });

    /// <summary>Counts one more change of the answer to a question.</summary>
    /// <returns>The revision after the change, from 1.</returns>
    public static Task<int> NextRevisionAsync(IUnitOfWork unit, TagQuery query) => unit.ScalarAsync<int>(
        """
        INSERT INTO dm_tag_revisions (tags, interval_s, revision) VALUES (@tags, @Interval, 1)
        ON CONFLICT (tags, interval_s) DO UPDATE SET revision = dm_tag_revisions.revision + 1
        RETURNING revision
        """,
        new { tags = string.Join('.', query.Tags), query.Interval });
}
