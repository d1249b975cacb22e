using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.RiskHub;

/// <summary>Acts on a snapshot within the transaction that stores it, so that no reader ever sees the one without the other.</summary>
internal interface IRiskSnapshotObserver
{
    /// <summary>Called once for each snapshot that is new, while the world's lock is held; its large fields are inline. It must wait for nothing but its own statements.</summary>
    Task ObserveAsync(WorldChange change, RiskSnapshotRow snapshot);
}
