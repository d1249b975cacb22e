using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<PromotionReview> ApproveLive(PromotionReviewRequest request, ServerCallContext context) => Later<PromotionReview>(context);

    public override Task<PromotionReview> RejectLive(PromotionReviewRequest request, ServerCallContext context) => Later<PromotionReview>(context);

    public override Task<PromotionPlan> PlanLive(PromotionPlanRequest request, ServerCallContext context) => Later<PromotionPlan>(context);

    public override Task<PromotionCandidates> ListLiveCandidates(PromotionCandidatesRequest request, ServerCallContext context) => Later<PromotionCandidates>(context);

    public override Task<PromotionResult> ApplyLive(PromotionApplyRequest request, ServerCallContext context) => Later<PromotionResult>(context);

    public override Task<PromotionResult> AutoApplyLive(PromotionAutoApplyRequest request, ServerCallContext context) => Later<PromotionResult>(context);
}
