using System.Collections.Concurrent;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.V1;
using AuditEntry = Qmtl.Storage.Audit.AuditEntry;

namespace Qmtl.DagManager.Leases;

/// <summary>Gives out the right to compute a node: one holder at a time for each node, context and set of inputs.</summary>
internal sealed class LeaseHandler(IDatabase database, ITopicAdmin topics, LeaseMetrics metrics)
{
    private const int MostNodes = 5000;
    private const int MostNamed = 100;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<string, bool> _ensured = new(StringComparer.Ordinal);

    /// <summary>Gives out what nobody holds, and what the asker holds already.</summary>
    /// <exception cref="RefusalException">A field is out of range, or a node has no queue in this context.</exception>
    public async Task<AcquireLeasesResponse> AcquireAsync(AcquireLeasesRequest request, CancellationToken cancellation)
    {
        ThrowIfNobody(request.Owner);
        var lasting = LastingOf(request.Lease);
        var (context, keys) = KeysOf(request);
        var (response, queues, takenOver) = await database.WriteAsync(unit => AcquireAsync(unit, request.Owner, context, keys, lasting), cancellation);
        if (takenOver > 0) metrics.TakenOver(takenOver);
        // A lease without its topic ends by itself: its holder is refused and says so.
        await EnsureAsync(queues, cancellation);
        return response;
    }

    /// <summary>Keeps what the owner still holds.</summary>
    public async Task<RenewLeasesResponse> RenewAsync(RenewLeasesRequest request, CancellationToken cancellation)
    {
        ThrowIfNobody(request.Owner);
        var lasting = LastingOf(request.Lease);
        var (held, until) = await database.WriteAsync(async unit => (await LeaseStore.RenewAsync(unit, request.Owner, unit.Now + lasting), unit.Now + lasting), cancellation);
        return new RenewLeasesResponse { StreamIds = { held }, ExpiresAt = Timestamp.FromDateTimeOffset(until) };
    }

    /// <summary>Gives leases up before they end.</summary>
    public async Task<ReleaseLeasesResponse> ReleaseAsync(ReleaseLeasesRequest request, CancellationToken cancellation)
    {
        ThrowIfNobody(request.Owner);
        return new ReleaseLeasesResponse { Released = await database.WriteAsync(unit => LeaseStore.ReleaseAsync(unit, request.Owner, [.. request.StreamIds]), cancellation) };
    }

    private static async Task<(AcquireLeasesResponse Response, IReadOnlyList<LeasedQueue> Queues, int TakenOver)> AcquireAsync(
        IUnitOfWork unit, string owner, Identity.ComputeContext context, LeaseKey[] keys, TimeSpan lasting)
    {
        await unit.LockAsync(LeaseStore.LockOf(context.WorldId));
        var queues = (await LeaseStore.QueuesAsync(unit, context, [.. keys.Select(key => key.NodeId)])).ToDictionary(queue => queue.NodeId, StringComparer.Ordinal);
        ThrowIfWithoutQueue(keys, queues);
        var rows = (await LeaseStore.FindAsync(unit, [.. keys.Select(key => key.StreamId)])).ToDictionary(row => row.StreamId, StringComparer.Ordinal);
        var decided = keys.Select(key => (Key: key, queues[key.NodeId].Topic, Decision: LeaseRules.Decide(rows.GetValueOrDefault(key.StreamId), owner, unit.Now))).ToArray();
        await LeaseStore.HoldAsync(unit, owner, context.WorldId, unit.Now + lasting, decided.Where(one => one.Decision.IsHeld).Select(one => (one.Key, one.Topic, one.Decision.Epoch)));
        var takenOver = decided.Where(one => one.Decision.Outcome == LeaseOutcome.TakenOver).ToArray();
        if (takenOver.Length > 0)
        {
            await unit.AuditAsync(new AuditEntry(owner, "node_leases_taken_over")
            {
                WorldId = context.WorldId,
                Request = JsonSerializer.Serialize(new { nodes = takenOver.Take(MostNamed).Select(one => one.Key.NodeId) }),
                Result = JsonSerializer.Serialize(new { count = takenOver.Length, from = takenOver.Select(one => rows[one.Key.StreamId].Owner).Distinct(StringComparer.Ordinal).Take(MostNamed) }),
            });
        }

        var response = new AcquireLeasesResponse { ExpiresAt = Timestamp.FromDateTimeOffset(unit.Now + lasting) };
        response.Leases.AddRange(decided.Select(one => new NodeLease
        {
            NodeId = one.Key.NodeId,
            StreamId = one.Key.StreamId,
            ComputeKey = one.Key.ComputeKey,
            Topic = one.Topic,
            Held = one.Decision.IsHeld,
            Epoch = one.Decision.Epoch,
        }));
        return (response, [.. queues.Values], takenOver.Length);
    }

    private async Task EnsureAsync(IReadOnlyList<LeasedQueue> queues, CancellationToken cancellation)
    {
        var missing = queues.Where(queue => !_ensured.ContainsKey(queue.Topic)).ToArray();
        await Task.WhenAll(missing.Select(queue => topics.EnsureAsync(new TopicSettings(queue.Topic, queue.Partitions, TimeSpan.FromMilliseconds(queue.RetentionMs)), cancellation)));
        foreach (var queue in missing) _ensured[queue.Topic] = true;
    }

    private static (Identity.ComputeContext Context, LeaseKey[] Keys) KeysOf(AcquireLeasesRequest request)
    {
        if (request.Context is not { WorldId.Length: > 0 } given) throw RefusalException.At(ReasonCodes.InvalidArgument, "/context/world_id", "context.world_id is missing; values are shared within one world");
        if (ExecutionModes.ParseDomain(given.ExecutionDomain) is not { } domain)
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/context/execution_domain", $"execution_domain must be backtest, dryrun, live or shadow, was \"{given.ExecutionDomain}\"");
        if (request.Nodes.Count is 0 or > MostNodes) throw RefusalException.At(ReasonCodes.InvalidArgument, "/nodes", $"nodes must hold 1 to {MostNodes} entries, holds {request.Nodes.Count}");
        var context = new Identity.ComputeContext(given.WorldId, domain, given.AsOf, given.Partition);
        var keys = request.Nodes.Select(node => context.ComputeKeyOf(node.NodeId) is var key ? new LeaseKey(node.NodeId, node.Inputs, key, NodeStreamId.Of(key, node.Inputs)) : null!).ToArray();
        if (keys.DistinctBy(key => key.ComputeKey, StringComparer.Ordinal).Count() != keys.Length) throw RefusalException.At(ReasonCodes.InvalidArgument, "/nodes", "nodes names a node twice; name each once");
        return (context, keys);
    }

    private static void ThrowIfWithoutQueue(LeaseKey[] keys, Dictionary<string, LeasedQueue> queues)
    {
        var without = keys.Where(key => !queues.ContainsKey(key.NodeId)).ToArray();
        if (without.Length == 0) return;
        throw new RefusalException(
            ReasonCodes.NodeQueueUnknown,
            $"{without.Length} of {keys.Length} nodes have no queue in this context, the first is {without[0].NodeId}. Submit the strategy that has them, and wait until its submission is completed.",
            [new FieldError("/nodes", "names nodes that were not submitted in this context")]);
    }

    private static void ThrowIfNobody(string owner)
    {
        if (owner.Length == 0) throw RefusalException.At(ReasonCodes.InvalidArgument, "/owner", "owner is missing; name who holds the leases");
    }

    private static TimeSpan LastingOf(Duration? lease)
    {
        var lasting = lease?.ToTimeSpan() ?? Usual;
        return lasting >= Shortest && lasting <= Longest
            ? lasting
            : throw RefusalException.At(ReasonCodes.InvalidArgument, "/lease", $"lease must last {Shortest.TotalSeconds} s to {Longest.TotalSeconds} s, was {lasting.TotalSeconds} s");
    }
}
