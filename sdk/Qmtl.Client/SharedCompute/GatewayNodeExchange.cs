using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Runtime;
using Qmtl.V1;

namespace Qmtl.Client;

/// <summary>The exchange of node values at a Gateway, for one run of one submitted strategy.</summary>
/// <param name="gateway">The Gateway.</param>
/// <param name="strategyId">The strategy, as its submission was answered.</param>
/// <param name="worldId">The world whose sessions share.</param>
/// <param name="lease">How long the session may be silent.</param>
/// <param name="time">The clock of retries.</param>
public sealed class GatewayNodeExchange(GatewayClient gateway, string strategyId, string worldId, TimeSpan lease, TimeProvider time) : INodeExchange
{
    private const int SubmissionAttempts = 20;
    private static readonly TimeSpan SubmissionPause = TimeSpan.FromMilliseconds(250);
    private static readonly IReadOnlySet<string> Nothing = new HashSet<string>(StringComparer.Ordinal);

    // Whoever knows it may read and append: as hard to guess as a random number of 122 bits.
    private readonly string _session = Guid.NewGuid().ToString();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<NodeGrant>> AcquireAsync(IReadOnlyList<NodeRequest> nodes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var request = new AcquireNodesRequest { SessionId = _session, StrategyId = strategyId, WorldId = worldId, Lease = Duration.FromTimeSpan(lease) };
        request.Nodes.AddRange(nodes.Select(node => new NodeInput { NodeId = node.NodeId, Inputs = node.Inputs }));
        var response = await AcquireAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.Nodes.Count != nodes.Count) throw new RefusalException(ReasonCodes.BadUpstream, $"The gateway answered {response.Nodes.Count} nodes for {nodes.Count}.");
        return [.. response.Nodes.Select(node => new NodeGrant(node.StreamId, node.Role == "producer", node.Epoch, node.NextBar))];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlySet<string>> RenewAsync(NodeEvaluations usage, CancellationToken cancellationToken = default)
    {
        var request = new RenewNodesRequest { SessionId = _session, Lease = Duration.FromTimeSpan(lease), Usage = Usage(usage) };
        var response = await gateway.PostAsync<RenewNodesResponse>("node-streams/renew", request, cancellationToken).ConfigureAwait(false);
        return response.Held.Count == 0 ? Nothing : response.Held.ToHashSet(StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(IReadOnlyList<string> streams, NodeEvaluations usage, CancellationToken cancellationToken = default) => gateway.PostAsync<ReleaseNodesResponse>(
        "node-streams/release", new ReleaseNodesRequest { SessionId = _session, StreamIds = { streams }, Usage = Usage(usage) }, cancellationToken);

    /// <inheritdoc/>
    public Task AppendAsync(IReadOnlyList<NodeBatch> batches, CancellationToken cancellationToken = default)
    {
        var request = new AppendNodeValuesRequest { SessionId = _session };
        request.Batches.AddRange(batches.Select(batch => new NodeValues
        {
            StreamId = batch.StreamId,
            Epoch = batch.Epoch,
            FirstBar = batch.FirstBar,
            FirstTime = TimeOf(batch.FirstTime),
            Bars = batch.Bars,
            InputWindowHash = batch.InputWindowHash,
            Columns = { batch.Columns.Select(column => NodeColumns.Pack(column)) },
        }));
        return gateway.PostAsync<AppendNodeValuesResponse>("node-streams/append", request, cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<NodeBatch> ReadAsync(IReadOnlyDictionary<string, long> from, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ReadNodeValuesRequest { SessionId = _session };
        request.Streams.AddRange(from.Select(stream => new StreamPosition { StreamId = stream.Key, NextBar = stream.Value }));
        await foreach (var values in gateway.PostStreamAsync<NodeValues>("node-streams/read", request, cancellationToken).ConfigureAwait(false))
        {
            yield return new NodeBatch(values.StreamId, values.Epoch, values.FirstBar, NanosecondsOf(values.FirstTime), values.InputWindowHash, [.. values.Columns.Select(column => NodeColumns.Unpack(column, values.Bars))]);
        }
    }

    /// <summary>Acquires; a submission that was only just acknowledged may still be on its way into the graph.</summary>
    private async Task<AcquireNodesResponse> AcquireAsync(AcquireNodesRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await gateway.PostAsync<AcquireNodesResponse>("node-streams/acquire", request, cancellationToken).ConfigureAwait(false);
            }
            catch (RefusalException refusal) when (refusal.Code.Code == ReasonCodes.NodeQueueUnknown.Code && attempt < SubmissionAttempts)
            {
                await Task.Delay(SubmissionPause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Finer than a DateTimeOffset: bars may open between its ticks.
    private static Timestamp TimeOf(long nanoseconds)
    {
        var (seconds, rest) = Math.DivRem(nanoseconds, BarTime.NanosecondsPerSecond);
        return rest < 0 ? new Timestamp { Seconds = seconds - 1, Nanos = (int)(rest + BarTime.NanosecondsPerSecond) } : new Timestamp { Seconds = seconds, Nanos = (int)rest };
    }

    private static long NanosecondsOf(Timestamp? time) => time is null ? 0 : (time.Seconds * BarTime.NanosecondsPerSecond) + time.Nanos;

    private static NodeUsage Usage(NodeEvaluations usage) => new() { Computed = usage.Computed, Saved = usage.Saved };
}
