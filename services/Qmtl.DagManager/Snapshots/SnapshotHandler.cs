using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.DagManager.Snapshots;

/// <summary>Freezes a strategy's part of the graph, and says later what became of it.</summary>
internal sealed class SnapshotHandler(IDatabase database, TimeProvider time)
{
    /// <summary>The strategy's part of the graph as it is now.</summary>
    /// <exception cref="RefusalException">There is no such strategy or version.</exception>
    public async Task<DagSnapshot> FreezeAsync(FreezeSnapshotRequest request, CancellationToken cancellation)
    {
        if (request.StrategyId.Length == 0) throw RefusalException.At(ReasonCodes.InvalidArgument, "/strategy_id", "must name the strategy");
        var snapshot = await database.ReadAsync(session => SnapshotReader.ReadAsync(session, request.StrategyId, request.Version), cancellation)
            ?? throw new RefusalException(
                ReasonCodes.NotFound,
                $"The graph has no {(request.Version.Length == 0 ? "" : $"version {request.Version} of ")}strategy {request.StrategyId}; it appears when its submission was processed.",
                [new FieldError("/strategy_id", "names no strategy of the graph")]);
        snapshot.FrozenAt = Timestamp.FromDateTimeOffset(time.GetUtcNow());
        return snapshot;
    }

    /// <summary>What differs between a snapshot and the graph.</summary>
    /// <exception cref="RefusalException">The document is no snapshot of a version that this program reads.</exception>
    public async Task<SnapshotVerdict> VerifyAsync(DagSnapshot frozen, CancellationToken cancellation)
    {
        if (frozen.SchemaVersion is not SnapshotContent.SchemaVersion)
            throw RefusalException.At(ReasonCodes.SchemaInvalid, "/schema_version", $"must be \"{SnapshotContent.SchemaVersion}\", was \"{frozen.SchemaVersion}\"; freeze the strategy anew");
        return SnapshotComparison.Compare(frozen, await database.ReadAsync(session => SnapshotReader.ReadAsync(session, frozen.StrategyId, frozen.Version), cancellation));
    }
}
