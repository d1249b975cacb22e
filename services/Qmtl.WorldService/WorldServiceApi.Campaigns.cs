using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<CampaignStatus> GetCampaignStatus(CampaignRequest request, ServerCallContext context) =>
        campaigns.GetStatusAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<CampaignTick> TickCampaign(CampaignRequest request, ServerCallContext context) =>
        campaigns.TickAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<CampaignExecution> ExecuteCampaign(ExecuteCampaignRequest request, ServerCallContext context) =>
        campaigns.ExecuteAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<CampaignLease> LeaseCampaign(LeaseCampaignRequest request, ServerCallContext context) =>
        campaigns.LeaseAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<Empty> ReleaseCampaign(ReleaseCampaignRequest request, ServerCallContext context) =>
        campaigns.ReleaseAsync(request, Caller.From(context), context.CancellationToken);
}
