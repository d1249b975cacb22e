using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<RebalancePlan> PlanRebalance(MultiWorldRebalanceRequest request, ServerCallContext context) => Later<RebalancePlan>(context);

    public override Task<ApplyRebalanceResponse> ApplyRebalance(ApplyRebalanceRequest request, ServerCallContext context) => Later<ApplyRebalanceResponse>(context);
}
