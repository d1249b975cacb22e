using Grpc.Core;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<PostAllocationsResponse> PostAllocations(PostAllocationsRequest request, ServerCallContext context) =>
        allocations.PostAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<GetAllocationsResponse> GetAllocations(GetAllocationsRequest request, ServerCallContext context) =>
        allocations.GetAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<RollbackAllocationResponse> RollbackAllocation(RollbackAllocationRequest request, ServerCallContext context) =>
        allocationRuns.RollbackAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ListAllocationRunsResponse> ListAllocationRuns(ListAllocationRunsRequest request, ServerCallContext context) =>
        allocationRuns.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ProposeAllocationResponse> ProposeAllocation(ProposeAllocationRequest request, ServerCallContext context) =>
        proposals.ProposeAsync(request, Caller.From(context), context.CancellationToken);
}
