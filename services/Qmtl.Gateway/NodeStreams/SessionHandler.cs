using System.Text.RegularExpressions;
using Qmtl.Gateway.Submissions;
using Qmtl.Identity;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.NodeStreams;

/// <summary>Sessions of shared compute: who may compute and read which nodes. DagManager gives out the leases; what is written here fences by them.</summary>
internal sealed partial class SessionHandler(IDatabase database, ITopicAdmin topics, V1.DagManager.DagManagerClient dagManager, SharedComputeMetrics metrics, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    /// <summary>Asks for nodes.</summary>
    /// <exception cref="RefusalException">The session or the submission does not fit, or DagManager refuses.</exception>
    public async Task<AcquireNodesResponse> AcquireAsync(AcquireNodesRequest request, CallerIdentity caller, CancellationToken cancellation)
    {
        if (!SessionText().IsMatch(request.SessionId)) throw RefusalException.At(ReasonCodes.InvalidArgument, "/session_id", "session_id must be 16 to 64 letters, digits and hyphens");
        foreach (var (index, node) in request.Nodes.Index())
        {
            if (!BatchCheck.IsHash(node.Inputs)) throw RefusalException.At(ReasonCodes.InvalidArgument, $"/nodes/{index}/inputs", "inputs must be \"sha256:\" and 64 hex digits");
        }

        var context = await ContextAsync(request, cancellation);
        // The session is what everything after is allowed by: whoever may run strategies in the world may have one.
        caller.Require(context.WorldId, WorldRole.Operator);
        var leases = await dagManager.AcquireLeasesAsync(
            new AcquireLeasesRequest { Owner = request.SessionId, Context = context, Nodes = { request.Nodes }, Lease = request.Lease }, deadline: Deadline(), cancellationToken: cancellation);
        var until = leases.ExpiresAt.ToDateTimeOffset();
        var session = new SessionRow { SessionId = request.SessionId, StrategyId = request.StrategyId, WorldId = context.WorldId, ExecutionDomain = context.ExecutionDomain, ExpiresAt = until };
        var known = await database.ReadAsync(reader => StreamStore.FindAsync(reader, [.. leases.Leases.Select(lease => lease.StreamId)]), cancellation);
        var added = await NewStreamsAsync(leases.Leases, known, session, cancellation);
        var rows = await database.WriteAsync(unit => FenceAsync(unit, session, leases.Leases, added), cancellation);
        return Answer(leases, rows, context, session.SessionId);
    }

    /// <summary>Keeps a session and what it still holds.</summary>
    public async Task<RenewNodesResponse> RenewAsync(RenewNodesRequest request, CancellationToken cancellation)
    {
        await OpenSessionAsync(request.SessionId, cancellation);
        var leases = await dagManager.RenewLeasesAsync(new RenewLeasesRequest { Owner = request.SessionId, Lease = request.Lease }, deadline: Deadline(), cancellationToken: cancellation);
        var until = leases.ExpiresAt.ToDateTimeOffset();
        await database.WriteAsync(
            async unit =>
            {
                await unit.ExecuteAsync("UPDATE gw_node_sessions SET expires_at = @until WHERE session_id = @SessionId", new { until, request.SessionId });
                if (leases.StreamIds.Count > 0) await StreamStore.RenewAsync(unit, request.SessionId, [.. leases.StreamIds], until);
            },
            cancellation);
        metrics.Used(request.Usage);
        return new RenewNodesResponse { ExpiresAt = leases.ExpiresAt, Held = { leases.StreamIds } };
    }

    /// <summary>Gives nodes up, or ends a session.</summary>
    public async Task<ReleaseNodesResponse> ReleaseAsync(ReleaseNodesRequest request, CancellationToken cancellation)
    {
        await OpenSessionAsync(request.SessionId, cancellation);
        // Here first: nobody may hold a node at DagManager while somebody else still appends to it.
        await database.WriteAsync(
            async unit =>
            {
                await StreamStore.ReleaseAsync(unit, request.SessionId, [.. request.StreamIds]);
                if (request.StreamIds.Count == 0) await StreamStore.EndSessionAsync(unit, request.SessionId);
            },
            cancellation);
        metrics.Used(request.Usage);
        var released = await dagManager.ReleaseLeasesAsync(new ReleaseLeasesRequest { Owner = request.SessionId, StreamIds = { request.StreamIds } }, deadline: Deadline(), cancellationToken: cancellation);
        return new ReleaseNodesResponse { Released = released.Released };
    }

    /// <summary>The session, if it is open.</summary>
    /// <exception cref="RefusalException">It is not.</exception>
    public async Task<SessionRow> OpenSessionAsync(string sessionId, CancellationToken cancellation)
    {
        var row = await database.ReadAsync(reader => StreamStore.FindSessionAsync(reader, sessionId), cancellation);
        return row is not null && row.ExpiresAt > time.GetUtcNow()
            ? row
            : throw new RefusalException(ReasonCodes.NodeSession, "The session is not open: it never was, it was ended, or it was not renewed in time. Acquire the nodes again.", [new FieldError("/session_id", "names no open session")]);
    }

    /// <summary>The context that the submission was given: a client never names one.</summary>
    private async Task<V1.ComputeContext> ContextAsync(AcquireNodesRequest request, CancellationToken cancellation)
    {
        var stored = await database.ReadAsync(reader => SubmissionStore.FindAsync(reader, request.StrategyId), cancellation)
            ?? throw new RefusalException(ReasonCodes.StrategyUnknown, $"No strategy \"{request.StrategyId}\" was submitted here.", [new FieldError("/strategy_id", "names no strategy")]);
        var context = stored.Contexts.FirstOrDefault(one => string.Equals(one.WorldId, request.WorldId, StringComparison.Ordinal))
            ?? throw RefusalException.At(ReasonCodes.InvalidArgument, "/world_id", $"{request.StrategyId} was submitted to {string.Join(", ", stored.WorldIds)}, not to \"{request.WorldId}\"");
        var known = await database.ReadAsync(reader => StreamStore.FindSessionAsync(reader, request.SessionId), cancellation);
        if (known is not null && !(string.Equals(known.StrategyId, request.StrategyId, StringComparison.Ordinal) && string.Equals(known.WorldId, request.WorldId, StringComparison.Ordinal)))
            throw new RefusalException(ReasonCodes.NodeSession, "The session is one of another strategy or world; make up an id for each run.", [new FieldError("/session_id", "is taken")]);
        return new V1.ComputeContext
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
    }

    /// <summary>The streams that are new here, with the place in the log behind which their records will stand.</summary>
    private async Task<IReadOnlyList<StreamRow>> NewStreamsAsync(IReadOnlyCollection<NodeLease> leases, IReadOnlyList<StreamRow> known, SessionRow session, CancellationToken cancellation)
    {
        var here = known.Select(row => row.StreamId).ToHashSet(StringComparer.Ordinal);
        return await Task.WhenAll(leases.Where(lease => !here.Contains(lease.StreamId)).Select(async lease =>
        {
            var partitions = await topics.DescribeAsync(lease.Topic, cancellation);
            var partition = partitions.Count == 0 ? 0 : KeyPartitioner.PartitionOf(lease.StreamId, partitions.Count);
            return new StreamRow
            {
                StreamId = lease.StreamId,
                NodeId = lease.NodeId,
                WorldId = session.WorldId,
                ExecutionDomain = session.ExecutionDomain,
                Topic = lease.Topic,
                LogPartition = partition,
                FirstOffset = partitions.Count == 0 ? 0 : partitions[partition].End,
                ExpiresAt = DateTimeOffset.UnixEpoch,
            };
        }));
    }

    private static async Task<IReadOnlyList<StreamRow>> FenceAsync(IUnitOfWork unit, SessionRow session, IReadOnlyCollection<NodeLease> leases, IReadOnlyList<StreamRow> added)
    {
        await StreamStore.ForgetSessionsAsync(unit, unit.Now - Memory);
        await StreamStore.KeepSessionAsync(unit, session);
        await StreamStore.AddAsync(unit, added);
        var streams = leases.Select(lease => lease.StreamId).ToArray();
        await StreamStore.LockAsync(unit, streams);
        foreach (var lease in leases.Where(lease => lease.Held)) await StreamStore.FenceAsync(unit, lease.StreamId, session.SessionId, lease.Epoch, session.ExpiresAt);
        return await StreamStore.FindAsync(unit, streams);
    }

    private static AcquireNodesResponse Answer(AcquireLeasesResponse leases, IReadOnlyList<StreamRow> rows, V1.ComputeContext context, string sessionId)
    {
        var byId = rows.ToDictionary(row => row.StreamId, StringComparer.Ordinal);
        var response = new AcquireNodesResponse { ExpiresAt = leases.ExpiresAt, ComputeContext = context };
        response.Nodes.AddRange(leases.Leases.Select(lease =>
        {
            var row = byId[lease.StreamId];
            // A lease that somebody newer has fenced off since is none.
            var held = lease.Held && row.Epoch == lease.Epoch && string.Equals(row.Owner, sessionId, StringComparison.Ordinal);
            return new NodeRole
            {
                NodeId = lease.NodeId,
                StreamId = lease.StreamId,
                Role = held ? "producer" : "consumer",
                Topic = lease.Topic,
                Epoch = lease.Epoch,
                NextBar = row.NextBar,
                InputWindowHash = row.InputWindowHash,
            };
        }));
        return response;
    }

    private DateTime Deadline() => time.GetUtcNow().UtcDateTime + Patience;

    [GeneratedRegex("^[A-Za-z0-9-]{16,64}\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SessionText();
}
