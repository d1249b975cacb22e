using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Qmtl.Gateway.Health;
using Qmtl.Storage;

namespace Qmtl.Gateway.Submissions;

/// <summary>Works on what this gateway holds, batch by batch, and gives signs of life while it does.</summary>
internal sealed partial class SubmissionWorkers(
    IDatabase database,
    SubmissionProcessor processor,
    DependencyProbes probes,
    WorkerIdentity worker,
    SubmissionOptions options,
    TimeProvider time,
    ILogger<SubmissionWorkers> logger) : BackgroundService
{
    private readonly Channel<WorkItem> _queue = Channel.CreateUnbounded<WorkItem>();
    private readonly ConcurrentDictionary<string, WorkItem> _inFlight = new(StringComparer.Ordinal);
    private int _reserved;

    /// <summary>Whether the peers that the work needs answered when they were last asked.</summary>
    public bool MayWork => probes.Latest is not { CanWork: false };

    /// <summary>Reserves room for as much work as there is room for; whoever reserves it starts or releases it.</summary>
    /// <returns>How much, up to <paramref name="wanted"/>.</returns>
    public int Reserve(int wanted)
    {
        while (true)
        {
            var taken = Volatile.Read(ref _reserved);
            var granted = Math.Min(wanted, options.MaxInFlight - taken);
            if (granted <= 0) return 0;
            if (Interlocked.CompareExchange(ref _reserved, taken + granted, taken) == taken) return granted;
        }
    }

    /// <summary>Gives reserved room back.</summary>
    public void Release(int count) => Interlocked.Add(ref _reserved, -count);

    /// <summary>Starts on a submission that this gateway holds and has room for.</summary>
    /// <returns>The outcome, or null when the attempt failed.</returns>
    public Task<SubmissionOutcome?> Start(HeldSubmission held)
    {
        var item = new WorkItem(held, Activity.Current?.Context ?? default);
        _inFlight[held.StrategyId] = item;
        _queue.Writer.TryWrite(item);
        return item.Outcome;
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll([RenewAsync(stoppingToken), .. Enumerable.Range(0, options.Lanes).Select(_ => Task.Run(() => RunLaneAsync(stoppingToken), CancellationToken.None))]);

    private async Task RunLaneAsync(CancellationToken stopping)
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync(stopping))
            {
                if (Take() is { Count: > 0 } batch) await RunAsync(batch, () => processor.RunAsync(batch, stopping));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            while (Take() is { Count: > 0 } left) await RunAsync(left, () => processor.LetGoAsync(left));
        }
    }

    private async Task RunAsync(List<WorkItem> batch, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception problem)
        {
            // Nothing of a batch may end a lane; the hold of its submissions ends by itself.
            BatchFailed(logger, batch.Count, problem);
        }
        finally
        {
            foreach (var item in batch)
            {
                item.End(outcome: null);
                _inFlight.TryRemove(KeyValuePair.Create(item.Held.StrategyId, item));
            }

            Release(batch.Count);
        }
    }

    private List<WorkItem> Take()
    {
        var batch = new List<WorkItem>();
        while (batch.Count < options.BatchSize && _queue.Reader.TryRead(out var item)) batch.Add(item);
        return batch;
    }

    /// <summary>Signs of life, three to a hold.</summary>
    private async Task RenewAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(options.HoldFor / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                string[] ids = [.. _inFlight.Keys];
                if (ids.Length > 0) await RenewAsync(ids, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task RenewAsync(string[] ids, CancellationToken stopping)
    {
        try
        {
            await database.WriteAsync(unit => SubmissionClaims.RenewAsync(unit, worker.Hold, ids), stopping);
        }
        catch (StorageException problem)
        {
            NotRenewed(logger, ids.Length, problem.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "A batch of {Count} submissions ended with an error that nobody expected; they are taken up again when their hold ends.", EventName = "BatchFailed")]
    private static partial void BatchFailed(ILogger logger, int count, Exception problem);

    [LoggerMessage(2, LogLevel.Warning, "The holds of {Count} submissions were not renewed: {Reason}", EventName = "NotRenewed")]
    private static partial void NotRenewed(ILogger logger, int count, string reason);
}
