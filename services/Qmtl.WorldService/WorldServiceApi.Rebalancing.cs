using Grpc.Core;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<RebalancePlan> PlanRebalance(MultiWorldRebalanceRequest request, ServerCallContext context) =>
        rebalancing.PlanAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ApplyRebalanceResponse> ApplyRebalance(ApplyRebalanceRequest request, ServerCallContext context) =>
        rebalancing.ApplyAsync(request, Caller.From(context), context.CancellationToken);
}
