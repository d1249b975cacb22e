using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Messaging;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Gateway.Submissions;

/// <summary>Writes submissions into store and commit log. Those that arrive while one write is under way share the next: one transaction, one wait for the disk.</summary>
internal sealed class SubmissionIntake(IDatabase database, WorkerIdentity worker, SubmissionOptions options, OwnSubmissions own, IngestMetrics metrics)
{
    /// <summary>Larger graphs are not copied into the commit log: a record has a size limit, and what follows them in the store is enough.</summary>
    internal const int LargestLoggedDag = 256 * 1024;

    private const string TraceParent = "traceparent";
    private readonly ConcurrentQueue<Arrival> _waiting = new();
    private int _writing;

    /// <summary>Keeps a submission; when the task completes, it can no longer be lost.</summary>
    /// <returns>The strategy that stands for it: its own id, or that of the one that was there.</returns>
    /// <exception cref="StorageException">The store did not take it.</exception>
    public Task<string> KeepAsync(PendingSubmission pending)
    {
        var arrival = new Arrival(pending, Activity.Current?.Id);
        _waiting.Enqueue(arrival);
        // Nobody's trace and nobody's cancellation: what is written belongs to many callers.
        if (Interlocked.CompareExchange(ref _writing, 1, 0) == 0)
        {
            using (ExecutionContext.SuppressFlow()) _ = Task.Run(WriteAllAsync);
        }

        return arrival.Holder.Task;
    }

    private async Task WriteAllAsync()
    {
        do
        {
            while (Take() is { Count: > 0 } batch) await WriteAsync(batch);
            Volatile.Write(ref _writing, 0);
        }
        while (!_waiting.IsEmpty && Interlocked.CompareExchange(ref _writing, 1, 0) == 0);
    }

    private List<Arrival> Take()
    {
        var batch = new List<Arrival>();
        while (batch.Count < options.BatchSize && _waiting.TryDequeue(out var arrival)) batch.Add(arrival);
        return batch;
    }

    private async Task WriteAsync(IReadOnlyList<Arrival> batch)
    {
        try
        {
            var holders = await database.WriteAsync(unit => KeepAsync(unit, batch));
            metrics.Batch(batch.Count);
            foreach (var arrival in batch)
            {
                own.Add(arrival.Pending.StrategyId);
                arrival.Holder.TrySetResult(holders[arrival.Pending.DedupeKey]);
            }
        }
        catch (StorageException problem) when (batch.Count > 1 && problem.Failure is not (StorageFailure.Unavailable or StorageFailure.OutcomeUnknown))
        {
            // One of them is what the database refuses: the others must not suffer for it.
            foreach (var arrival in batch) await WriteAsync([arrival]);
        }
        catch (Exception problem)
        {
            foreach (var arrival in batch) arrival.Holder.TrySetException(problem);
        }
    }

    private async Task<IReadOnlyDictionary<string, string>> KeepAsync(IUnitOfWork unit, IReadOnlyList<Arrival> batch)
    {
        // Of equal ones that arrive together the first goes in.
        Arrival[] distinct = [.. batch.DistinctBy(arrival => arrival.Pending.DedupeKey, StringComparer.Ordinal)];
        var holders = await SubmissionStore.InsertAsync(unit, [.. distinct.Select(arrival => arrival.Pending)], worker.Hold, options.DedupeFor);
        foreach (var arrival in distinct.Where(arrival => string.Equals(holders[arrival.Pending.DedupeKey], arrival.Pending.StrategyId, StringComparison.Ordinal)))
            await unit.AppendAsync(Record(arrival, unit.Now));
        return holders;
    }

    private static BusMessage Record(Arrival arrival, DateTimeOffset at)
    {
        var (submission, contexts) = (arrival.Pending.Submission, arrival.Pending.Contexts);
        var payload = new JsonObject
        {
            [IngestFields.DagHash] = submission.DagHash,
            [IngestFields.NodeCount] = submission.Nodes.Count,
            [IngestFields.Crc] = submission.Crc,
            [IngestFields.WorldIds] = new JsonArray([.. submission.WorldIds.Select(world => JsonValue.Create(world))]),
            [IngestFields.Meta] = JsonNode.Parse(submission.MetaJson),
            [IngestFields.Contexts] = JsonSerializer.SerializeToNode(contexts),
            [IngestFields.Submitter] = submission.Submitter.ToText(),
        };
        if (submission.DagJson.Length <= LargestLoggedDag) payload[IngestFields.Dag] = submission.DagJson;
        var message = new IngestRecord(arrival.Pending.StrategyId, at, payload).ToMessage();
        return arrival.TraceParent is { } trace
            ? message with { Headers = new Dictionary<string, string>(message.Headers, StringComparer.Ordinal) { [TraceParent] = trace } }
            : message;
    }

    private sealed record Arrival(PendingSubmission Pending, string? TraceParent)
    {
        public TaskCompletionSource<string> Holder { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Fields of the payload of a record in the commit log.</summary>
internal static class IngestFields
{
    /// <summary>The graph as it came; absent above <see cref="SubmissionIntake.LargestLoggedDag"/> characters.</summary>
    public const string Dag = "dag_json";

    /// <summary>SHA-256 of its canonical form.</summary>
    public const string DagHash = "dag_hash";

    /// <summary>How many nodes it has.</summary>
    public const string NodeCount = "node_count";

    /// <summary>Checksum over its node ids.</summary>
    public const string Crc = "node_ids_crc32";

    /// <summary>Worlds it was submitted to.</summary>
    public const string WorldIds = "world_ids";

    /// <summary>Free facts.</summary>
    public const string Meta = "meta";

    /// <summary>Who brought it, as the store keeps it.</summary>
    public const string Submitter = "submitter";

    /// <summary>Where it runs, one context for each world.</summary>
    public const string Contexts = "compute_context";
}
