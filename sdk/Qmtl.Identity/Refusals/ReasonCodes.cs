using System.Collections.Frozen;
using System.Reflection;

namespace Qmtl.Identity;

/// <summary>All reason codes of the platform. A code is added here before it is used; it is never renamed.</summary>
public static class ReasonCodes
{
    // Any request.

    /// <summary>The body is not valid JSON.</summary>
    public static ReasonCode InvalidJson { get; } = new("E_INVALID_JSON", 400, "The body is not valid JSON");

    /// <summary>The document does not have the expected shape.</summary>
    public static ReasonCode SchemaInvalid { get; } = new("E_SCHEMA_INVALID", 400, "The document does not have the expected shape");

    /// <summary>A field has a value that is not allowed.</summary>
    public static ReasonCode InvalidArgument { get; } = new("E_INVALID_ARGUMENT", 422, "A field has a value that is not allowed");

    /// <summary>The body has a field that does not exist.</summary>
    public static ReasonCode UnknownField { get; } = new("E_UNKNOWN_FIELD", 422, "The body has a field that does not exist");

    /// <summary>The content type is not accepted here.</summary>
    public static ReasonCode InvalidContentType { get; } = new("E_CONTENT_TYPE", 415, "The content type is not accepted here");

    /// <summary>None of the accepted content types can be answered.</summary>
    public static ReasonCode NotAcceptable { get; } = new("E_NOT_ACCEPTABLE", 406, "None of the accepted content types can be answered");

    /// <summary>The request is larger than allowed.</summary>
    public static ReasonCode TooLarge { get; } = new("E_TOO_LARGE", 413, "The request is larger than allowed");

    /// <summary>There is no such resource.</summary>
    public static ReasonCode NotFound { get; } = new("E_NOT_FOUND", 404, "There is no such resource");

    /// <summary>The resource does not have this method.</summary>
    public static ReasonCode MethodNotAllowed { get; } = new("E_METHOD_NOT_ALLOWED", 405, "The resource does not have this method");

    /// <summary>The resource has changed since it was read.</summary>
    public static ReasonCode EtagConflict { get; } = new("E_ETAG_CONFLICT", 409, "The resource has changed since it was read");

    /// <summary>A condition of the request does not hold.</summary>
    public static ReasonCode PreconditionFailed { get; } = new("E_PRECONDITION_FAILED", 412, "A condition of the request does not hold");

    /// <summary>Too many requests.</summary>
    public static ReasonCode RateLimit { get; } = new("E_RATE_LIMIT", 429, "Too many requests");

    /// <summary>The caller gave up.</summary>
    public static ReasonCode Cancelled { get; } = new("E_CANCELLED", 499, "The caller gave up");

    /// <summary>The work was not finished in time.</summary>
    public static ReasonCode Timeout { get; } = new("E_TIMEOUT", 504, "The work was not finished in time");

    /// <summary>This service does not serve that yet.</summary>
    public static ReasonCode NotImplemented { get; } = new("E_NOT_IMPLEMENTED", 501, "This service does not serve that yet");

    /// <summary>A service that is needed does not answer.</summary>
    public static ReasonCode Unavailable { get; } = new("E_UNAVAILABLE", 503, "A service that is needed does not answer");

    /// <summary>The service works with reduced function and refuses this.</summary>
    public static ReasonCode Degraded { get; } = new("E_DEGRADED", 503, "The service works with reduced function and refuses this");

    /// <summary>A service that is needed gave no usable answer.</summary>
    public static ReasonCode BadUpstream { get; } = new("E_BAD_UPSTREAM", 502, "A service that is needed gave no usable answer");

    /// <summary>Something went wrong inside the service.</summary>
    public static ReasonCode Internal { get; } = new("E_INTERNAL", 500, "Something went wrong inside the service");

    // Who asks, and what they may do.

    /// <summary>The caller did not prove who they are.</summary>
    public static ReasonCode Auth { get; } = new("E_AUTH", 401, "The caller did not prove who they are");

    /// <summary>The token was not signed here or cannot be read.</summary>
    public static ReasonCode TokenInvalid { get; } = new("E_TOKEN_INVALID", 401, "The token was not signed here or cannot be read");

    /// <summary>The token has ended or does not count yet.</summary>
    public static ReasonCode TokenExpired { get; } = new("E_TOKEN_EXPIRED", 401, "The token has ended or does not count yet");

    /// <summary>The token is for another purpose.</summary>
    public static ReasonCode TokenAudience { get; } = new("E_TOKEN_AUDIENCE", 401, "The token is for another purpose");

    /// <summary>The token counts once and was used already.</summary>
    public static ReasonCode TokenReplayed { get; } = new("E_TOKEN_REPLAYED", 401, "The token counts once and was used already");

    /// <summary>The caller may not do this.</summary>
    public static ReasonCode PermissionDenied { get; } = new("E_PERMISSION_DENIED", 403, "The caller may not do this");

    /// <summary>The world does not allow live.</summary>
    public static ReasonCode LiveDisabled { get; } = new("E_LIVE_DISABLED", 403, "The world does not allow live");

    /// <summary>The backup is damaged or does not fit.</summary>
    public static ReasonCode BackupInvalid { get; } = new("E_BACKUP_INVALID", 422, "The backup is damaged or does not fit");

    // Submissions.

    /// <summary>A node lacks fields its identity needs.</summary>
    public static ReasonCode NodeIdFields { get; } = new("E_NODE_ID_FIELDS", 400, "A node lacks fields its identity needs");

    /// <summary>A node names two different schemas.</summary>
    public static ReasonCode SchemaCompatMismatch { get; } = new("E_SCHEMA_COMPAT_MISMATCH", 400, "A node names two different schemas");

    /// <summary>The checksum over the node ids is wrong.</summary>
    public static ReasonCode ChecksumMismatch { get; } = new("E_CHECKSUM_MISMATCH", 400, "The checksum over the node ids is wrong");

    /// <summary>A node id is not the hash of its node.</summary>
    public static ReasonCode NodeIdMismatch { get; } = new("E_NODE_ID_MISMATCH", 400, "A node id is not the hash of its node");

    /// <summary>The graph has a cycle.</summary>
    public static ReasonCode Cycle { get; } = new("E_CYCLE", 400, "The graph has a cycle");

    /// <summary>A node depends on one that is not in the graph.</summary>
    public static ReasonCode UnknownDependency { get; } = new("E_UNKNOWN_DEPENDENCY", 400, "A node depends on one that is not in the graph");

    /// <summary>The same submission is already there.</summary>
    public static ReasonCode Duplicate { get; } = new("E_DUPLICATE", 409, "The same submission is already there");

    /// <summary>world_id is no longer taken.</summary>
    public static ReasonCode WorldIdDeprecated { get; } = new("E_WORLD_ID_DEPRECATED", 422, "world_id is no longer taken");

    /// <summary>A submission needs at least one world.</summary>
    public static ReasonCode WorldIdsRequired { get; } = new("E_WORLD_IDS_REQUIRED", 422, "A submission needs at least one world");

    /// <summary>The commit log does not take records.</summary>
    public static ReasonCode CommitLog { get; } = new("E_COMMITLOG", 503, "The commit log does not take records");

    /// <summary>There is no such strategy.</summary>
    public static ReasonCode StrategyUnknown { get; } = new("E_STRATEGY_UNKNOWN", 404, "There is no such strategy");

    /// <summary>The strategy cannot be built.</summary>
    public static ReasonCode StrategyInvalid { get; } = new("E_STRATEGY_INVALID", 422, "The strategy cannot be built");

    // Worlds, policies and decisions.

    /// <summary>There is no such world.</summary>
    public static ReasonCode WorldUnknown { get; } = new("E_WORLD_UNKNOWN", 404, "There is no such world");

    /// <summary>The world exists already.</summary>
    public static ReasonCode WorldExists { get; } = new("E_WORLD_EXISTS", 409, "The world exists already");

    /// <summary>The world is suspended or deleted.</summary>
    public static ReasonCode WorldInactive { get; } = new("E_WORLD_INACTIVE", 409, "The world is suspended or deleted");

    /// <summary>The policy is not valid.</summary>
    public static ReasonCode PolicyInvalid { get; } = new("E_POLICY_INVALID", 422, "The policy is not valid");

    /// <summary>The world has no such policy version.</summary>
    public static ReasonCode PolicyUnknown { get; } = new("E_POLICY_UNKNOWN", 404, "The world has no such policy version");

    /// <summary>The scenarios are not valid.</summary>
    public static ReasonCode ScenariosInvalid { get; } = new("E_SCENARIOS_INVALID", 422, "The scenarios are not valid");

    /// <summary>The activation entry was never set.</summary>
    public static ReasonCode ActivationUnknown { get; } = new("E_ACTIVATION_UNKNOWN", 404, "The activation entry was never set");

    /// <summary>There is no such validation verdict.</summary>
    public static ReasonCode ValidationUnknown { get; } = new("E_VALIDATION_UNKNOWN", 404, "There is no such validation verdict");

    /// <summary>The world does not know this node.</summary>
    public static ReasonCode NodeUnknown { get; } = new("E_NODE_UNKNOWN", 404, "The world does not know this node");

    /// <summary>A node does not go from this status to that one.</summary>
    public static ReasonCode NodeTransition { get; } = new("E_NODE_TRANSITION", 409, "A node does not go from this status to that one");

    /// <summary>There is no state of this kind.</summary>
    public static ReasonCode UnknownTopic { get; } = new("E_UNKNOWN_TOPIC", 400, "There is no state of this kind");

    /// <summary>The strategy has not come that far.</summary>
    public static ReasonCode StageTooLow { get; } = new("E_STAGE_TOO_LOW", 409, "The strategy has not come that far");

    /// <summary>The world's risk circuit has tripped.</summary>
    public static ReasonCode CircuitBreaker { get; } = new("E_CIRCUIT_BREAKER", 409, "The world's risk circuit has tripped");

    /// <summary>The clock of this machine cannot be trusted.</summary>
    public static ReasonCode ClockSkew { get; } = new("E_CLOCK_SKEW", 503, "The clock of this machine cannot be trusted");

    // Evaluations.

    /// <summary>There is no such run.</summary>
    public static ReasonCode RunUnknown { get; } = new("E_RUN_UNKNOWN", 404, "There is no such run");

    /// <summary>The run has no metrics yet.</summary>
    public static ReasonCode RunNotEvaluated { get; } = new("E_RUN_NOT_EVALUATED", 409, "The run has no metrics yet");

    /// <summary>An approval lacks its reason, actor or time.</summary>
    public static ReasonCode OverrideIncomplete { get; } = new("E_OVERRIDE_INCOMPLETE", 422, "An approval lacks its reason, actor or time");

    /// <summary>A request may not bring its own policy.</summary>
    public static ReasonCode PolicyNotAccepted { get; } = new("E_POLICY_NOT_ACCEPTED", 422, "A request may not bring its own policy");

    // Two-phase apply and promotion.

    /// <summary>Another apply of this world is under way.</summary>
    public static ReasonCode ApplyInProgress { get; } = new("E_APPLY_IN_PROGRESS", 409, "Another apply of this world is under way");

    /// <summary>Not every gateway acknowledged the freeze in time.</summary>
    public static ReasonCode FreezeTimeout { get; } = new("E_FREEZE_TIMEOUT", 504, "Not every gateway acknowledged the freeze in time");

    /// <summary>The switch failed; the previous state was restored.</summary>
    public static ReasonCode SwitchFailed { get; } = new("E_SWITCH_FAILED", 500, "The switch failed; the previous state was restored");

    /// <summary>An operator ended the apply.</summary>
    public static ReasonCode ApplyAborted { get; } = new("E_APPLY_ABORTED", 409, "An operator ended the apply");

    /// <summary>There is no such apply.</summary>
    public static ReasonCode ApplyUnknown { get; } = new("E_APPLY_UNKNOWN", 404, "There is no such apply");

    /// <summary>A condition of the gating policy does not hold.</summary>
    public static ReasonCode GateClosed { get; } = new("E_GATE_CLOSED", 409, "A condition of the gating policy does not hold");

    /// <summary>The gating policy lacks a required part.</summary>
    public static ReasonCode GatingPolicyInvalid { get; } = new("E_GATING_POLICY_INVALID", 422, "The gating policy lacks a required part");

    /// <summary>Caches were hit across contexts.</summary>
    public static ReasonCode CrossContext { get; } = new("E_CROSS_CONTEXT", 409, "Caches were hit across contexts");

    /// <summary>The world's policy disables live promotion.</summary>
    public static ReasonCode PromotionDisabled { get; } = new("E_PROMOTION_DISABLED", 409, "The world's policy disables live promotion");

    /// <summary>What was promoted was taken back before its apply ended.</summary>
    public static ReasonCode PromotionRevoked { get; } = new("E_PROMOTION_REVOKED", 409, "What was promoted was taken back before its apply ended");

    /// <summary>The promotion does not meet its conditions.</summary>
    public static ReasonCode PromotionBlocked { get; } = new("E_PROMOTION_BLOCKED", 409, "The promotion does not meet its conditions");

    /// <summary>This person may not approve here.</summary>
    public static ReasonCode ApproverNotAllowed { get; } = new("E_APPROVER_NOT_ALLOWED", 403, "This person may not approve here");

    // Allocations and rebalancing.

    /// <summary>The world has no allocation.</summary>
    public static ReasonCode AllocationUnknown { get; } = new("E_ALLOCATION_UNKNOWN", 404, "The world has no allocation");

    /// <summary>The shares add up to more than the whole.</summary>
    public static ReasonCode AllocationSum { get; } = new("E_ALLOCATION_SUM", 422, "The shares add up to more than the whole");

    /// <summary>The data do not carry an allocation.</summary>
    public static ReasonCode AllocationData { get; } = new("E_ALLOCATION_DATA", 422, "The data do not carry an allocation");

    /// <summary>No weights meet the constraints.</summary>
    public static ReasonCode AllocationInfeasible { get; } = new("E_ALLOCATION_INFEASIBLE", 422, "No weights meet the constraints");

    /// <summary>There is no such run of allocations.</summary>
    public static ReasonCode AllocationRunUnknown { get; } = new("E_ALLOCATION_RUN_UNKNOWN", 404, "There is no such run of allocations");

    /// <summary>There is no executor to send trades to.</summary>
    public static ReasonCode ExecutorMissing { get; } = new("E_EXECUTOR_MISSING", 503, "There is no executor to send trades to");

    /// <summary>The executor did not take the trades.</summary>
    public static ReasonCode ExecutorFailed { get; } = new("E_EXECUTOR_FAILED", 502, "The executor did not take the trades");

    /// <summary>There is no commit log to write orders to.</summary>
    public static ReasonCode CommitLogDisabled { get; } = new("E_COMMITLOG_DISABLED", 503, "There is no commit log to write orders to");

    /// <summary>Netting into one account is switched off.</summary>
    public static ReasonCode SharedAccountDisabled { get; } = new("E_SHARED_ACCOUNT_DISABLED", 403, "Netting into one account is switched off");

    /// <summary>The netted orders break the account's limits.</summary>
    public static ReasonCode SharedAccountPolicy { get; } = new("E_SHARED_ACCOUNT_POLICY", 422, "The netted orders break the account's limits");

    /// <summary>An overlay symbol belongs to more than one world.</summary>
    public static ReasonCode OverlayAmbiguous { get; } = new("E_OVERLAY_EXECUTION_AMBIGUOUS", 422, "An overlay symbol belongs to more than one world");

    /// <summary>An overlay symbol belongs to no world.</summary>
    public static ReasonCode OverlayUnmapped { get; } = new("E_OVERLAY_EXECUTION_UNMAPPED", 422, "An overlay symbol belongs to no world");

    /// <summary>This rebalancing mode is not served.</summary>
    public static ReasonCode RebalanceModeUnsupported { get; } = new("E_REBALANCE_MODE_UNSUPPORTED", 501, "This rebalancing mode is not served");

    /// <summary>A shadow world never sends orders.</summary>
    public static ReasonCode ShadowOrdersBlocked { get; } = new("E_SHADOW_ORDERS_BLOCKED", 422, "A shadow world never sends orders");

    /// <summary>The world's decision lets no orders through.</summary>
    public static ReasonCode OrdersBlocked { get; } = new("E_ORDERS_BLOCKED", 409, "The world's decision lets no orders through");

    /// <summary>Trades of the plan make no orders.</summary>
    public static ReasonCode OrdersInvalid { get; } = new("E_ORDERS_INVALID", 422, "Trades of the plan make no orders");

    // Fills and events.

    /// <summary>The world or strategy of a fill is not named.</summary>
    public static ReasonCode MissingIds { get; } = new("E_MISSING_IDS", 400, "The world or strategy of a fill is not named");

    /// <summary>The body is not a CloudEvent.</summary>
    public static ReasonCode CloudEventRequired { get; } = new("E_CE_REQUIRED", 400, "The body is not a CloudEvent");

    // Queues and the global graph.

    /// <summary>A topic of this name exists with other settings.</summary>
    public static ReasonCode TopicExists { get; } = new("E_TOPIC_EXISTS", 409, "A topic of this name exists with other settings");

    /// <summary>There is no such version sentinel.</summary>
    public static ReasonCode SentinelUnknown { get; } = new("E_SENTINEL_UNKNOWN", 404, "There is no such version sentinel");

    /// <summary>The graph store does not answer.</summary>
    public static ReasonCode GraphUnavailable { get; } = new("E_GRAPH_UNAVAILABLE", 503, "The graph store does not answer");

    /// <summary>The broker does not answer.</summary>
    public static ReasonCode BrokerUnavailable { get; } = new("E_BROKER_UNAVAILABLE", 503, "The broker does not answer");

    // Market data.

    /// <summary>Market data cannot be used.</summary>
    public static ReasonCode DataInvalid { get; } = new("E_DATA_INVALID", 422, "Market data cannot be used");

    /// <summary>The execution domain does not allow this read.</summary>
    public static ReasonCode DomainPolicy { get; } = new("E_DOMAIN_POLICY", 422, "The execution domain does not allow this read");

    /// <summary>Data did not come within its service level.</summary>
    public static ReasonCode SlaExceeded { get; } = new("E_SLA_EXCEEDED", 504, "Data did not come within its service level");

    /// <summary>Market data does not conform.</summary>
    public static ReasonCode Conformance { get; } = new("E_CONFORMANCE", 422, "Market data does not conform");

    /// <summary>History has gaps.</summary>
    public static ReasonCode HistoryGap { get; } = new("E_HISTORY_GAP", 422, "History has gaps");

    /// <summary>The data is not the data it is said to be.</summary>
    public static ReasonCode FingerprintMismatch { get; } = new("E_FINGERPRINT_MISMATCH", 422, "The data is not the data it is said to be");

    /// <summary>Artifacts cannot be written in this domain.</summary>
    public static ReasonCode ArtifactReadOnly { get; } = new("E_ARTIFACT_READ_ONLY", 403, "Artifacts cannot be written in this domain");

    /// <summary>The schema breaks compatibility.</summary>
    public static ReasonCode SchemaBreaking { get; } = new("E_SCHEMA_BREAKING", 422, "The schema breaks compatibility");

    /// <summary>The world declares no such data preset.</summary>
    public static ReasonCode PresetUnknown { get; } = new("E_PRESET_UNKNOWN", 422, "The world declares no such data preset");

    /// <summary>Another worker holds the lease.</summary>
    public static ReasonCode LeaseHeld { get; } = new("E_LEASE_HELD", 409, "Another worker holds the lease");

    // Shared compute.

    /// <summary>A node has no queue in this context.</summary>
    public static ReasonCode NodeQueueUnknown { get; } = new("E_NODE_QUEUE_UNKNOWN", 409, "A node has no queue in this context");

    /// <summary>The session of shared compute is not open.</summary>
    public static ReasonCode NodeSession { get; } = new("E_NODE_SESSION", 409, "The session of shared compute is not open");

    /// <summary>The stream belongs to another world or domain.</summary>
    public static ReasonCode NodeStreamForeign { get; } = new("E_NODE_STREAM_FOREIGN", 403, "The stream belongs to another world or domain");

    /// <summary>Another session holds the node now, or the lease has ended.</summary>
    public static ReasonCode LeaseFenced { get; } = new("E_LEASE_FENCED", 409, "Another session holds the node now, or the lease has ended");

    /// <summary>Values do not follow on what the stream holds.</summary>
    public static ReasonCode NodeValuesGap { get; } = new("E_NODE_VALUES_GAP", 409, "Values do not follow on what the stream holds");

    /// <summary>The stream holds values over other inputs at this bar.</summary>
    public static ReasonCode NodeValuesConflict { get; } = new("E_NODE_VALUES_CONFLICT", 409, "The stream holds values over other inputs at this bar");

    /// <summary>Values were asked for that retention has removed.</summary>
    public static ReasonCode NodeValuesTrimmed { get; } = new("E_NODE_VALUES_TRIMMED", 410, "Values were asked for that retention has removed");

    // Risk Signal Hub.

    /// <summary>A required header is missing.</summary>
    public static ReasonCode MissingHeaders { get; } = new("E_MISSING_HEADERS", 400, "A required header is missing");

    /// <summary>There is no such snapshot, or it has expired.</summary>
    public static ReasonCode SnapshotUnknown { get; } = new("E_SNAPSHOT_UNKNOWN", 404, "There is no such snapshot, or it has expired");

    /// <summary>The snapshot is not valid.</summary>
    public static ReasonCode SnapshotInvalid { get; } = new("E_SNAPSHOT_INVALID", 422, "The snapshot is not valid");

    /// <summary>The snapshot has expired before it came.</summary>
    public static ReasonCode SnapshotExpired { get; } = new("E_SNAPSHOT_EXPIRED", 422, "The snapshot has expired before it came");

    /// <summary>The large part of a snapshot cannot be read back.</summary>
    public static ReasonCode SnapshotBlobMissing { get; } = new("E_SNAPSHOT_BLOB_MISSING", 503, "The large part of a snapshot cannot be read back");

    /// <summary>This version exists with other content.</summary>
    public static ReasonCode SnapshotConflict { get; } = new("E_SNAPSHOT_CONFLICT", 409, "This version exists with other content");

    /// <summary>The hash is not that of the snapshot.</summary>
    public static ReasonCode SnapshotHashMismatch { get; } = new("E_SNAPSHOT_HASH_MISMATCH", 422, "The hash is not that of the snapshot");

    // Orders that are rejected before they leave; the texts are those of order events.

    /// <summary>The order gate is CLOSED.</summary>
    public static ReasonCode OrderActivationDisabled { get; } = new("activation_disabled", 409, "The order gate is CLOSED");

    /// <summary>Nothing is known of the activation, so the order gate is CLOSED.</summary>
    public static ReasonCode OrderActivationUnknown { get; } = new("activation_unknown", 409, "Nothing is known of the activation, so the order gate is CLOSED");

    /// <summary>The instrument does not take such an order.</summary>
    public static ReasonCode OrderSymbolInvalid { get; } = new("symbol_validation_failed", 422, "The instrument does not take such an order");

    /// <summary>The market is closed.</summary>
    public static ReasonCode OrderMarketClosed { get; } = new("market_closed", 409, "The market is closed");

    /// <summary>The instrument cannot be sold short.</summary>
    public static ReasonCode OrderNotShortable { get; } = new("not_shortable", 409, "The instrument cannot be sold short");

    /// <summary>Cash or margin does not carry the order.</summary>
    public static ReasonCode OrderBuyingPower { get; } = new("insufficient_buying_power", 409, "Cash or margin does not carry the order");

    /// <summary>The order is not valid.</summary>
    public static ReasonCode OrderInvalid { get; } = new("invalid_order", 422, "The order is not valid");

    /// <summary>Too many orders are under way.</summary>
    public static ReasonCode OrderBackpressure { get; } = new("backpressure", 429, "Too many orders are under way");

    /// <summary>The portfolio is behind the market.</summary>
    public static ReasonCode OrderWatermark { get; } = new("watermark", 409, "The portfolio is behind the market");

    /// <summary>The order was rejected without a reason.</summary>
    public static ReasonCode OrderUnknown { get; } = new("unknown", 500, "The order was rejected without a reason");

    private static readonly FrozenDictionary<string, ReasonCode> ByText = typeof(ReasonCodes)
        .GetProperties(BindingFlags.Public | BindingFlags.Static)
        .Where(property => property.PropertyType == typeof(ReasonCode))
        .Select(property => (ReasonCode)property.GetValue(null)!)
        .ToFrozenDictionary(code => code.Code, StringComparer.Ordinal);

    /// <summary>Every code, ordered by its text.</summary>
    public static IReadOnlyList<ReasonCode> All { get; } = [.. ByText.Values.OrderBy(code => code.Code, StringComparer.Ordinal)];

    /// <summary>The code with this text, or null when there is none.</summary>
    public static ReasonCode? Find(string code) => ByText.GetValueOrDefault(code);
}
