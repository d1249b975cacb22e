using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Allocation;

/// <summary>Proposes how to share a world's capital out; writes nothing.</summary>
internal sealed class ProposalHandler(IDatabase database, RiskSnapshots snapshots, TimeProvider clock)
{
    public async Task<ProposeAllocationResponse> ProposeAsync(ProposeAllocationRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var inputs = await database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var active = request.Strategies.Count > 0 ? [] : await DecisionStore.ActiveAsync(session, request.WorldId);
                return ProposalReader.Read(request, active, await AllocationStore.FindAsync(session, request.WorldId), await SnapshotAsync(session, request, cancellationToken));
            },
            cancellationToken);
        return AllocationProposal.Build(inputs);
    }

    /// <summary>What the newest snapshot that has not expired knows; an expired one counts as none.</summary>
    private async Task<RiskFacts> SnapshotAsync(ISession session, ProposeAllocationRequest request, CancellationToken cancellationToken)
    {
        if (request.Series.Count > 0 || request.Covariance.Count > 0) return RiskFacts.None;
        if (await snapshots.LatestAsync(session, request.WorldId, clock.GetUtcNow()) is not { } stored) return RiskFacts.None;
        var row = await snapshots.ExpandAsync(session, stored, cancellationToken);

        // A bare list is the portfolio's own series and says nothing of its strategies.
        var series = row.RealizedReturns.Where(pair => pair.Key != RiskSnapshotRow.Portfolio).ToDictionary(pair => pair.Key, pair => (IReadOnlyList<double>)pair.Value, StringComparer.Ordinal);
        if (series.Count > 0) return new RiskFacts(ProposalSources.Snapshot, series, null, row.Version);
        return row.Snapshot.Covariance.Count > 0 ? new RiskFacts(ProposalSources.Snapshot, null, row.Snapshot.Covariance, row.Version) : RiskFacts.None;
    }
}
