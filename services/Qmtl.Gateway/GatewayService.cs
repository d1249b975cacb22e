using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Qmtl.Gateway.Events;
using Qmtl.Gateway.Fills;
using Qmtl.Gateway.Health;
using Qmtl.Gateway.Rebalancing;
using Qmtl.Gateway.Submissions;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway;

/// <summary>The rpcs: reads a request, calls the capability, writes the answer.</summary>
internal sealed partial class GatewayService(
    IDatabase database,
    SubmissionPipeline pipeline,
    DependencyProbes probes,
    Degradation degradation,
    SubmissionLimits limits,
    EventEndpoints events,
    FillHandler fills,
    RebalanceExecution rebalancing,
    V1.DagManager.DagManagerClient dagManager,
    WorldService.WorldServiceClient worlds,
    WorldServiceOptions worldOptions,
    TimeProvider time) : V1.Gateway.GatewayBase
{
    private const int DefaultPage = 20;
    private const int LargestPage = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public override async Task<StrategyAck> SubmitStrategy(StrategySubmit request, ServerCallContext context)
    {
        Require(context, request.WorldIds, WorldRole.Operator);
        // Before anything is kept: a gateway that lacks most of what it needs says so.
        degradation.RequireSubmissions();
        limits.Take(CallerOf(context));
        var receipt = await pipeline.SubmitAsync(request, Submitter.Of(context), context.CancellationToken);
        context.SetHttpStatus(StatusCodes.Status202Accepted);
        return Acknowledge(receipt);
    }

    public override async Task<StrategyAck> DryRunStrategy(StrategySubmit request, ServerCallContext context)
    {
        Require(context, request.WorldIds, WorldRole.Reader);
        limits.Take(CallerOf(context));
        return Acknowledge(await pipeline.DryRunAsync(request, context.CancellationToken));
    }

    public override async Task<StrategyStatus> GetStrategyStatus(GetStrategyStatusRequest request, ServerCallContext context)
    {
        var stored = await FindAsync(request.StrategyId, context.CancellationToken);
        if (!IsVisible(stored, context.Caller())) context.Caller().Require(stored.WorldIds[0], WorldRole.Reader);
        return Describe(stored);
    }

    public override async Task<ListStrategiesResponse> ListStrategies(ListStrategiesRequest request, ServerCallContext context)
    {
        var limit = request.Limit == 0 ? DefaultPage : request.Limit;
        var (before, beforeId) = PageToken.Parse(request.PageToken);
        var errors = new List<FieldError>();
        if (limit is < 1 or > LargestPage) errors.Add(new FieldError("/limit", $"must be 1 to {LargestPage}, was {limit}"));
        if (request.Status.Length > 0 && SubmissionStates.Parse(request.Status) is null)
            errors.Add(new FieldError("/status", $"must be queued, processing, completed or failed, was \"{request.Status}\""));
        if (before is null) errors.Add(new FieldError("/page_token", "must be the next_page_token of an earlier answer"));
        if (errors.Count > 0) throw new RefusalException(ReasonCodes.InvalidArgument, "The list request has fields out of range.", errors);
        var caller = context.Caller();
        if (request.World.Length > 0) caller.Require(request.World, WorldRole.Reader);

        var query = new SubmissionQuery(request.World, request.Status, limit, before!.Value, beforeId);
        var found = await database.ReadAsync(session => SubmissionStore.ListAsync(session, query), context.CancellationToken);
        var response = new ListStrategiesResponse { NextPageToken = found.Count == limit ? PageToken.Write(found[^1]) : "" };
        response.Strategies.AddRange(found.Where(stored => IsVisible(stored, caller)).Select(Describe));
        return response;
    }

    public override async Task<Empty> ReportHistory(HistoryReport request, ServerCallContext context)
    {
        var targets = request.WorldId.Length > 0 ? [request.WorldId] : await WorldsOfAsync(request.StrategyId, context.CancellationToken);
        foreach (var worldId in targets)
            await worlds.PutHistoryAsync(new PutHistoryRequest { WorldId = worldId, Report = request }, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);
        return new Empty();
    }

    public override async Task<GetQueuesResponse> GetQueuesByTag(GetQueuesRequest request, ServerCallContext context)
    {
        context.Caller().Require(request.WorldId, WorldRole.Reader);
        return await dagManager.GetQueuesAsync(request, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);
    }

    [AllowAnonymous]
    public override async Task<GatewayHealth> GetHealth(Empty request, ServerCallContext context) => Describe(await probes.ReadAsync(context.CancellationToken));

    public override async Task<GatewayStatus> GetStatus(Empty request, ServerCallContext context)
    {
        var states = await probes.ReadAsync(context.CancellationToken);
        var health = Describe(states);
        return new GatewayStatus
        {
            Status = health.Status,
            Redis = health.Redis,
            Postgres = health.Postgres,
            Dagmanager = health.Dagmanager,
            Worldservice = health.Worldservice,
            Capabilities = health.Capabilities,
            RebalanceSchemaVersion = health.RebalanceSchemaVersion,
            AlphaMetricsCapable = health.AlphaMetricsCapable,
            Version = health.Version,
            DegradeLevel = degradation.LevelOf(states).ToString().ToUpperInvariant(),
            EnforceLiveGuard = worldOptions.EnforceLiveGuard,
            Queued = await CountWaitingAsync(context.CancellationToken),
        };
    }

    /// <summary>The status is answered at every level, so also without the store.</summary>
    private async Task<int> CountWaitingAsync(CancellationToken cancellation)
    {
        try
        {
            return await database.ReadAsync(SubmissionStore.CountWaitingAsync, cancellation);
        }
        catch (StorageException)
        {
            return 0;
        }
    }

    /// <summary>Who is counted: the one who asks, or where he asks from.</summary>
    private static string CallerOf(ServerCallContext context) =>
        context.Caller() is { Kind: CallerKind.User or CallerKind.Service } caller ? "sub:" + caller.Subject : "from:" + HostOf(context.Peer);

    // Connections of one machine differ in their port only.
    private static string HostOf(string peer) => peer.LastIndexOf(':') is var port and > 0 ? peer[..port] : peer;

    private DateTime Deadline(ServerCallContext context)
    {
        var own = time.GetUtcNow().UtcDateTime + Patience;
        return context.Deadline < own ? context.Deadline : own;
    }

    private async Task<StoredSubmission> FindAsync(string strategyId, CancellationToken cancellation) =>
        await database.ReadAsync(session => SubmissionStore.FindAsync(session, strategyId), cancellation)
        ?? throw new RefusalException(ReasonCodes.StrategyUnknown, $"No strategy \"{strategyId}\" was submitted here.", [new FieldError("/strategy_id", "names no strategy")]);

    private async Task<IReadOnlyList<string>> WorldsOfAsync(string strategyId, CancellationToken cancellation) => (await FindAsync(strategyId, cancellation)).WorldIds;

    private static void Require(ServerCallContext context, IEnumerable<string> worldIds, WorldRole role)
    {
        var caller = context.Caller();
        foreach (var world in worldIds) caller.Require(world, role);
    }

    private static bool IsVisible(StoredSubmission stored, CallerIdentity caller) => stored.WorldIds.Any(world => caller.Allows(world, WorldRole.Reader));

    private static StrategyAck Acknowledge(SubmissionReceipt receipt)
    {
        var ack = new StrategyAck
        {
            StrategyId = receipt.StrategyId,
            SentinelId = receipt.Outcome.SentinelId,
            NodeIdsCrc32 = receipt.Crc,
            Downgraded = receipt.Context.Downgraded,
            DowngradeReason = receipt.Context.DowngradeReason?.ToToken(),
            SafeMode = receipt.Context.SafeMode,
            ComputeContext = Describe(receipt.Context),
        };
        foreach (var (key, topic) in receipt.Outcome.QueueMap) ack.QueueMap[key] = Value.ForString(topic);
        foreach (var (node, topic) in receipt.Outcome.NodeQueues) ack.NodeQueues[node] = topic;
        return ack;
    }

    private static StrategyStatus Describe(StoredSubmission stored)
    {
        var status = new StrategyStatus
        {
            StrategyId = stored.StrategyId,
            Status = stored.Status,
            Reason = stored.Reason,
            SubmittedAt = Timestamp.FromDateTimeOffset(stored.SubmittedAt),
            UpdatedAt = Timestamp.FromDateTimeOffset(stored.UpdatedAt),
            NodeCount = stored.NodeCount,
            Meta = ProtoJson.Read<Struct>(stored.MetaJson),
        };
        status.WorldIds.AddRange(stored.WorldIds);
        foreach (var (key, topic) in stored.Outcome.QueueMap) status.QueueMap[key] = Value.ForString(topic);
        foreach (var (node, topic) in stored.Outcome.NodeQueues) status.NodeQueues[node] = topic;
        return status;
    }

    private static V1.ComputeContext Describe(Identity.ComputeContext context) => new()
    {
        WorldId = context.WorldId,
        ExecutionDomain = context.Domain.ToToken(),
        AsOf = context.AsOf,
        Partition = context.Partition,
        DatasetFingerprint = context.DatasetFingerprint,
        Downgraded = context.Downgraded,
        DowngradeReason = context.DowngradeReason?.ToToken(),
        SafeMode = context.SafeMode,
    };

    private GatewayHealth Describe(DependencyStates states) => new()
    {
        Status = degradation.LevelOf(states) == DegradeLevel.Normal ? DependencyStates.Ok : "degraded",
        Redis = states.Redis,
        Postgres = states.Store,
        Dagmanager = states.DagManager,
        Worldservice = states.WorldService,
        Capabilities = new GatewayCapabilities { RebalanceSchemaVersion = RebalanceOptions.NewestSchema, AlphaMetricsCapable = true, ComputeContextContract = "v1" },
        RebalanceSchemaVersion = RebalanceOptions.NewestSchema,
        AlphaMetricsCapable = true,
        Version = typeof(GatewayService).Assembly.GetName().Version?.ToString(3) ?? "",
    };
}

/// <summary>Where a page of submissions ended. Opaque to clients. Pure.</summary>
internal static class PageToken
{
    /// <summary>Reads a token; an empty one is the first page.</summary>
    /// <returns>A null time when the token is none of ours.</returns>
    public static (DateTimeOffset? Before, string BeforeId) Parse(string token)
    {
        if (token.Length == 0) return (UnixTime.FromNanoseconds(long.MaxValue), "");
        var at = token.IndexOf('.', StringComparison.Ordinal);
        return at > 0 && long.TryParse(token.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out var nanoseconds)
            ? (UnixTime.FromNanoseconds(nanoseconds), token[(at + 1)..])
            : (null, "");
    }

    /// <summary>The token of the page behind a submission.</summary>
    public static string Write(StoredSubmission last) => string.Create(CultureInfo.InvariantCulture, $"{UnixTime.ToNanoseconds(last.SubmittedAt)}.{last.StrategyId}");
}
