using Qmtl.Storage;

namespace Qmtl.WorldService.Monitoring.Live;

/// <summary>A row of <c>ws_live_monitoring</c>.</summary>
internal sealed record LiveMonitoringRow
{
    public string WorldId { get; init; } = "";

    public string Holder { get; init; } = "";

    public DateTimeOffset LeaseUntil { get; init; }

    public DateTimeOffset? LastRunAt { get; init; }

    public string LastStatus { get; init; } = "";

    public string LastReason { get; init; } = "";
}

/// <summary>The table <c>ws_live_monitoring</c>: one runner a world at a time, over all replicas.</summary>
internal static class LiveMonitoringStore
{
    public static Task<LiveMonitoringRow?> FindAsync(ISession session, string worldId) =>
        session.FirstOrDefaultAsync<LiveMonitoringRow>("SELECT * FROM ws_live_monitoring WHERE world_id = @worldId", new { worldId });

    /// <summary>Takes the lease unless somebody holds it.</summary>
    public static async Task<bool> AcquireAsync(IUnitOfWork unit, string worldId, string holder, TimeSpan lease) => await unit.ExecuteAsync(
        """
        INSERT INTO ws_live_monitoring (world_id, holder, lease_until, last_status, last_reason) VALUES (@worldId, @holder, @until, '', '')
        ON CONFLICT (world_id) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until WHERE ws_live_monitoring.lease_until <= @Now
        """,
        new { worldId, holder, until = unit.Now + lease, unit.Now }) > 0;

    /// <summary>Notes what came of a run, and gives the lease back. Who lost it meanwhile leaves no note.</summary>
    public static Task ReleaseAsync(IUnitOfWork unit, string worldId, string holder, string status, string reason) => unit.ExecuteAsync(
        "UPDATE ws_live_monitoring SET lease_until = 0, last_run_at = @Now, last_status = @status, last_reason = @reason WHERE world_id = @worldId AND holder = @holder",
        new { worldId, holder, status, reason, unit.Now });

    /// <summary>Worlds with live strategies that nobody monitored since <paramref name="before"/>.</summary>
    public static Task<IReadOnlyList<string>> DueAsync(ISession session, DateTimeOffset before) => session.QueryAsync<string>(
        $"""
        SELECT w.world_id FROM ws_worlds w LEFT JOIN ws_live_monitoring m ON m.world_id = w.world_id
        WHERE w.state <> 'DELETED' AND (m.last_run_at IS NULL OR m.last_run_at <= @before)
            AND EXISTS (SELECT 1 FROM ws_stages s WHERE s.world_id = w.world_id AND s.stage = 'live')
        ORDER BY w.world_id {session.Dialect.Ordinal}
        """,
        new { before });
}
