using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Submissions;

/// <summary>What became of one of several diffs.</summary>
/// <param name="Outcome">Where its nodes publish; null when it failed.</param>
/// <param name="Problem">Why it failed; null when it did not.</param>
internal readonly record struct DiffResult(SubmissionOutcome? Outcome, Exception? Problem);

/// <summary>Diffs graphs at DagManager.</summary>
internal sealed class GraphClient(V1.DagManager.DagManagerClient dagManager, DagManagerBreaker breaker)
{
    // Below what a message may carry, with room for what stands around the graphs.
    private const int LargestBatch = 2 * 1024 * 1024;
    private const int MostDiffs = 256;

    /// <summary>Compares a graph in each of its contexts and collects where its nodes publish.</summary>
    /// <exception cref="RpcException">DagManager refused, or did not answer.</exception>
    /// <exception cref="RefusalException">It is left alone for a moment, because it did not answer several times.</exception>
    public Task<SubmissionOutcome> DiffAsync(string strategyId, string dagJson, IReadOnlyList<Identity.ComputeContext> contexts, bool dryRun, CancellationToken cancellation) => GuardAsync(
        async () =>
        {
            var collected = new Collected();
            foreach (var context in contexts)
            {
                await foreach (var chunk in ReadAsync(Request(strategyId, dagJson, context, dryRun), cancellation)) collected.Add(chunk);
            }

            return collected.ToOutcome();
        },
        cancellation);

    /// <summary>Compares several graphs, as many to a call as fit. One that fails takes nothing with it.</summary>
    /// <returns>What became of each, in their order.</returns>
    public async Task<IReadOnlyList<DiffResult>> DiffManyAsync(IReadOnlyList<HeldSubmission> submissions, CancellationToken cancellation)
    {
        var results = new DiffResult[submissions.Count];
        for (var from = 0; from < submissions.Count;)
        {
            var count = Fitting(submissions, from);
            await DiffRangeAsync(submissions, from, count, results, cancellation);
            from += count;
        }

        return results;
    }

    private async Task DiffRangeAsync(IReadOnlyList<HeldSubmission> submissions, int from, int count, DiffResult[] results, CancellationToken cancellation)
    {
        try
        {
            if (count == 1)
            {
                var alone = submissions[from];
                results[from] = new DiffResult(await DiffAsync(alone.StrategyId, alone.DagJson, alone.Contexts, dryRun: false, cancellation), null);
                return;
            }

            var found = await GuardAsync(() => CollectAsync([.. submissions.Skip(from).Take(count)], cancellation), cancellation);
            found.CopyTo(results, from);
        }
        catch (Exception problem)
        {
            Array.Fill(results, new DiffResult(null, problem), from, count);
        }
    }

    private async Task<DiffResult[]> CollectAsync(HeldSubmission[] submissions, CancellationToken cancellation)
    {
        var request = new DiffManyRequest();
        var owners = new List<int>();
        foreach (var (number, submission) in submissions.Index())
        {
            foreach (var context in submission.Contexts)
            {
                request.Diffs.Add(Request(submission.StrategyId, submission.DagJson, context, dryRun: false));
                owners.Add(number);
            }
        }

        var (collected, refused) = (submissions.Select(_ => new Collected()).ToArray(), new Exception?[submissions.Length]);
        var ended = 0;
        using var call = dagManager.DiffMany(request, cancellationToken: cancellation);
        await foreach (var item in call.ResponseStream.ReadAllAsync(cancellation))
        {
            var owner = owners[item.Index];
            if (item.RefusalCode.Length > 0) refused[owner] = new RefusalException(ReasonCodes.Find(item.RefusalCode) ?? ReasonCodes.Internal, item.RefusalMessage);
            else collected[owner].Add(item.Chunk);
            if (item.RefusalCode.Length > 0 || item.Chunk.Last) ended++;
        }

        if (ended != owners.Count) throw new RefusalException(ReasonCodes.Unavailable, $"DagManager answered {ended} of {owners.Count} diffs.");
        return [.. submissions.Index().Select(each => refused[each.Index] is { } problem ? new DiffResult(null, problem) : new DiffResult(collected[each.Index].ToOutcome(), null))];
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> call, CancellationToken cancellation)
    {
        if (!breaker.MayCall()) throw new RefusalException(ReasonCodes.Unavailable, "DagManager did not answer several times and is left alone for a moment.");
        try
        {
            var answer = await call();
            breaker.Succeeded();
            return answer;
        }
        catch (Exception problem) when (!cancellation.IsCancellationRequested)
        {
            if (PeerBreaker.IsOutage(problem)) breaker.Failed();
            else breaker.Succeeded();
            throw;
        }
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

    /// <summary>How many from here on share a call; at least one.</summary>
    private static int Fitting(IReadOnlyList<HeldSubmission> submissions, int from)
    {
        var (bytes, diffs, count) = (0, 0, 0);
        while (from + count < submissions.Count)
        {
            var next = submissions[from + count];
            bytes += next.DagJson.Length * next.Contexts.Count;
            diffs += next.Contexts.Count;
            if (count > 0 && (bytes > LargestBatch || diffs > MostDiffs)) break;
            count++;
        }

        return count;
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

    /// <summary>Chunks of one submission, put together.</summary>
    private sealed class Collected
    {
        private readonly Dictionary<string, string> _queueMap = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> _nodeQueues = new(StringComparer.Ordinal);
        private string _sentinelId = "";

        public void Add(DiffChunk chunk)
        {
            _sentinelId = chunk.SentinelId;
            foreach (var (key, topic) in chunk.QueueMap) _queueMap[key] = topic;
            // Readers without a lease see the first world's topics.
            foreach (var (node, topic) in chunk.NodeQueues) _nodeQueues.TryAdd(node, topic);
        }

        public SubmissionOutcome ToOutcome() => new(_sentinelId, _queueMap, _nodeQueues);
    }
}
