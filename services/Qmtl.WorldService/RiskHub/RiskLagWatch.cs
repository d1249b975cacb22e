using Qmtl.Storage;

namespace Qmtl.WorldService.RiskHub;

/// <summary>Keeps the lag gauge of this process true for snapshots that came before it started or through another replica.</summary>
internal sealed class RiskLagWatch(IDatabase database, RiskHubMetrics metrics, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (StorageException)
            {
                // The gauge goes on from what is known: it grows, which is what an unreachable database should look like.
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
        while (await WaitAsync(timer, stoppingToken));
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<NewestRow>(
            "SELECT s.world_id, MAX(s.created_at) AS created_at FROM ws_risk_snapshots s JOIN ws_worlds w ON w.world_id = s.world_id WHERE w.state <> 'DELETED' GROUP BY s.world_id",
            cancellationToken: cancellationToken);
        foreach (var row in rows) metrics.Newest(row.WorldId, row.CreatedAt);
    }

    private static async ValueTask<bool> WaitAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private sealed record NewestRow
    {
        public string WorldId { get; init; } = "";

        public DateTimeOffset CreatedAt { get; init; }
    }
}
