using Grpc.Core;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<TestPolicyResponse> TestPolicy(TestPolicyRequest request, ServerCallContext context) => Task.FromResult(policyTests.Test(request));

    public override Task<PolicyDiff> DiffPolicy(DiffPolicyRequest request, ServerCallContext context) =>
        policyDiffs.DiffAsync(request, Caller.From(context), context.CancellationToken);
}
