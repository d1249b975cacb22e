using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<CampaignStatus> GetCampaignStatus(CampaignRequest request, ServerCallContext context) => Later<CampaignStatus>(context);

    public override Task<CampaignTick> TickCampaign(CampaignRequest request, ServerCallContext context) => Later<CampaignTick>(context);
}
