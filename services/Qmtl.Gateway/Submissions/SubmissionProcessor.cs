using System.Diagnostics;
using Qmtl.Gateway.Telemetry;
using Qmtl.Gateway.Worlds;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Submissions;

/// <summary>A submission in work.</summary>
/// <param name="Held">The work.</param>
/// <param name="Trace">The trace it belongs to; default when there is none.</param>
internal sealed record WorkItem(HeldSubmission Held, ActivityContext Trace)
{
    private readonly TaskCompletionSource<SubmissionOutcome?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The outcome, or null when the attempt failed.</summary>
    public Task<SubmissionOutcome?> Outcome => _done.Task;

    /// <summary>Ends it.</summary>
    public void End(SubmissionOutcome? outcome) => _done.TrySetResult(outcome);
}

/// <summary>Does what follows an accepted submission: binds it to its worlds and compares it with the graph.</summary>
/// <remarks>
/// Submissions that are worked on together share one call for each world and one transaction for their ends. Every step may be repeated, so a submission
/// that somebody left half done is simply done again by whoever finds it.
/// </remarks>
internal sealed partial class SubmissionProcessor(
    IDatabase database,
    WorldService.WorldServiceClient worlds,
    GraphClient graph,
    DecisionCache decisions,
    WorkerIdentity worker,
    SubmissionOptions options,
    GatewayMetrics metrics,
    IngestMetrics ingest,
    TimeProvider time,
    ILogger<SubmissionProcessor> logger)
{
    private const int FailuresBeforeAlert = 3;
    private int _failuresInARow;

    /// <summary>Works on a batch and ends each of its items.</summary>
    public async Task RunAsync(IReadOnlyList<WorkItem> batch, CancellationToken stopping)
    {
        var started = time.GetTimestamp();
        using var deadline = new CancellationTokenSource(options.AttemptFor, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping, deadline.Token);
        var failed = await BindAsync(batch, limit.Token);
        ingest.Stage("bind", time.GetElapsedTime(started));
        started = time.GetTimestamp();
        var results = await DiffAsync(batch, failed, limit.Token);
        ingest.Stage("diff", time.GetElapsedTime(started));
        await EndAsync(results, stopping.IsCancellationRequested);
    }

    /// <summary>Lets go of work that was not begun, so that the next one need not wait for the hold to end.</summary>
    public Task LetGoAsync(IReadOnlyList<WorkItem> batch) => EndAsync([.. batch.Select(item => new Result(item, null, new OperationCanceledException()))], stopping: true);

    private async Task<Dictionary<string, Exception>> BindAsync(IReadOnlyList<WorkItem> batch, CancellationToken cancellation)
    {
        var failed = new Dictionary<string, Exception>(StringComparer.Ordinal);
        // Each in its submitter's name: whoever brings a strategy owns it, and may not judge it. Beside each other: worlds have nothing to do with one another.
        var groups = batch.SelectMany(item => item.Held.WorldIds, (item, worldId) => (item, worldId)).GroupBy(pair => (pair.worldId, pair.item.Held.Submitter), pair => pair.item);
        foreach (var (strategyId, problem) in (await Task.WhenAll(groups.Select(group => BindAsync(group.Key.worldId, [.. group], cancellation)))).SelectMany(problems => problems))
            failed.TryAdd(strategyId, problem);
        return failed;
    }

    private async Task<IReadOnlyList<(string StrategyId, Exception Problem)>> BindAsync(string worldId, WorkItem[] items, CancellationToken cancellation)
    {
        if (await TryBindAsync(worldId, items, cancellation) is not { } problem) return [];
        if (items.Length == 1 || !AttemptFailure.Of(problem).IsFinal) return [.. items.Select(item => (item.Held.StrategyId, problem))];
        // A refusal may be about one of them only.
        var refused = new List<(string, Exception)>();
        foreach (var item in items)
        {
            if (await TryBindAsync(worldId, [item], cancellation) is { } its) refused.Add((item.Held.StrategyId, its));
        }

        return refused;
    }

    private async Task<Exception?> TryBindAsync(string worldId, WorkItem[] items, CancellationToken cancellation)
    {
        using var span = IngestMetrics.Spans.StartActivity("submission.bind", ActivityKind.Internal, items[0].Trace, links: items.Skip(1).Select(item => new ActivityLink(item.Trace)));
        try
        {
            var request = new BindStrategiesRequest { WorldId = worldId, OnlyNamed = true };
            request.Strategies.AddRange(items.Select(item => item.Held.StrategyId));
            await worlds.BindStrategiesAsync(request, items[0].Held.Submitter.ToHeaders(), cancellationToken: cancellation);
            decisions.Bound(worldId);
            return null;
        }
        catch (Exception problem)
        {
            span?.SetStatus(ActivityStatusCode.Error, problem.Message);
            return problem;
        }
    }

    private async Task<Result[]> DiffAsync(IReadOnlyList<WorkItem> batch, Dictionary<string, Exception> failed, CancellationToken cancellation)
    {
        WorkItem[] bound = [.. batch.Where(item => !failed.ContainsKey(item.Held.StrategyId))];
        Result[] unbound = [.. batch.Where(item => failed.ContainsKey(item.Held.StrategyId)).Select(item => new Result(item, null, failed[item.Held.StrategyId]))];
        if (bound.Length == 0) return unbound;
        using var span = IngestMetrics.Spans.StartActivity("submission.diff", ActivityKind.Internal, bound[0].Trace, links: bound.Skip(1).Select(item => new ActivityLink(item.Trace)));
        span?.SetTag("strategy_id", bound[0].Held.StrategyId).SetTag("submissions", bound.Length);
        var found = await graph.DiffManyAsync([.. bound.Select(item => item.Held)], cancellation);
        return [.. unbound, .. bound.Select((item, number) => new Result(item, found[number].Outcome, found[number].Problem))];
    }

    /// <summary>Not cancellable: what was done must be known, and a host that stops lets go of the rest.</summary>
    private async Task EndAsync(IReadOnlyList<Result> results, bool stopping)
    {
        var outcomes = results.Where(result => result.Outcome is not null).ToDictionary(result => result.Item.Held.StrategyId, result => result.Outcome!, StringComparer.Ordinal);
        FailedAttempt[] failures = [.. results.Where(result => result.Outcome is null).Select(result => Fail(result, stopping))];
        Judge(outcomes.Count, failures, stopping);
        try
        {
            await database.WriteAsync(
                async unit =>
                {
                    if (outcomes.Count > 0) await SubmissionClaims.CompleteAsync(unit, worker.Id, outcomes);
                    if (failures.Length > 0) await SubmissionClaims.FailAsync(unit, worker.Id, failures);
                },
                CancellationToken.None);
        }
        catch (Exception lost) when (lost is StorageException or ObjectDisposedException)
        {
            // The hold ends by itself, and somebody does it again.
            EndNotKept(logger, results.Count, lost);
        }

        foreach (var result in results) result.Item.End(result.Outcome);
    }

    private FailedAttempt Fail(Result result, bool stopping)
    {
        var failure = AttemptFailure.Of(result.Problem!);
        var now = time.GetUtcNow();
        DateTimeOffset? retryAt = failure.IsFinal ? null : stopping ? now : now + options.BackoffAfter(result.Item.Held.Attempt);
        if (!stopping) metrics.ProcessingFailed(failure.Reason);
        AttemptFailed(logger, result.Item.Held.StrategyId, result.Item.Held.Attempt, failure.Reason, retryAt, result.Problem!);
        return new FailedAttempt(result.Item.Held.StrategyId, failure.Reason, retryAt);
    }

    /// <summary>One failure is the network; several in a row are somebody's to look at.</summary>
    private void Judge(int succeeded, IReadOnlyList<FailedAttempt> failures, bool stopping)
    {
        if (stopping) return;
        if (succeeded > 0) Volatile.Write(ref _failuresInARow, 0);
        foreach (var failure in failures.Where(failure => failure.RetryAt is not null))
        {
            if (Interlocked.Increment(ref _failuresInARow) != FailuresBeforeAlert) continue;
            ingest.Alert(failure.Reason);
            PeersFail(logger, FailuresBeforeAlert, failure.Reason);
        }
    }

    private sealed record Result(WorkItem Item, SubmissionOutcome? Outcome, Exception? Problem);

    [LoggerMessage(1, LogLevel.Warning, "Attempt {Attempt} at submission {StrategyId} failed: {Reason}. Next attempt at {RetryAt}.", EventName = "AttemptFailed")]
    private static partial void AttemptFailed(ILogger logger, string strategyId, int attempt, string reason, DateTimeOffset? retryAt, Exception problem);

    [LoggerMessage(2, LogLevel.Warning, "The store did not take the end of {Count} attempts; they are made again when their hold ends.", EventName = "EndNotKept")]
    private static partial void EndNotKept(ILogger logger, int count, Exception problem);

    [LoggerMessage(3, LogLevel.Error, "{Count} attempts in a row failed, the last with {Reason}; submissions are accepted and wait.", EventName = "PeersFail")]
    private static partial void PeersFail(ILogger logger, int count, string reason);
}
