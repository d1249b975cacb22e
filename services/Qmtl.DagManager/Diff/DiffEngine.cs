using Qmtl.DagManager.Graph;
using Qmtl.DagManager.Queues;
using Qmtl.DagManager.Telemetry;
using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.DagManager.Diff;

/// <summary>Compares submissions with the graph and writes what they add.</summary>
internal sealed class DiffEngine(IDatabase database, DagManagerMetrics metrics, TimeProvider time)
{
    private const double FullTraffic = 1.0;

    /// <summary>Diffs a submission. Repeating one gives the same topics and writes nothing new.</summary>
    /// <param name="submission">What was submitted.</param>
    /// <param name="dryRun">Plan only.</param>
    /// <param name="cancellation">Ends the work before it is committed.</param>
    public async Task<DiffPlan> RunAsync(DiffSubmission submission, bool dryRun, CancellationToken cancellation)
    {
        metrics.Requested();
        var started = time.GetTimestamp();
        try
        {
            var plan = dryRun
                ? DiffPlanner.Plan(submission, await database.ReadAsync(session => GraphStore.SnapshotAsync(session, submission), cancellation))
                : await database.WriteAsync(unit => WriteAsync(unit, submission), cancellation);
            metrics.Done(time.GetElapsedTime(started), plan.Nodes.Count(node => !node.CreatesQueue), plan.Nodes.Any(node => node.Case == DiffCase.New));
            return plan;
        }
        catch (StorageException problem)
        {
            metrics.Failed(ReasonCodes.GraphUnavailable.Code);
            throw new RefusalException(ReasonCodes.GraphUnavailable, $"The graph's store did not answer ({problem.Failure}); nothing was written.", errors: null, metadata: null, problem);
        }
        catch (Exception problem) when (problem is RefusalException or OperationCanceledException)
        {
            metrics.Failed(problem is RefusalException refusal ? refusal.Code.Code : ReasonCodes.Cancelled.Code);
            throw;
        }
    }

    private static async Task<DiffPlan> WriteAsync(IUnitOfWork unit, DiffSubmission submission)
    {
        await unit.LockAsync(GraphStore.WriteLock);
        var plan = DiffPlanner.Plan(submission, await GraphStore.SnapshotAsync(unit, submission));
        if (plan.Changes) await GraphStore.AddAsync(unit, plan);
        var newVersion = await GraphStore.MarkSentinelAsync(unit, plan, FullTraffic);
        await QueueEvents.AppendQueuesAsync(unit, plan);
        if (newVersion) await QueueEvents.AppendSentinelAsync(unit, submission, FullTraffic);
        return plan;
    }
}
