using Qmtl.DagManager.Telemetry;
using Qmtl.Storage;

namespace Qmtl.DagManager.Graph;

/// <summary>Looks at the store's revision a few times a second, so that what other processes commit arrives here.</summary>
internal sealed partial class GraphFollower(IDatabase database, GraphIndex index, DagManagerMetrics metrics, TimeProvider time, ILogger<GraphFollower> logger) : BackgroundService
{
    /// <summary>A quarter of the bound: a look that takes its time, or one that fails, does not break it.</summary>
    public static readonly TimeSpan Interval = GraphIndex.StalenessBound / 4;

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var failing = false;
        try
        {
            do
            {
                failing = await LookAsync(failing, stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task<bool> LookAsync(bool failing, CancellationToken cancellation)
    {
        try
        {
            await index.CatchUpAsync(cancellation);
            metrics.Sized(index.Read(0, static (state, _) => new GraphSize(state.NodeCount, state.QueueCount)));
            return false;
        }
        catch (StorageException problem)
        {
            // Once for an outage, not four times a second.
            if (!failing) Lost(logger, database.Dialect.Name, problem.Message);
            return true;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The graph's store ({Store}) does not answer; known bindings are served as of their last revision, marked stale: {Reason}", EventName = "Lost")]
    private static partial void Lost(ILogger logger, string store, string reason);
}

/// <summary>Size of the graph.</summary>
internal sealed record GraphSize(long Nodes, long Queues);
