using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<ApplyAck> Apply(ApplyRequest request, ServerCallContext context) => Later<ApplyAck>(context);

    public override Task<ApplyRun> GetApplyRun(GetApplyRunRequest request, ServerCallContext context) => Later<ApplyRun>(context);

    public override Task<ApplyAck> Rollback(RollbackRequest request, ServerCallContext context) => Later<ApplyAck>(context);
}
