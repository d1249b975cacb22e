using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Allocation;

/// <summary>Proposes how to share a world's capital out; writes nothing.</summary>
internal sealed class ProposalHandler(IDatabase database, WorldAccess access)
{
    public async Task<ProposeAllocationResponse> ProposeAsync(ProposeAllocationRequest request, Caller caller, CancellationToken cancellationToken)
    {
        access.Require(caller, request.WorldId, WorldRole.Reader);
        var inputs = await database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var active = request.Strategies.Count > 0 ? [] : await DecisionStore.ActiveAsync(session, request.WorldId);
                return ProposalReader.Read(request, active, await AllocationStore.FindAsync(session, request.WorldId), RiskFacts.None);
            },
            cancellationToken);
        return AllocationProposal.Build(inputs);
    }
}
