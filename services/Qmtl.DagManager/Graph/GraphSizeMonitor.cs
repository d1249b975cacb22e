using Qmtl.DagManager.Telemetry;
using Qmtl.Storage;

namespace Qmtl.DagManager.Graph;

/// <summary>Counts nodes and queues now and then: too much work to do with every diff.</summary>
internal sealed partial class GraphSizeMonitor(IDatabase database, DagManagerMetrics metrics, TimeProvider time, ILogger<GraphSizeMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                await CountAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task CountAsync(CancellationToken cancellation)
    {
        try
        {
            metrics.Sized(await database.ReadAsync(GraphStore.SizeAsync, cancellation));
        }
        catch (StorageException problem)
        {
            CountFailed(logger, problem.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The graph was not counted: {Reason}", EventName = "CountFailed")]
    private static partial void CountFailed(ILogger logger, string reason);
}
