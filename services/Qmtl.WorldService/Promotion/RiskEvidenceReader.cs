using Qmtl.Storage;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.RiskHub;

namespace Qmtl.WorldService.Promotion;

/// <summary>Reads evidence from the Risk Signal Hub, where only outside producers publish.</summary>
internal sealed class RiskEvidenceReader(RiskSnapshots snapshots)
{
    /// <summary>The newest snapshot that has not expired, held against what the policy reads of one.</summary>
    public async Task<RiskEvidence> ReadAsync(ISession session, string worldId, PolicyDocument? policy, DateTimeOffset now)
    {
        var snapshot = await snapshots.LatestAsync(session, worldId, now);
        return snapshot is null ? RiskEvidence.None : new RiskEvidence(snapshot.Version, [.. Needed(policy).Where(need => !snapshot.HasField(need.Field)).Select(need => need.Name)]);
    }

    /// <summary>What the policy reads of a snapshot: a producer that leaves it out leaves a rule blind.</summary>
    private static IEnumerable<(RiskField Field, string Name)> Needed(PolicyDocument? policy)
    {
        yield return (RiskField.Weights, "weights");
        if (policy?.Portfolio is { MaxIncrementalVar99: not null } or { MaxIncrementalEs99: not null }) yield return (RiskField.Covariance, "covariance");
        if (policy?.Stress is not null) yield return (RiskField.Stress, "stress");
        if (policy?.LiveMonitoring is not null) yield return (RiskField.RealizedReturns, "realized_returns");
    }
}
