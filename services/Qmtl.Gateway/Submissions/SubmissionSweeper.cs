using Qmtl.Gateway.Health;
using Qmtl.Storage;

namespace Qmtl.Gateway.Submissions;

/// <summary>Takes up work that nobody holds: what waited for room or for a peer, attempts that failed, and what a gateway left that is gone.</summary>
/// <remarks>All gateways of a deployment do this; each finds work that the others do not hold, so together they share the queue.</remarks>
internal sealed partial class SubmissionSweeper(
    IDatabase database,
    SubmissionWorkers workers,
    WorkerIdentity worker,
    DependencyProbes probes,
    SubmissionOptions options,
    IngestMetrics metrics,
    TimeProvider time,
    ILogger<SubmissionSweeper> logger) : BackgroundService
{
    // While there is more than there is room for, room is looked for often.
    private static readonly TimeSpan WhileBusy = TimeSpan.FromMilliseconds(20);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var counted = DateTimeOffset.MinValue;
        try
        {
            while (true)
            {
                if (time.GetUtcNow() - counted >= options.SweepEvery)
                {
                    counted = time.GetUtcNow();
                    await GuardAsync(() => CountAsync(stoppingToken));
                }

                var more = false;
                await GuardAsync(async () => more = await SweepAsync(stoppingToken));
                await Task.Delay(more ? WhileBusy : options.SweepEvery, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Takes up as much as there is room for.</summary>
    /// <returns>Whether there is more.</returns>
    internal async Task<bool> SweepAsync(CancellationToken cancellation)
    {
        // Attempts that must fail would only push the next one further away; the queue keeps until the peers are back.
        if (!(await probes.ReadAsync(cancellation)).CanWork) return false;
        if (!await database.ReadAsync(session => SubmissionClaims.IsAnyDueAsync(session, time.GetUtcNow()), cancellation)) return false;
        var room = workers.Reserve(options.BatchSize);
        if (room == 0) return true;
        IReadOnlyList<ClaimedSubmission> claimed = [];
        try
        {
            claimed = await database.WriteAsync(unit => SubmissionClaims.ClaimAsync(unit, worker.Hold, room), cancellation);
        }
        finally
        {
            workers.Release(room - claimed.Count);
        }

        foreach (var each in claimed)
        {
            if (each.FormerOwner.Length > 0) TakenOver(logger, each.Work.StrategyId, each.FormerOwner);
            _ = workers.Start(each.Work);
        }

        metrics.Reassigned(claimed.Count(each => each.FormerOwner.Length > 0));
        return claimed.Count == room;
    }

    private async Task CountAsync(CancellationToken cancellation)
    {
        await database.WriteAsync(SubmissionStore.ForgetExpiredAsync, cancellation);
        var (keys, waiting) = await database.ReadAsync(async session => (await SubmissionStore.CountKeysAsync(session), await SubmissionStore.CountWaitingAsync(session)), cancellation);
        metrics.Counted(keys, waiting);
    }

    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (StorageException problem)
        {
            SweepFailed(logger, problem);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The store did not answer a search for work; the next one follows.", EventName = "SweepFailed")]
    private static partial void SweepFailed(ILogger logger, Exception problem);

    [LoggerMessage(2, LogLevel.Warning, "Submission {StrategyId} is taken over from {FormerOwner}, which gave no sign of life.", EventName = "TakenOver")]
    private static partial void TakenOver(ILogger logger, string strategyId, string formerOwner);
}
