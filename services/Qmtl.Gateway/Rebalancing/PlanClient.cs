using Grpc.Core;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;

namespace Qmtl.Gateway.Rebalancing;

/// <summary>Asks WorldService for a plan, in the newest version that both sides understand.</summary>
internal sealed class PlanClient(WorldService.WorldServiceClient worlds, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly int[] OtherVersion = [400, 404, 415, 422, 501];

    /// <summary>The plan. Who names a version gets that one; else the newest, and the first where the newest is refused.</summary>
    public async Task<RebalancePlan> PlanAsync(MultiWorldRebalanceRequest request, ServerCallContext context)
    {
        if (request.SchemaVersion != 0) return await AskAsync(request, request.SchemaVersion, context);
        try
        {
            return await AskAsync(request, RebalanceOptions.NewestSchema, context);
        }
        catch (RefusalException refusal) when (OtherVersion.Contains(refusal.Code.HttpStatus))
        {
            // What is wrong in every version is refused again, and then it is that refusal that counts.
            return await AskAsync(request, 1, context);
        }
    }

    private async Task<RebalancePlan> AskAsync(MultiWorldRebalanceRequest request, int version, ServerCallContext context)
    {
        var asked = request.Clone();
        asked.SchemaVersion = version;
        return await worlds.PlanRebalanceAsync(asked, context.ForwardedHeaders(), time.GetUtcNow().UtcDateTime + Patience, context.CancellationToken);
    }
}
