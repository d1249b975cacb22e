using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<EvaluationRun> OverrideEvaluationRun(OverrideRunRequest request, ServerCallContext context) => Later<EvaluationRun>(context);

    public override Task<ExPostFailuresResponse> AddExPostFailure(AddExPostFailureRequest request, ServerCallContext context) => Later<ExPostFailuresResponse>(context);
}
