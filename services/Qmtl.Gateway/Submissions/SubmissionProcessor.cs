using System.Collections.Concurrent;
using Qmtl.Gateway.Telemetry;
using Qmtl.Gateway.Worlds;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Submissions;

/// <summary>Does what follows an accepted submission: binds it to its worlds and compares it with the graph.</summary>
/// <remarks>Every step may be repeated, so a submission that somebody left half done is simply done again by whoever finds it.</remarks>
internal sealed partial class SubmissionProcessor(
    IDatabase database,
    WorldService.WorldServiceClient worlds,
    GraphClient graph,
    DecisionCache decisions,
    SubmissionOptions options,
    GatewayMetrics metrics,
    TimeProvider time,
    ILogger<SubmissionProcessor> logger)
{
    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);

    /// <summary>The right to work on a submission, as one attempt claims it.</summary>
    public SubmissionHold NewHold() => new($"{Environment.MachineName}:{Environment.ProcessId}:{Guid.CreateVersion7(time.GetUtcNow()):N}", options.HoldFor);

    /// <summary>Works on a submission, unless somebody else does or it is done.</summary>
    /// <returns>The outcome, or null when there was nothing to do or it failed.</returns>
    public Task<SubmissionOutcome?> TryProcessAsync(string strategyId, SubmissionHold hold, CancellationToken cancellation)
    {
        var attempt = AttemptAsync(strategyId, hold, cancellation);
        _running[hold.Owner] = attempt;
        _ = attempt.ContinueWith(_ => _running.TryRemove(hold.Owner, out Task? _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return attempt;
    }

    /// <summary>Waits until the attempts of this process have ended; those that were told to stop let go of their submissions first.</summary>
    public Task DrainAsync(CancellationToken cancellation) => Task.WhenAny(Task.WhenAll(_running.Values), Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation));

    private async Task<SubmissionOutcome?> AttemptAsync(string strategyId, SubmissionHold hold, CancellationToken cancellation)
    {
        var held = await database.WriteAsync(unit => SubmissionStore.ClaimAsync(unit, strategyId, hold), cancellation);
        if (held is null) return null;
        // Whoever takes over after the hold must not meet this attempt still at work.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(hold.For);
        try
        {
            var outcome = await ProcessAsync(held, limit.Token);
            await database.WriteAsync(unit => SubmissionStore.CompleteAsync(unit, held, outcome), limit.Token);
            return outcome;
        }
        catch (Exception problem)
        {
            await FailAsync(held, problem, stopping: cancellation.IsCancellationRequested);
            return null;
        }
    }

    private async Task<SubmissionOutcome> ProcessAsync(StoredSubmission held, CancellationToken cancellation)
    {
        foreach (var worldId in held.WorldIds)
        {
            await worlds.BindStrategiesAsync(new BindStrategiesRequest { WorldId = worldId, Strategies = { held.StrategyId } }, cancellationToken: cancellation);
            decisions.Invalidate(worldId);
        }

        return await graph.DiffAsync(held.StrategyId, held.DagJson, held.Contexts, dryRun: false, cancellation);
    }

    /// <summary>Not cancellable: a host that stops lets go of its work, so that the next one need not wait for the hold to end.</summary>
    private async Task FailAsync(StoredSubmission held, Exception problem, bool stopping)
    {
        var failure = AttemptFailure.Of(problem);
        DateTimeOffset? retryAt = failure.IsFinal ? null : stopping ? time.GetUtcNow() : time.GetUtcNow() + options.BackoffAfter(held.Attempts);
        if (!stopping) metrics.ProcessingFailed(failure.Reason);
        AttemptFailed(logger, held.StrategyId, held.Attempts, failure.Reason, retryAt, problem);
        try
        {
            await database.WriteAsync(unit => SubmissionStore.FailAsync(unit, held, failure.Reason, retryAt), CancellationToken.None);
        }
        catch (StorageException lost)
        {
            // The hold ends by itself.
            FailureNotKept(logger, held.StrategyId, lost);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Attempt {Attempt} at submission {StrategyId} failed: {Reason}. Next attempt at {RetryAt}.", EventName = "AttemptFailed")]
    private static partial void AttemptFailed(ILogger logger, string strategyId, int attempt, string reason, DateTimeOffset? retryAt, Exception problem);

    [LoggerMessage(2, LogLevel.Warning, "The store did not take the failure of submission {StrategyId}; it is tried again when its hold ends.", EventName = "FailureNotKept")]
    private static partial void FailureNotKept(ILogger logger, string strategyId, Exception problem);
}
