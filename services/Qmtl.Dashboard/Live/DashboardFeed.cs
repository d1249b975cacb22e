
namespace Qmtl.Dashboard.Live;

/// <summary>Follows the Gateway's event stream and re-reads the state when something happened.</summary>
/// <remarks>
/// Events say that something changed, reads say what is true: the page never derives a decision from an event. A slow
/// re-read covers what has no event (health, time-outs of decisions).
/// </remarks>
internal sealed partial class DashboardFeed(
    GatewayReader reader,
    SectionRenderer renderer,
    DashboardState state,
    EventTail tail,
    TimeProvider time,
    ILogger<DashboardFeed> logger) : BackgroundService
{
    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SlowRead = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(8);
    private readonly SemaphoreSlim _changed = new(1, 1);

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(FollowEventsAsync(stoppingToken), RefreshAsync(stoppingToken));

    private async Task RefreshAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var view = await reader.ReadAsync(tail.Latest, cancellation);
                state.Publish(view, await renderer.SectionsAsync(view));
                await _changed.WaitAsync(view.Gateway.Reachable ? SlowRead : ShortestRetry, cancellation);
                await Task.Delay(SettleTime, time, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task FollowEventsAsync(CancellationToken cancellation)
    {
        var retry = ShortestRetry;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await foreach (var item in reader.FollowEventsAsync(cancellation))
                {
                    retry = ShortestRetry;
                    tail.Add(item);
                    Changed();
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem) when (problem is HttpRequestException or IOException or OperationCanceledException)
            {
                StreamLost(logger, problem.Message, retry.TotalSeconds);
            }

            Changed();
            await Task.Delay(retry, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
        }
    }

    private void Changed()
    {
        if (_changed.CurrentCount == 0) _changed.Release();
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _changed.Dispose();
        base.Dispose();
    }

    [LoggerMessage(1, LogLevel.Information, "The Gateway's event stream ended ({Reason}); trying again in {Seconds} s.", EventName = "StreamLost")]
    private static partial void StreamLost(ILogger logger, string reason, double seconds);
}
