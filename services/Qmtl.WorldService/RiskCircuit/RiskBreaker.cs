using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.RiskCircuit;

/// <summary>
/// Trips a world's circuit breaker when its risk exceeds its limits, in the transaction that learns of it: every entry is frozen and drained, with
/// events, before anyone can read the snapshot that caused it. Nothing but an operator resets it.
/// </summary>
internal sealed class RiskBreaker(RiskCircuitMetrics metrics) : IRiskSnapshotObserver
{
    /// <summary>What a backtest would have lost is no reason to stop.</summary>
    public Task ObserveAsync(WorldChange change, RiskSnapshotRow snapshot) =>
        snapshot.Stage is StageNames.Backtest ? Task.CompletedTask : JudgeAsync(change, snapshot, RiskFigures.Of(snapshot));

    /// <summary>Trips the circuit if <paramref name="figures"/> exceed the world's limits; says whether it did.</summary>
    public async Task<bool> JudgeAsync(WorldChange change, RiskSnapshotRow snapshot, RiskFigures figures)
    {
        var world = await WorldStore.GetAsync(change.Unit, change.World.WorldId);
        if (world.CircuitBreaker) return false;
        var breaches = RiskCircuitRules.Judge(RiskLimits.Read(Json.ReadOptional<RiskProfile>(world.RiskProfile)), figures);
        if (breaches.Count == 0) return false;
        await WorldStore.UpdateAsync(change.Unit, world with { CircuitBreaker = true });
        change.AffectsDecision();
        await change.AuditAsync("risk_circuit_tripped", null, Describe(snapshot, breaches));
        change.Unit.OnCommitted(() => metrics.Tripped(world.WorldId));
        return true;
    }

    private static Struct Describe(RiskSnapshotRow snapshot, IReadOnlyList<RiskBreach> breaches)
    {
        var list = Value.ForList([.. breaches.Select(breach => Value.ForStruct(new Struct
        {
            Fields = { ["limit"] = Value.ForString(breach.Limit), ["value"] = Value.ForNumber(breach.Value), ["allowed"] = Value.ForNumber(breach.Allowed) },
        }))]);
        return new Struct { Fields = { ["snapshot_version"] = Value.ForString(snapshot.Version), ["snapshot_hash"] = Value.ForString(snapshot.Hash), ["breaches"] = list } };
    }
}
