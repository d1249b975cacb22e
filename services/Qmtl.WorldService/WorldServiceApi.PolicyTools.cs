using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<TestPolicyResponse> TestPolicy(TestPolicyRequest request, ServerCallContext context) => Later<TestPolicyResponse>(context);

    public override Task<PolicyDiff> DiffPolicy(DiffPolicyRequest request, ServerCallContext context) => Later<PolicyDiff>(context);
}
