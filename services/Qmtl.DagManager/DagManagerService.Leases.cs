using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.DagManager;

internal sealed partial class DagManagerService
{
    public override Task<AcquireLeasesResponse> AcquireLeases(AcquireLeasesRequest request, ServerCallContext context) => leases.AcquireAsync(request, context.CancellationToken);

    public override Task<RenewLeasesResponse> RenewLeases(RenewLeasesRequest request, ServerCallContext context) => leases.RenewAsync(request, context.CancellationToken);

    public override Task<ReleaseLeasesResponse> ReleaseLeases(ReleaseLeasesRequest request, ServerCallContext context) => leases.ReleaseAsync(request, context.CancellationToken);
}
