using System.Diagnostics;
using Qmtl.Gateway.Contexts;
using Qmtl.Gateway.Telemetry;
using Qmtl.Identity;
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
    SubmissionIntake intake,
    SubmissionWorkers workers,
    GraphClient graph,
    SubmissionOptions options,
    GatewayMetrics metrics,
    IngestMetrics ingest,
    TimeProvider time)
{
    private static readonly Dictionary<string, string> RetryAfter = new(StringComparer.Ordinal) { [RefusalStatus.RetryAfter] = "1" };

    /// <summary>Takes a submission in, in the name of whoever brought it.</summary>
    /// <exception cref="RefusalException">It is wrong, there already, or nothing could be kept.</exception>
    public async Task<SubmissionReceipt> SubmitAsync(StrategySubmit request, Submitter submitter, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var submission = reader.Read(request) with { Submitter = submitter };
        var resolved = await contexts.ResolveAsync(submission, cancellation);
        ingest.Stage("check", time.GetElapsedTime(started));
        // Without room here, or without the peers it needs, it is taken in all the same and waits in the store.
        var held = workers.MayWork && workers.Reserve(1) == 1;
        var pending = new PendingSubmission(submission.NewStrategyId(Guid.CreateVersion7(time.GetUtcNow())), submission, resolved, held);
        var before = time.GetTimestamp();
        try
        {
            // Not cancellable: a caller that hangs up here would leave everybody guessing.
            await KeepAsync(pending);
        }
        catch
        {
            if (held) workers.Release(1);
            throw;
        }

        ingest.Stage("keep", time.GetElapsedTime(before));
        Activity.Current?.SetTag("strategy_id", pending.StrategyId);
        var outcome = held ? await WorkAsync(pending, cancellation) : null;
        metrics.Submitted(time.GetElapsedTime(started));
        return new SubmissionReceipt(pending.StrategyId, submission.Crc, resolved[0], outcome ?? SubmissionOutcome.None);
    }

    /// <summary>The work outlives the call: the answer only stops waiting for it, and what was kept is accepted, however the work goes.</summary>
    private async Task<SubmissionOutcome?> WorkAsync(PendingSubmission pending, CancellationToken cancellation)
    {
        var work = workers.Start(new HeldSubmission(pending.StrategyId, pending.Submission.DagJson, pending.Submission.WorldIds, pending.Contexts, pending.Submission.Submitter, Attempt: 1));
        try
        {
            return await work.WaitAsync(options.DiffBudget, time, cancellation);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            return null;
        }
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

    private async Task KeepAsync(PendingSubmission pending)
    {
        string holder;
        try
        {
            holder = await intake.KeepAsync(pending);
        }
        catch (StorageException problem)
        {
            if (problem.Failure == StorageFailure.OutcomeUnknown && await IsKeptAsync(pending.StrategyId)) return;
            metrics.Lost();
            throw new RefusalException(ReasonCodes.CommitLog, $"Nothing was kept: the store did not take the submission ({problem.Failure}). Submit it again.", errors: null, RetryAfter, problem);
        }

        if (string.Equals(holder, pending.StrategyId, StringComparison.Ordinal)) return;
        metrics.Duplicate();
        throw new RefusalException(
            ReasonCodes.Duplicate,
            $"The same graph was submitted to the same worlds before, as {holder}. Read its status, or change the strategy.",
            errors: null,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["strategy_id"] = holder });
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
}
