using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Submissions;

/// <summary>Diffs graphs at DagManager.</summary>
internal sealed class GraphClient(V1.DagManager.DagManagerClient dagManager, DagManagerBreaker breaker)
{
    /// <summary>Compares a graph in each of its contexts and collects where its nodes publish.</summary>
    /// <exception cref="RpcException">DagManager refused, or did not answer.</exception>
    /// <exception cref="RefusalException">It is left alone for a moment, because it did not answer several times.</exception>
    public async Task<SubmissionOutcome> DiffAsync(string strategyId, string dagJson, IReadOnlyList<Identity.ComputeContext> contexts, bool dryRun, CancellationToken cancellation)
    {
        if (!breaker.MayCall()) throw new RefusalException(ReasonCodes.Unavailable, "DagManager did not answer several times and is left alone for a moment.");
        try
        {
            var outcome = await CollectAsync(strategyId, dagJson, contexts, dryRun, cancellation);
            breaker.Succeeded();
            return outcome;
        }
        catch (Exception problem) when (!cancellation.IsCancellationRequested)
        {
            if (PeerBreaker.IsOutage(problem)) breaker.Failed();
            else breaker.Succeeded();
            throw;
        }
    }

    private async Task<SubmissionOutcome> CollectAsync(string strategyId, string dagJson, IReadOnlyList<Identity.ComputeContext> contexts, bool dryRun, CancellationToken cancellation)
    {
        var queueMap = new Dictionary<string, string>(StringComparer.Ordinal);
        var nodeQueues = new Dictionary<string, string>(StringComparer.Ordinal);
        var sentinelId = "";
        foreach (var context in contexts)
        {
            await foreach (var chunk in ReadAsync(Request(strategyId, dagJson, context, dryRun), cancellation))
            {
                sentinelId = chunk.SentinelId;
                foreach (var (key, topic) in chunk.QueueMap) queueMap[key] = topic;
                // Readers without a lease see the first world's topics.
                foreach (var (node, topic) in chunk.NodeQueues) nodeQueues.TryAdd(node, topic);
            }
        }

        return new SubmissionOutcome(sentinelId, queueMap, nodeQueues);
    }

    private async IAsyncEnumerable<DiffChunk> ReadAsync(DiffRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        using var call = dagManager.Diff(request, cancellationToken: cancellation);
        await foreach (var chunk in call.ResponseStream.ReadAllAsync(cancellation))
        {
            yield return chunk;
            // The stream ends with the last one: nothing waits for it to be acknowledged.
            if (chunk.Last) yield break;
            await dagManager.AckChunkAsync(new ChunkAck { SentinelId = chunk.SentinelId, DiffId = chunk.DiffId, ChunkId = chunk.ChunkId }, cancellationToken: cancellation);
        }
    }

    private static DiffRequest Request(string strategyId, string dagJson, Identity.ComputeContext context, bool dryRun) => new()
    {
        StrategyId = strategyId,
        DagJson = ByteString.CopyFrom(dagJson, Encoding.UTF8),
        WorldId = context.WorldId,
        ExecutionDomain = context.Domain.ToToken(),
        AsOf = context.AsOf,
        Partition = context.Partition,
        DatasetFingerprint = context.DatasetFingerprint,
        DryRun = dryRun,
    };
}
