using Qmtl.Storage;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService.Monitoring.Live;

/// <summary>Monitors every world with live strategies once an interval, whichever replica comes first.</summary>
internal sealed partial class LiveMonitoringWorker(IDatabase database, LiveMonitor monitor, LiveMonitoringOptions options, TimeProvider clock, ILogger<LiveMonitoringWorker> logger) : BackgroundService
{
    private static readonly TimeSpan LongestTick = TimeSpan.FromMinutes(1);

    /// <summary>Who the audit names for what nobody asked for.</summary>
    internal static Caller Self() => new("qmtl.services.worldservice", [], Guid.CreateVersion7().ToString("N"));

    /// <summary>Monitors the worlds whose turn it is.</summary>
    internal async Task TickAsync(CancellationToken cancellationToken)
    {
        var due = await database.ReadAsync(session => LiveMonitoringStore.DueAsync(session, clock.GetUtcNow() - options.Interval), cancellationToken);
        foreach (var world in due)
        {
            var run = await monitor.RunAsync(world, Self(), cancellationToken);
            if (run.Status is LiveMonitor.Failure) LogFailed(world, run.Reason);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Interval <= TimeSpan.Zero) return;
        using var timer = new PeriodicTimer(options.Interval < LongestTick ? options.Interval : LongestTick, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await TickAsync(stoppingToken);
                }
                catch (StorageException error)
                {
                    LogUnreachable(error);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, EventId = 1, EventName = "LiveMonitoringFailed", Message = "Live results of world {World} could not be judged: {Reason}")]
    private partial void LogFailed(string world, string reason);

    [LoggerMessage(Level = LogLevel.Warning, EventId = 2, EventName = "LiveMonitoringStoreUnreachable", Message = "Live monitoring waits for the database")]
    private partial void LogUnreachable(Exception error);
}
