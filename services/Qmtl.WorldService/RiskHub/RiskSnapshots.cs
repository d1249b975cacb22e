using Qmtl.Storage;
using Qmtl.WorldService.RiskHub.Blobs;

namespace Qmtl.WorldService.RiskHub;

/// <summary>What the rest of the service reads of the risk hub.</summary>
internal sealed class RiskSnapshots(RiskBlobs blobs, RiskHubMetrics metrics)
{
    /// <summary>
    /// The newest snapshot of a world that has not expired; null when there is none, and then whatever needs one must not go on. Large fields may
    /// be references.
    /// </summary>
    /// <param name="stage">Only of this stage; null means any.</param>
    public async Task<RiskSnapshotRow?> LatestAsync(ISession session, string worldId, DateTimeOffset now, string? stage = null)
    {
        var row = await RiskSnapshotStore.LatestFreshAsync(session, new SnapshotFilter(worldId, stage ?? ""), now);
        if (row is null) metrics.Missing(worldId);
        return row;
    }

    /// <summary>The row with its large fields inline. Not within a transaction that writes: a blob may lie outside of the database.</summary>
    /// <exception cref="Identity.RefusalException">A blob is gone or damaged.</exception>
    public async Task<RiskSnapshotRow> ExpandAsync(ISession session, RiskSnapshotRow row, CancellationToken cancellationToken) =>
        row with { Snapshot = await blobs.ExpandAsync(session, row.Snapshot, cancellationToken) };
}
