using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;

namespace Qmtl.Gateway;

/// <summary>Rpcs about fills and rebalancing orders.</summary>
internal sealed partial class GatewayService
{
    /// <summary>Open to the door: the fill brings a credential of its own.</summary>
    [AllowAnonymous]
    public override async Task<PostFillResponse> PostFill(PostFillRequest request, ServerCallContext context)
    {
        var response = await fills.PostAsync(request, context);
        context.SetHttpStatus(StatusCodes.Status202Accepted);
        return response;
    }

    public override Task<FillToken> CreateFillToken(FillTokenRequest request, ServerCallContext context) => fills.CreateTokenAsync(request, context);

    public override Task<ReplayFillsResponse> ReplayFills(ReplayFillsRequest request, ServerCallContext context) => fills.ReplayAsync(request, context);

    public override Task<ExecuteRebalanceResponse> ExecuteRebalance(ExecuteRebalanceRequest request, ServerCallContext context) => rebalancing.ExecuteAsync(request, context);
}
