using Qmtl.ServiceDefaults.Authentication;

namespace Qmtl.WorldService.Access;

/// <summary>
/// The role that each rpc needs in the world it is about. One table, held against every call beside what its handler asks for; an rpc that stands
/// nowhere in it needs the highest role.
/// </summary>
internal static class RpcRoles
{
    /// <summary>Answer everyone: they are about no world, or take in only those in which the caller has the role.</summary>
    private static readonly string[] Open = ["GetHealth", "ListWorlds", "TestPolicy", "RunAllLiveMonitoring"];

    private static readonly string[] Reading =
    [
        "GetWorld", "DescribeWorld", "ListPolicies", "GetPolicy", "DiffPolicy", "ListBindings", "ListStandings", "GetDecisions", "Decide", "GetActivation", "ListActivations", "GetStateHash",
        "ListEvaluationRuns", "GetEvaluationRun", "GetEvaluationRunMetrics", "GetEvaluationRunHistory", "ListExPostFailures", "GetApplyRun", "ListApplyRuns", "ListAudit", "VerifyAudit", "ExportAudit",
        "ListWorldNodes", "GetWorldNode", "ListEdgeOverrides", "LookupValidation", "GetValidationInvariants", "GetCampaignStatus", "TickCampaign",
        "PlanLive", "ListLiveCandidates", "ListPromotions", "GetLiveMonitoringReport", "PlanRebalance", "ProposeAllocation",
        "ListRiskSnapshots", "GetLatestRiskSnapshot", "LookupRiskSnapshot", "GetHistory", "GetAllocations", "ListAllocationRuns",
    ];

    private static readonly string[] Operating =
    [
        "BindStrategies", "UnbindStrategy", "SetDecisions", "PutActivation", "Evaluate", "EvaluateCohort", "OverrideEvaluationRun", "AddExPostFailure", "Apply", "Rollback",
        "PutWorldNode", "DeleteWorldNode", "PutEdgeOverride", "StoreValidation", "DeleteValidations", "ExecuteCampaign", "LeaseCampaign", "ReleaseCampaign",
        "ApproveLive", "RejectLive", "ApplyLive", "AutoApplyLive", "DemoteLive", "RunLiveMonitoring",
        "PostAllocations", "RollbackAllocation", "ApplyRebalance", "PublishRiskSnapshot", "PutHistory",
    ];

    private static readonly string[] Owning = ["CreateWorld", "UpdateWorld", "DeleteWorld", "CreatePolicy", "SetDefaultPolicy"];

    private static readonly Dictionary<string, WorldRole?> ByName = Rows(Open, null).Concat(Rows(Reading, WorldRole.Reader)).Concat(Rows(Operating, WorldRole.Operator)).Concat(Rows(Owning, WorldRole.Owner))
        .ToDictionary(row => row.Key, row => row.Value, StringComparer.Ordinal);

    /// <summary>All rows; null where no role is needed.</summary>
    public static IReadOnlyDictionary<string, WorldRole?> All => ByName;

    /// <summary>What a method needs at least; null where it needs nothing.</summary>
    /// <param name="method">As gRPC names it, <c>/qmtl.v1.WorldService/Decide</c>.</param>
    public static WorldRole? Of(string method) => ByName.TryGetValue(method[(method.LastIndexOf('/') + 1)..], out var role) ? role : WorldRole.Owner;

    /// <summary>Whether an rpc is what a service does of its own accord, beyond its role: the Gateway binds strategies that it took in from somebody who may submit.</summary>
    public static bool IsDutyOf(string subject, string method) => (subject, method) is ("service:gateway", "/qmtl.v1.WorldService/BindStrategies");

    private static IEnumerable<KeyValuePair<string, WorldRole?>> Rows(string[] names, WorldRole? role) => names.Select(name => KeyValuePair.Create(name, role));
}
