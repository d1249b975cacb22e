using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Qmtl.Protos;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Allocation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Audit;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Campaigns;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Evaluation.Review;
using Qmtl.WorldService.Health;
using Qmtl.WorldService.History;
using Qmtl.WorldService.Monitoring.Invariants;
using Qmtl.WorldService.Monitoring.Live;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Rebalancing;
using Qmtl.WorldService.Policies.Tools;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.WorldGraph;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService;

/// <summary>The rpcs: each hands its request to the capability it belongs to and says how the answer looks over HTTP.</summary>
internal sealed partial class WorldServiceApi(
    WorldsHandler worlds,
    PoliciesHandler policies,
    PolicyTestHandler policyTests,
    PolicyDiffHandler policyDiffs,
    BindingsHandler bindings,
    StandingsHandler standings,
    DecisionsHandler decisions,
    ActivationHandler activation,
    EvaluationHandler evaluation,
    RunsHandler runs,
    RunReviewHandler runReviews,
    AllocationHandler allocations,
    AllocationRunsHandler allocationRuns,
    ProposalHandler proposals,
    RebalanceHandler rebalancing,
    NodesHandler nodes,
    ValidationsHandler validations,
    EdgesHandler edges,
    HistoryHandler history,
    AuditHandler audit,
    ApplyHandler applies,
    AuditChainHandler auditChains,
    RiskHubHandler riskHub,
    CampaignHandler campaigns,
    PromotionReviewHandler reviews,
    PromotionQueryHandler promotions,
    LiveMonitoringHandler liveMonitoring,
    InvariantsHandler invariants,
    PromotionHandler promotion,
    DemotionHandler demotion,
    HealthHandler health) : V1.WorldService.WorldServiceBase
{
    private const int Created = 201;

    public override async Task<World> CreateWorld(CreateWorldRequest request, ServerCallContext context)
    {
        var world = await worlds.CreateAsync(request, Caller.From(context), context.CancellationToken);
        context.SetHttpStatus(Created);
        context.SetETag(world.Etag);
        return world;
    }

    public override Task<ListWorldsResponse> ListWorlds(ListWorldsRequest request, ServerCallContext context) =>
        worlds.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override async Task<World> GetWorld(GetWorldRequest request, ServerCallContext context)
    {
        var world = await worlds.GetAsync(request, Caller.From(context), context.CancellationToken);
        context.SetETag(world.Etag);
        return world;
    }

    public override async Task<World> UpdateWorld(UpdateWorldRequest request, ServerCallContext context)
    {
        var world = await worlds.UpdateAsync(request, Caller.From(context), context.CancellationToken);
        context.SetETag(world.Etag);
        return world;
    }

    public override Task<Empty> DeleteWorld(DeleteWorldRequest request, ServerCallContext context) =>
        worlds.DeleteAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<WorldDescription> DescribeWorld(GetWorldRequest request, ServerCallContext context) =>
        worlds.DescribeAsync(request, Caller.From(context), context.CancellationToken);

    public override async Task<CreatePolicyResponse> CreatePolicy(CreatePolicyRequest request, ServerCallContext context)
    {
        var response = await policies.CreateAsync(request, Caller.From(context), context.CancellationToken);
        context.SetHttpStatus(Created);
        return response;
    }

    public override Task<ListPoliciesResponse> ListPolicies(ListPoliciesRequest request, ServerCallContext context) =>
        policies.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<WorldPolicy> GetPolicy(GetPolicyRequest request, ServerCallContext context) =>
        policies.GetAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<SetDefaultPolicyResponse> SetDefaultPolicy(SetDefaultPolicyRequest request, ServerCallContext context) =>
        policies.SetDefaultAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<BindingsResponse> BindStrategies(BindStrategiesRequest request, ServerCallContext context) =>
        bindings.BindAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<BindingsResponse> ListBindings(ListBindingsRequest request, ServerCallContext context) =>
        bindings.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<BindingsResponse> UnbindStrategy(UnbindStrategyRequest request, ServerCallContext context) =>
        bindings.UnbindAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ListStandingsResponse> ListStandings(ListStandingsRequest request, ServerCallContext context) =>
        standings.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<DecisionsResponse> SetDecisions(SetDecisionsRequest request, ServerCallContext context) =>
        decisions.SetAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<DecisionsResponse> GetDecisions(GetDecisionsRequest request, ServerCallContext context) =>
        decisions.GetAsync(request, Caller.From(context), context.CancellationToken);

    public override async Task<DecisionEnvelope> Decide(DecideRequest request, ServerCallContext context)
    {
        var decision = await decisions.DecideAsync(request, Caller.From(context), context.CancellationToken);
        context.SetETag(decision.Etag);
        context.SetCacheControl(decision.Ttl.ToTimeSpan());
        return decision;
    }

    public override async Task<ActivationEnvelope> GetActivation(GetActivationRequest request, ServerCallContext context)
    {
        var entry = await activation.GetAsync(request, Caller.From(context), context.CancellationToken);
        context.SetETag(entry.HttpEtag());
        return entry;
    }

    public override async Task<ActivationEnvelope> PutActivation(PutActivationRequest request, ServerCallContext context)
    {
        var entry = await activation.PutAsync(request, Caller.From(context), context.CancellationToken);
        context.SetETag(entry.HttpEtag());
        return entry;
    }

    public override Task<ListActivationsResponse> ListActivations(ListActivationsRequest request, ServerCallContext context) =>
        activation.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<StateHash> GetStateHash(GetStateHashRequest request, ServerCallContext context) =>
        activation.GetStateHashAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<EvaluateResponse> Evaluate(EvaluateRequest request, ServerCallContext context) =>
        evaluation.EvaluateAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<EvaluateCohortResponse> EvaluateCohort(EvaluateCohortRequest request, ServerCallContext context) =>
        evaluation.EvaluateCohortAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ListEvaluationRunsResponse> ListEvaluationRuns(ListEvaluationRunsRequest request, ServerCallContext context) =>
        runs.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<EvaluationRun> GetEvaluationRun(GetEvaluationRunRequest request, ServerCallContext context) =>
        runs.GetAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<RunMetricsResponse> GetEvaluationRunMetrics(GetEvaluationRunRequest request, ServerCallContext context) =>
        runs.GetMetricsAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<RunHistoryResponse> GetEvaluationRunHistory(GetEvaluationRunRequest request, ServerCallContext context) =>
        runs.GetHistoryAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ListEdgeOverridesResponse> ListEdgeOverrides(ListEdgeOverridesRequest request, ServerCallContext context) =>
        edges.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<EdgeOverride> PutEdgeOverride(PutEdgeOverrideRequest request, ServerCallContext context) =>
        edges.PutAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<Empty> PutHistory(PutHistoryRequest request, ServerCallContext context) =>
        history.PutAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<HistoryMetadata> GetHistory(GetHistoryRequest request, ServerCallContext context) =>
        history.GetAsync(request, Caller.From(context), context.CancellationToken);

    [AllowAnonymous]
    public override Task<WorldServiceHealth> GetHealth(Empty request, ServerCallContext context) => health.GetAsync(context.CancellationToken);
}
