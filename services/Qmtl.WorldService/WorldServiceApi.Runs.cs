using Grpc.Core;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<EvaluationRun> OverrideEvaluationRun(OverrideRunRequest request, ServerCallContext context) =>
        runReviews.OverrideAsync(request, Caller.From(context), context.CancellationToken);

    public override async Task<ExPostFailuresResponse> AddExPostFailure(AddExPostFailureRequest request, ServerCallContext context)
    {
        var response = await runReviews.AddFailureAsync(request, Caller.From(context), context.CancellationToken);
        context.SetHttpStatus(Created);
        return response;
    }

    public override Task<ExPostFailuresResponse> ListExPostFailures(ListExPostFailuresRequest request, ServerCallContext context) =>
        runReviews.ListFailuresAsync(request, Caller.From(context), context.CancellationToken);
}
