using Qmtl.Storage;

namespace Qmtl.Gateway.Submissions;

/// <summary>Finds submissions that nobody works on (their gateway died, or an attempt failed) and works on them.</summary>
internal sealed partial class SubmissionSweeper(
    IDatabase database,
    SubmissionProcessor processor,
    SubmissionOptions options,
    TimeProvider time,
    ILogger<SubmissionSweeper> logger) : BackgroundService
{
    private const int BatchSize = 50;
    private const int AtOnce = 4;

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.SweepEvery, time);
        try
        {
            do
            {
                await SweepAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await processor.DrainAsync(cancellationToken);
    }

    /// <summary>Works once through what was left behind.</summary>
    internal async Task SweepAsync(CancellationToken cancellation)
    {
        try
        {
            await database.WriteAsync(SubmissionStore.ForgetExpiredAsync, cancellation);
            var abandoned = await database.ReadAsync(session => SubmissionStore.FindAbandonedAsync(session, time.GetUtcNow(), BatchSize), cancellation);
            await Parallel.ForEachAsync(
                abandoned,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
                async (strategyId, token) => await processor.TryProcessAsync(strategyId, processor.NewHold(), token));
        }
        catch (StorageException problem)
        {
            SweepFailed(logger, problem);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The store did not answer a search for abandoned submissions; the next one follows.", EventName = "SweepFailed")]
    private static partial void SweepFailed(ILogger logger, Exception problem);
}
