using Qmtl.Storage;
using Qmtl.WorldService.Policies;

namespace Qmtl.WorldService.Promotion;

/// <summary>What outside producers say about the risk of a world.</summary>
internal interface IRiskEvidence
{
    /// <summary>The newest snapshot that has not expired, held against what the policy reads of one.</summary>
    Task<RiskEvidence> ReadAsync(ISession session, string worldId, PolicyDocument? policy, DateTimeOffset now);
}

/// <summary>Where no risk hub is served, there is no evidence.</summary>
internal sealed class NoRiskEvidence : IRiskEvidence
{
    public Task<RiskEvidence> ReadAsync(ISession session, string worldId, PolicyDocument? policy, DateTimeOffset now) => Task.FromResult(RiskEvidence.None);
}
