using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Gateway.Contexts;
using Qmtl.Gateway.Telemetry;
using Qmtl.Identity;
using Qmtl.Messaging;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Submissions;

/// <summary>What a submission is answered with.</summary>
internal sealed record SubmissionReceipt(string StrategyId, uint Crc, Identity.ComputeContext Context, SubmissionOutcome Outcome);

/// <summary>
/// Takes submissions in, in this order: check, context, store and commit log in one transaction, then bindings and diff. From the
/// transaction on the submission is safe: what follows is finished by somebody, whatever happens to this process.
/// </summary>
internal sealed class SubmissionPipeline(
    IDatabase database,
    SubmissionReader reader,
    ContextResolver contexts,
    SubmissionProcessor processor,
    GraphClient graph,
    SubmissionOptions options,
    GatewayMetrics metrics,
    IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    private static readonly Dictionary<string, string> RetryAfter = new(StringComparer.Ordinal) { [RefusalStatus.RetryAfter] = "1" };

    /// <summary>Takes a submission in.</summary>
    /// <exception cref="RefusalException">It is wrong, there already, or nothing could be kept.</exception>
    public async Task<SubmissionReceipt> SubmitAsync(StrategySubmit request, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var submission = reader.Read(request);
        var resolved = await contexts.ResolveAsync(submission, cancellation);
        var strategyId = submission.NewStrategyId(Guid.CreateVersion7(time.GetUtcNow()));
        var hold = processor.NewHold();
        await KeepAsync(strategyId, submission, resolved, hold);
        Activity.Current?.SetTag("strategy_id", strategyId);

        // The work outlives this call: the answer only stops waiting for it.
        var work = processor.TryProcessAsync(strategyId, hold, lifetime.ApplicationStopping);
        await Task.WhenAny(work, Task.Delay(options.DiffBudget, time, cancellation));
        // What was kept is accepted, however the work on it goes.
        var outcome = work.IsCompletedSuccessfully ? await work : null;
        metrics.Submitted(time.GetElapsedTime(started));
        return new SubmissionReceipt(strategyId, submission.Crc, resolved[0], outcome ?? SubmissionOutcome.None);
    }

    /// <summary>Answers as a submission would be answered, keeping nothing.</summary>
    /// <exception cref="RefusalException">It is wrong.</exception>
    public async Task<SubmissionReceipt> DryRunAsync(StrategySubmit request, CancellationToken cancellation)
    {
        var submission = reader.Read(request);
        var resolved = await contexts.ResolveAsync(submission, cancellation);
        var strategyId = $"dryrun:{submission.Crc:x8}";
        using var budget = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        budget.CancelAfter(options.DryRunBudget);
        try
        {
            var outcome = await graph.DiffAsync(strategyId, submission.DagJson, resolved, dryRun: true, budget.Token);
            return new SubmissionReceipt(strategyId, submission.Crc, resolved[0], outcome);
        }
        catch (Exception problem) when (!AttemptFailure.Of(problem).IsFinal && !cancellation.IsCancellationRequested)
        {
            // Without the graph a dry run still tells that the submission itself is in order.
            return new SubmissionReceipt(strategyId, submission.Crc, resolved[0], SubmissionOutcome.None with { SentinelId = strategyId });
        }
    }

    private async Task KeepAsync(string strategyId, Submission submission, IReadOnlyList<Identity.ComputeContext> resolved, SubmissionHold hold)
    {
        // Not cancellable: a caller that hangs up here would leave everybody guessing.
        try
        {
            await database.WriteAsync(
                async unit =>
                {
                    await SubmissionStore.InsertAsync(unit, strategyId, submission, resolved, hold, options.DedupeFor);
                    await unit.AppendAsync(Record(strategyId, submission, resolved, unit.Now));
                },
                CancellationToken.None);
        }
        catch (UniqueViolationException problem)
        {
            var existing = await database.ReadAsync(session => SubmissionStore.FindDuplicateAsync(session, submission.DedupeKey(resolved[0])));
            metrics.Duplicate();
            throw new RefusalException(
                ReasonCodes.Duplicate,
                $"The same graph was submitted to the same worlds before, as {existing}. Read its status, or change the strategy.",
                errors: null,
                new Dictionary<string, string>(StringComparer.Ordinal) { ["strategy_id"] = existing ?? "" },
                problem);
        }
        catch (StorageException problem)
        {
            if (problem.Failure == StorageFailure.OutcomeUnknown && await IsKeptAsync(strategyId)) return;
            metrics.Lost();
            throw new RefusalException(ReasonCodes.CommitLog, $"Nothing was kept: the store did not take the submission ({problem.Failure}). Submit it again.", errors: null, RetryAfter, problem);
        }
    }

    private async Task<bool> IsKeptAsync(string strategyId)
    {
        try
        {
            return await database.ReadAsync(session => SubmissionStore.FindAsync(session, strategyId)) is not null;
        }
        catch (StorageException)
        {
            return false;
        }
    }

    /// <summary>The graph itself stays in the row that is written with this record: a record has a size limit, and one copy is enough.</summary>
    private static IngestRecord Record(string strategyId, Submission submission, IReadOnlyList<Identity.ComputeContext> resolved, DateTimeOffset at) => new(strategyId, at, new JsonObject
    {
        ["dag_hash"] = submission.DagHash,
        ["node_count"] = submission.Nodes.Count,
        ["node_ids_crc32"] = submission.Crc,
        ["world_ids"] = new JsonArray([.. submission.WorldIds.Select(world => JsonValue.Create(world))]),
        ["meta"] = JsonNode.Parse(submission.MetaJson),
        ["compute_context"] = JsonSerializer.SerializeToNode(resolved),
    });
}
