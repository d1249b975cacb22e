using Grpc.Core;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<PromotionReview> ApproveLive(PromotionReviewRequest request, ServerCallContext context) =>
        reviews.ApproveAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<PromotionReview> RejectLive(PromotionReviewRequest request, ServerCallContext context) =>
        reviews.RejectAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<PromotionPlan> PlanLive(PromotionPlanRequest request, ServerCallContext context) =>
        promotions.PlanAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<PromotionCandidates> ListLiveCandidates(PromotionCandidatesRequest request, ServerCallContext context) =>
        promotions.ListCandidatesAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ListPromotionsResponse> ListPromotions(ListPromotionsRequest request, ServerCallContext context) =>
        promotions.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<PromotionResult> ApplyLive(PromotionApplyRequest request, ServerCallContext context) =>
        promotion.ApplyAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<PromotionResult> AutoApplyLive(PromotionAutoApplyRequest request, ServerCallContext context) =>
        promotion.AutoApplyAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<DemotionResult> DemoteLive(DemoteLiveRequest request, ServerCallContext context) =>
        demotion.DemoteAsync(request, Caller.From(context), context.CancellationToken);
}
