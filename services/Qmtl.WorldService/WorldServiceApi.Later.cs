using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.WorldService;

/// <summary>Rpcs of the contract that this version does not serve. They say so rather than answer something.</summary>
internal sealed partial class WorldServiceApi
{
    public override Task<EvaluationRun> OverrideEvaluationRun(OverrideRunRequest request, ServerCallContext context) => Later<EvaluationRun>(context);

    public override Task<ExPostFailuresResponse> AddExPostFailure(AddExPostFailureRequest request, ServerCallContext context) => Later<ExPostFailuresResponse>(context);

    public override Task<ApplyAck> Apply(ApplyRequest request, ServerCallContext context) => Later<ApplyAck>(context);

    public override Task<ApplyRun> GetApplyRun(GetApplyRunRequest request, ServerCallContext context) => Later<ApplyRun>(context);

    public override Task<ApplyAck> Rollback(RollbackRequest request, ServerCallContext context) => Later<ApplyAck>(context);

    public override Task<ListWorldNodesResponse> ListWorldNodes(ListWorldNodesRequest request, ServerCallContext context) => Later<ListWorldNodesResponse>(context);

    public override Task<WorldNode> GetWorldNode(GetWorldNodeRequest request, ServerCallContext context) => Later<WorldNode>(context);

    public override Task<WorldNode> PutWorldNode(PutWorldNodeRequest request, ServerCallContext context) => Later<WorldNode>(context);

    public override Task<Empty> DeleteWorldNode(DeleteWorldNodeRequest request, ServerCallContext context) => Later<Empty>(context);

    public override Task<ValidationEntry> LookupValidation(LookupValidationRequest request, ServerCallContext context) => Later<ValidationEntry>(context);

    public override Task<ValidationEntry> StoreValidation(StoreValidationRequest request, ServerCallContext context) => Later<ValidationEntry>(context);

    public override Task<DeleteValidationsResponse> DeleteValidations(DeleteValidationsRequest request, ServerCallContext context) => Later<DeleteValidationsResponse>(context);

    public override Task<ValidationInvariantsReport> GetValidationInvariants(GetValidationInvariantsRequest request, ServerCallContext context) => Later<ValidationInvariantsReport>(context);

    public override Task<CampaignStatus> GetCampaignStatus(CampaignRequest request, ServerCallContext context) => Later<CampaignStatus>(context);

    public override Task<CampaignTick> TickCampaign(CampaignRequest request, ServerCallContext context) => Later<CampaignTick>(context);

    public override Task<PromotionReview> ApproveLive(PromotionReviewRequest request, ServerCallContext context) => Later<PromotionReview>(context);

    public override Task<PromotionReview> RejectLive(PromotionReviewRequest request, ServerCallContext context) => Later<PromotionReview>(context);

    public override Task<PromotionPlan> PlanLive(PromotionPlanRequest request, ServerCallContext context) => Later<PromotionPlan>(context);

    public override Task<PromotionCandidates> ListLiveCandidates(PromotionCandidatesRequest request, ServerCallContext context) => Later<PromotionCandidates>(context);

    public override Task<PromotionResult> ApplyLive(PromotionApplyRequest request, ServerCallContext context) => Later<PromotionResult>(context);

    public override Task<PromotionResult> AutoApplyLive(PromotionAutoApplyRequest request, ServerCallContext context) => Later<PromotionResult>(context);

    public override Task<LiveMonitoringReport> GetLiveMonitoringReport(LiveMonitoringReportRequest request, ServerCallContext context) => Later<LiveMonitoringReport>(context);

    public override Task<LiveMonitoringRun> RunLiveMonitoring(RunLiveMonitoringRequest request, ServerCallContext context) => Later<LiveMonitoringRun>(context);

    public override Task<LiveMonitoringRuns> RunAllLiveMonitoring(RunAllLiveMonitoringRequest request, ServerCallContext context) => Later<LiveMonitoringRuns>(context);

    public override Task<RebalancePlan> PlanRebalance(MultiWorldRebalanceRequest request, ServerCallContext context) => Later<RebalancePlan>(context);

    public override Task<ApplyRebalanceResponse> ApplyRebalance(ApplyRebalanceRequest request, ServerCallContext context) => Later<ApplyRebalanceResponse>(context);

    public override Task<RiskSnapshot> PublishRiskSnapshot(PublishSnapshotRequest request, ServerCallContext context) => Later<RiskSnapshot>(context);

    public override Task<ListSnapshotsResponse> ListRiskSnapshots(ListSnapshotsRequest request, ServerCallContext context) => Later<ListSnapshotsResponse>(context);

    public override Task<RiskSnapshot> GetLatestRiskSnapshot(LatestSnapshotRequest request, ServerCallContext context) => Later<RiskSnapshot>(context);

    public override Task<RiskSnapshot> LookupRiskSnapshot(LookupSnapshotRequest request, ServerCallContext context) => Later<RiskSnapshot>(context);

    private static Task<T> Later<T>(ServerCallContext context) => throw new RefusalException(
        ReasonCodes.NotImplemented, $"{context.Method.TrimStart('/')} is part of the contract and not served by this version.");
}
