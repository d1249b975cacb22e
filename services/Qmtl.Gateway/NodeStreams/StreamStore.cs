using Qmtl.Storage;

namespace Qmtl.Gateway.NodeStreams;

/// <summary>Keeps sessions and streams. Each method runs in the caller's transaction.</summary>
internal static class StreamStore
{
    private const string Columns = "stream_id, node_id, world_id, execution_domain, topic, log_partition, first_offset, owner, epoch, expires_at, next_bar, input_window_hash";

    /// <summary>The session with this id, also when it has ended.</summary>
    public static Task<SessionRow?> FindSessionAsync(ISession session, string sessionId) => session.FirstOrDefaultAsync<SessionRow>(
        "SELECT session_id, strategy_id, world_id, execution_domain, expires_at FROM gw_node_sessions WHERE session_id = @sessionId", new { sessionId });

    /// <summary>Opens a session, or keeps it.</summary>
    public static Task<int> KeepSessionAsync(IUnitOfWork unit, SessionRow row) => unit.ExecuteAsync(
        """
        INSERT INTO gw_node_sessions (session_id, strategy_id, world_id, execution_domain, expires_at, opened_at)
        VALUES (@SessionId, @StrategyId, @WorldId, @ExecutionDomain, @ExpiresAt, @Now)
        ON CONFLICT (session_id) DO UPDATE SET expires_at = excluded.expires_at
        """,
        new { row.SessionId, row.StrategyId, row.WorldId, row.ExecutionDomain, row.ExpiresAt, unit.Now });

    /// <summary>Ends a session.</summary>
    public static Task<int> EndSessionAsync(IUnitOfWork unit, string sessionId) => unit.ExecuteAsync("DELETE FROM gw_node_sessions WHERE session_id = @sessionId", new { sessionId });

    /// <summary>Forgets sessions that ended without saying so.</summary>
    public static Task<int> ForgetSessionsAsync(IUnitOfWork unit, DateTimeOffset before) => unit.ExecuteAsync("DELETE FROM gw_node_sessions WHERE expires_at < @before", new { before });

    /// <summary>Streams by id.</summary>
    public static Task<IReadOnlyList<StreamRow>> FindAsync(ISession session, IReadOnlyList<string> streams) =>
        session.QueryAsync<StreamRow>($"SELECT {Columns} FROM gw_node_streams WHERE stream_id IN @streams", new { streams });

    /// <summary>Streams by id, locked for this transaction in one order for all.</summary>
    public static Task<IReadOnlyList<StreamRow>> LockAsync(IUnitOfWork unit, IReadOnlyList<string> streams) =>
        unit.QueryAsync<StreamRow>($"SELECT {Columns} FROM gw_node_streams WHERE stream_id IN @streams ORDER BY stream_id {unit.Dialect.Ordinal} {unit.Dialect.ForUpdate}", new { streams });

    /// <summary>Adds streams that are new here; of those that are not, nothing changes.</summary>
    public static async Task AddAsync(IUnitOfWork unit, IEnumerable<StreamRow> streams)
    {
        var rows = new RowBatch($"gw_node_streams ({Columns}, updated_at)", "ON CONFLICT (stream_id) DO NOTHING");
        foreach (var row in streams.OrderBy(row => row.StreamId, StringComparer.Ordinal))
        {
            rows.Add(
                row.StreamId, row.NodeId, row.WorldId, row.ExecutionDomain, row.Topic, row.LogPartition, row.FirstOffset, row.Owner, row.Epoch, row.ExpiresAt, row.NextBar, row.InputWindowHash, unit.Now);
        }

        await rows.WriteAsync(unit);
    }

    /// <summary>Fences: from here on only <paramref name="owner"/> at <paramref name="epoch"/> may append. A lease older than the one that is known here changes nothing.</summary>
    public static Task<int> FenceAsync(IUnitOfWork unit, string streamId, string owner, int epoch, DateTimeOffset until) => unit.ExecuteAsync(
        "UPDATE gw_node_streams SET owner = @owner, epoch = @epoch, expires_at = @until, updated_at = @Now WHERE stream_id = @streamId AND (epoch < @epoch OR (epoch = @epoch AND owner IN ('', @owner)))",
        new { streamId, owner, epoch, until, unit.Now });

    /// <summary>Keeps what <paramref name="owner"/> may append to.</summary>
    public static Task<int> RenewAsync(IUnitOfWork unit, string owner, IReadOnlyList<string> held, DateTimeOffset until) =>
        unit.ExecuteAsync("UPDATE gw_node_streams SET expires_at = @until, updated_at = @Now WHERE owner = @owner AND stream_id IN @held", new { owner, held, until, unit.Now });

    /// <summary>Takes the right to append from <paramref name="owner"/>: from these streams, or from all when none is named.</summary>
    public static Task<int> ReleaseAsync(IUnitOfWork unit, string owner, IReadOnlyList<string> streams) => unit.ExecuteAsync(
        streams.Count == 0
            ? "UPDATE gw_node_streams SET owner = '', updated_at = @Now WHERE owner = @owner"
            : "UPDATE gw_node_streams SET owner = '', updated_at = @Now WHERE owner = @owner AND stream_id IN @streams",
        new { owner, streams, unit.Now });

    /// <summary>Says how far a stream is.</summary>
    public static Task<int> AdvanceAsync(IUnitOfWork unit, StreamRow row) => unit.ExecuteAsync(
        "UPDATE gw_node_streams SET next_bar = @NextBar, input_window_hash = @InputWindowHash, updated_at = @Now WHERE stream_id = @StreamId", new { row.NextBar, row.InputWindowHash, row.StreamId, unit.Now });
}
