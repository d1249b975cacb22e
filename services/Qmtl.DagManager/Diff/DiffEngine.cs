using Qmtl.DagManager.Graph;
using Qmtl.DagManager.Queues;
using Qmtl.DagManager.TagQueries;
using Qmtl.DagManager.Telemetry;
using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.DagManager.Diff;

/// <summary>Compares submissions with the graph and writes what they add.</summary>
/// <remarks>
/// A plan is made in memory, without any lock, and written optimistically: what two diffs add at the same time meets in a unique key, what a plan shares is checked by
/// <see cref="GraphLedger"/>. Whoever loses takes over what the winner wrote and plans again, which leaves him less to add each time.
/// </remarks>
internal sealed class DiffEngine(IDatabase database, GraphIndex index, GraphKeys keys, QueueUpdateSignal updates, DagManagerMetrics metrics, TimeProvider time)
{
    private const double FullTraffic = 1.0;

    // Each lost race means that somebody else's diff was committed, so this many would have to overtake one.
    private const int Attempts = 200;

    /// <summary>Diffs a submission. Repeating one gives the same topics and writes nothing.</summary>
    /// <param name="submission">What was submitted.</param>
    /// <param name="dryRun">Plan only.</param>
    /// <param name="cancellation">Ends the work before it is committed.</param>
    public async Task<DiffPlan> RunAsync(DiffSubmission submission, bool dryRun, CancellationToken cancellation)
    {
        metrics.Requested();
        var started = time.GetTimestamp();
        try
        {
            var plan = dryRun ? await PreviewAsync(submission, cancellation) : await DiffAsync(submission, cancellation);
            metrics.Done(time.GetElapsedTime(started), plan.Nodes.Count(node => !node.CreatesQueue), plan.Nodes.Any(node => node.Case == DiffCase.New));
            return plan;
        }
        catch (StorageException problem)
        {
            metrics.Failed(ReasonCodes.GraphUnavailable.Code);
            throw new RefusalException(ReasonCodes.GraphUnavailable, $"The graph's store did not answer ({problem.Failure}); nothing was written.", errors: null, metadata: null, problem);
        }
        catch (GraphMovedException problem)
        {
            metrics.Failed(ReasonCodes.GraphUnavailable.Code);
            throw new RefusalException(ReasonCodes.GraphUnavailable, $"Other diffs overtook this one {Attempts} times; nothing was written, try again.", errors: null, metadata: null, problem);
        }
        catch (Exception problem) when (problem is RefusalException or OperationCanceledException)
        {
            metrics.Failed(problem is RefusalException refusal ? refusal.Code.Code : ReasonCodes.Cancelled.Code);
            throw;
        }
    }

    private async Task<DiffPlan> PreviewAsync(DiffSubmission submission, CancellationToken cancellation)
    {
        try
        {
            await index.FreshAsync(cancellation);
        }
        catch (StorageException) when (index.IsLoaded)
        {
            // What is known is still worth an answer, as long as it says how old it is.
        }

        return Plan(submission) with { IsStale = index.IsStale };
    }

    private async Task<DiffPlan> DiffAsync(DiffSubmission submission, CancellationToken cancellation)
    {
        var root = DiffRoot.Of(submission);
        for (var attempt = 1; ; attempt++)
        {
            var known = await database.ReadAsync(session => RootStore.FindAsync(session, root, submission), cancellation);
            await index.FreshAsync(known?.GraphRevision ?? 0, cancellation);
            var recalled = known is null ? null : index.Read((submission, known), static (graph, asked) => DiffPlanner.Recall(asked.submission, asked.known.Queues, asked.known.Revision, graph));
            var plan = recalled ?? Plan(submission);
            RefuseCrossContext(plan);
            if (recalled is not null && known!.IsCovered) return plan;
            try
            {
                return await WriteAsync(plan, root, recalled is null ? null : known, cancellation);
            }
            catch (Exception lost) when (lost is UniqueViolationException or GraphMovedException && attempt < Attempts)
            {
                metrics.Overtaken();
                await index.CatchUpAsync(cancellation);
                // What was added and collected again between two looks leaves a node behind that no change mentions.
                if (lost is UniqueViolationException)
                    await index.LearnAsync([.. plan.Nodes.Where(node => node.Entry is null).Select(node => node.NodeId)], submission.Context.WorldId, cancellation);
            }
        }
    }

    /// <summary>The last line of defence: a store that binds a submission to queues of another context is damaged, and nothing may be computed from it.</summary>
    private void RefuseCrossContext(DiffPlan plan)
    {
        var foreign = DiffPlanner.CrossContext(plan);
        if (foreign.Count == 0) return;
        foreach (var planned in foreign) metrics.CrossContext(planned.NodeId, plan.Submission.Context);
        throw new RefusalException(
            ReasonCodes.CrossContext,
            $"{foreign.Count} nodes are bound to queues of another context, first {foreign[0].NodeId} to {foreign[0].Topic}. Rebuild the graph from the submissions before anything is computed.",
            [.. foreign.Take(20).Select(planned => new FieldError($"/nodes/{planned.NodeId}", $"is bound to {planned.Topic}, a queue of another context"))]);
    }

    private DiffPlan Plan(DiffSubmission submission) => index.Read(submission, static (graph, asked) => DiffPlanner.Plan(asked, graph));

    private async Task<DiffPlan> WriteAsync(DiffPlan plan, string root, KnownRoot? known, CancellationToken cancellation)
    {
        var rows = await GraphRows.PrepareAsync(plan, keys, cancellation);
        var affected = rows.AffectedTags();
        var entry = new LedgerEntry(plan.Revision, rows.ReliedOn, rows.Touched, affected);
        return await database.WriteAsync(
            async unit =>
            {
                await rows.WriteAsync(unit);
                var revision = await GraphLedger.EnterAsync(unit, entry);
                var rootKey = known?.RootKey ?? await RootStore.KeepAsync(unit, root, rows, revision);
                if (await RootStore.CoverAsync(unit, plan.Submission, rootKey, rows.Context.Key, FullTraffic)) await QueueEvents.AppendSentinelAsync(unit, plan.Submission, FullTraffic);
                unit.OnCommitted(() =>
                {
                    index.Committed(rows.ToChange(revision, unit.Now));
                    if (affected.Count > 0) updates.Raise();
                });
                return plan with { Revision = revision, WrittenAt = unit.Now };
            },
            cancellation);
    }
}
