using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.WorldService.Apply;

/// <summary>Moves on what time moves on, and what another process left: freezes that ran out, openings to repeat, runs of the dead.</summary>
internal sealed partial class ApplyRunner(IDatabase database, ApplyDriver driver, TimeProvider clock, ILogger<ApplyRunner> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await RoundAsync(stoppingToken);
            await Task.Delay(Every, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RoundAsync(CancellationToken stop)
    {
        try
        {
            foreach (var worldId in await database.ReadAsync(ApplyStore.UnfinishedAsync, stop)) await AdvanceAsync(worldId, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The next process goes on.
        }
        catch (StorageException error)
        {
            LogRoundFailed(logger, error);
        }
    }

    /// <summary>One world that cannot be moved on must not keep the others waiting.</summary>
    private async Task AdvanceAsync(string worldId, CancellationToken stop)
    {
        try
        {
            await driver.AdvanceAsync(worldId, stop);
        }
        catch (Exception error) when (error is RefusalException or StorageException or ApplyStepException)
        {
            LogAdvanceFailed(logger, error, worldId);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Applies in progress could not be read; looking again shortly.")]
    private static partial void LogRoundFailed(ILogger logger, Exception error);

    [LoggerMessage(2, LogLevel.Error, "The apply of world {WorldId} could not be moved on; trying again shortly.")]
    private static partial void LogAdvanceFailed(ILogger logger, Exception error, string worldId);
}
