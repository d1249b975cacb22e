using Grpc.Core;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<ApplyAck> Apply(ApplyRequest request, ServerCallContext context) => applies.ApplyAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ListApplyRunsResponse> ListApplyRuns(ListApplyRunsRequest request, ServerCallContext context) =>
        applies.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ApplyRun> GetApplyRun(GetApplyRunRequest request, ServerCallContext context) => applies.GetAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ApplyAck> Rollback(RollbackRequest request, ServerCallContext context) => applies.RollbackAsync(request, Caller.From(context), context.CancellationToken);
}
