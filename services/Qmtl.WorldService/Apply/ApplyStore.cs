using Qmtl.Storage;

namespace Qmtl.WorldService.Apply;

/// <summary>The tables of applies, their acknowledgements, and the observers.</summary>
internal static class ApplyStore
{
    public static async Task<ApplyRunState?> FindAsync(ISession session, string worldId, string runId) =>
        (await session.FirstOrDefaultAsync<ApplyRunRow>("SELECT * FROM ws_apply_runs WHERE world_id = @worldId AND run_id = @runId", new { worldId, runId }))?.Read();

    /// <summary>The newest run, or the newest that completed.</summary>
    public static async Task<ApplyRunState?> LatestAsync(ISession session, string worldId, bool completed = false)
    {
        var phase = completed ? ApplyPhase.Completed.ToToken() : "";
        var row = await session.FirstOrDefaultAsync<ApplyRunRow>(
            "SELECT * FROM ws_apply_runs WHERE world_id = @worldId AND (@phase = '' OR phase = @phase) ORDER BY number DESC LIMIT 1", new { worldId, phase });
        return row?.Read();
    }

    public static async Task<IReadOnlyList<ApplyRunState>> ListAsync(ISession session, string worldId, int before, int limit)
    {
        var rows = await session.QueryAsync<ApplyRunRow>(
            "SELECT * FROM ws_apply_runs WHERE world_id = @worldId AND (@before = 0 OR number < @before) ORDER BY number DESC LIMIT @limit", new { worldId, before, limit });
        return [.. rows.Select(row => row.Read())];
    }

    /// <summary>The worlds in which a run is in progress.</summary>
    public static Task<IReadOnlyList<string>> UnfinishedAsync(ISession session) =>
        session.QueryAsync<string>("SELECT world_id FROM ws_worlds WHERE apply_run_id IS NOT NULL AND state <> 'DELETED' ORDER BY world_id");

    public static Task<int> NextNumberAsync(ISession session, string worldId) =>
        session.ScalarAsync<int>("SELECT COALESCE(MAX(number), 0) + 1 FROM ws_apply_runs WHERE world_id = @worldId", new { worldId });

    public static Task SaveAsync(IUnitOfWork unit, ApplyRunState run) => unit.ExecuteAsync(
        """
        INSERT INTO ws_apply_runs (world_id, run_id, kind, phase, content_hash, number, state, created_at, updated_at)
        VALUES (@WorldId, @RunId, @Kind, @Phase, @ContentHash, @Number, @State, @CreatedAt, @UpdatedAt)
        ON CONFLICT (world_id, run_id) DO UPDATE SET phase = excluded.phase, state = excluded.state, updated_at = excluded.updated_at
        """,
        ApplyRunRow.Of(run, unit.Now));

    /// <summary>Says which run is in progress, and which one holds the world frozen.</summary>
    public static Task MarkAsync(IUnitOfWork unit, string worldId, string? applyRunId, string? frozenBy) => unit.ExecuteAsync(
        "UPDATE ws_worlds SET apply_run_id = @applyRunId, frozen_by = @frozenBy WHERE world_id = @worldId", new { worldId, applyRunId, frozenBy });

    /// <summary>Everybody who observes, with what they have acknowledged of a run.</summary>
    public static Task<IReadOnlyList<Observer>> ObserversAsync(ISession session, string worldId, string runId) => session.QueryAsync<Observer>(
        """
        SELECT o.consumer, o.joined_at, o.expires_at, COALESCE(a.sequence, 0) AS acknowledged
        FROM ws_observers o LEFT JOIN ws_apply_acks a ON a.consumer = o.consumer AND a.world_id = @worldId AND a.run_id = @runId
        """,
        new { worldId, runId });

    public static Task<long> AckCountAsync(ISession session, string worldId, string runId, int sequence) => session.ScalarAsync<long>(
        "SELECT COUNT(*) FROM ws_apply_acks WHERE world_id = @worldId AND run_id = @runId AND sequence >= @sequence", new { worldId, runId, sequence });

    /// <summary>Takes in an acknowledgement; a late or repeated one changes nothing.</summary>
    public static async Task<bool> AcknowledgeAsync(IUnitOfWork unit, string worldId, string runId, string consumer, int sequence) => await unit.ExecuteAsync(
        """
        INSERT INTO ws_apply_acks (world_id, run_id, consumer, sequence, acked_at) VALUES (@worldId, @runId, @consumer, @sequence, @Now)
        ON CONFLICT (world_id, run_id, consumer) DO UPDATE SET sequence = excluded.sequence, acked_at = excluded.acked_at
        WHERE ws_apply_acks.sequence < excluded.sequence
        """,
        new { worldId, runId, consumer, sequence, unit.Now }) > 0;

    /// <summary>Counts somebody as an observer until <paramref name="expiresAt"/>. One that had expired joins anew: it may have missed what happened since.</summary>
    public static Task ObserveAsync(IUnitOfWork unit, string consumer, DateTimeOffset at, DateTimeOffset expiresAt) => unit.ExecuteAsync(
        """
        INSERT INTO ws_observers (consumer, joined_at, expires_at) VALUES (@consumer, @at, @expiresAt)
        ON CONFLICT (consumer) DO UPDATE SET expires_at = excluded.expires_at,
            joined_at = CASE WHEN ws_observers.expires_at < excluded.joined_at THEN excluded.joined_at ELSE ws_observers.joined_at END
        WHERE ws_observers.expires_at <= excluded.expires_at
        """,
        new { consumer, at, expiresAt });

    public static Task LeaveAsync(IUnitOfWork unit, string consumer) => unit.ExecuteAsync("DELETE FROM ws_observers WHERE consumer = @consumer", new { consumer });
}
