using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.RiskHub;

/// <summary>Which snapshot of a world is asked for; empty stage and actor mean any.</summary>
internal readonly record struct SnapshotFilter(string WorldId, string Stage = "", string Actor = "");

/// <summary>The table <c>ws_risk_snapshots</c>.</summary>
internal static class RiskSnapshotStore
{
    public static Task<RiskSnapshotRow?> FindAsync(ISession session, string worldId, string version) =>
        session.FirstOrDefaultAsync<RiskSnapshotRow>("SELECT * FROM ws_risk_snapshots WHERE world_id = @worldId AND version = @version", new { worldId, version });

    /// <summary>The last one stored for this time.</summary>
    public static Task<RiskSnapshotRow?> FindAsync(ISession session, string worldId, DateTimeOffset asOf) => session.FirstOrDefaultAsync<RiskSnapshotRow>(
        "SELECT * FROM ws_risk_snapshots WHERE world_id = @worldId AND as_of = @asOf ORDER BY sequence DESC LIMIT 1", new { worldId, asOf });

    /// <summary>The newest by the time of their figures: one that is stored late does not hide what is known since.</summary>
    public static Task<IReadOnlyList<RiskSnapshotRow>> ListAsync(ISession session, SnapshotFilter filter, int take) => session.QueryAsync<RiskSnapshotRow>(
        """
        SELECT * FROM ws_risk_snapshots
        WHERE world_id = @WorldId AND (@Stage = '' OR stage = @Stage) AND (@Actor = '' OR actor = @Actor)
        ORDER BY as_of DESC, sequence DESC LIMIT @take
        """,
        new { filter.WorldId, filter.Stage, filter.Actor, take });

    public static Task<RiskSnapshotRow?> LatestFreshAsync(ISession session, SnapshotFilter filter, DateTimeOffset now) => session.FirstOrDefaultAsync<RiskSnapshotRow>(
        """
        SELECT * FROM ws_risk_snapshots
        WHERE world_id = @WorldId AND expires_at > @now AND (@Stage = '' OR stage = @Stage) AND (@Actor = '' OR actor = @Actor)
        ORDER BY as_of DESC, sequence DESC LIMIT 1
        """,
        new { filter.WorldId, filter.Stage, filter.Actor, now });

    public static async Task<RiskSnapshotRow> InsertAsync(IUnitOfWork unit, RiskSnapshot stored)
    {
        var last = await unit.ScalarAsync<long?>("SELECT MAX(sequence) FROM ws_risk_snapshots WHERE world_id = @WorldId", new { stored.WorldId });
        var row = new RiskSnapshotRow
        {
            WorldId = stored.WorldId,
            Version = stored.Version,
            Sequence = (last ?? 0) + 1,
            AsOf = stored.AsOf.ToDateTimeOffset(),
            Stage = stored.Provenance.Stage,
            Actor = stored.Provenance.Actor,
            Hash = stored.Hash,
            TtlSec = stored.TtlSec ?? RiskSnapshotRules.StandardTtlSec,
            CreatedAt = stored.CreatedAt.ToDateTimeOffset(),
            ExpiresAt = RiskSnapshotRules.ExpiresAt(stored),
            Payload = Json.Write(stored),
        };
        await unit.ExecuteAsync(
            """
            INSERT INTO ws_risk_snapshots (world_id, version, sequence, as_of, stage, actor, hash, ttl_sec, created_at, expires_at, payload)
            VALUES (@WorldId, @Version, @Sequence, @AsOf, @Stage, @Actor, @Hash, @TtlSec, @CreatedAt, @ExpiresAt, @Payload)
            """,
            row);
        return row;
    }

    /// <summary>Keeps the newest <paramref name="keep"/>, and whatever has not expired.</summary>
    public static async Task PruneAsync(IUnitOfWork unit, string worldId, long newest, int keep)
    {
        var key = new { worldId, last = newest - keep, unit.Now };
        await unit.ExecuteAsync(
            """
            DELETE FROM ws_risk_blob_uses WHERE world_id = @worldId AND version IN (
                SELECT version FROM ws_risk_snapshots WHERE world_id = @worldId AND sequence <= @last AND expires_at <= @Now)
            """,
            key);
        await unit.ExecuteAsync("DELETE FROM ws_risk_snapshots WHERE world_id = @worldId AND sequence <= @last AND expires_at <= @Now", key);
    }
}
