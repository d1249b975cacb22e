namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Ends a call at its deadline. Either the handler completes it or the deadline does, never both.</summary>
internal sealed class CallDeadline : IAsyncDisposable
{
    // Far beyond any call, and within what timers accept.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    // How long trailers may wait behind data the client does not read.
    private static readonly TimeSpan SendPatience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _cancellation;
    private readonly ITimer _timer;
    private readonly Func<Task> _onExceeded;
    private readonly TimeProvider _time;
    private Task? _expiring;
    private bool _completed;

    public CallDeadline(TimeSpan timeout, TimeProvider time, Func<Task> onExceeded, CancellationToken aborted)
    {
        _time = time;
        _onExceeded = onExceeded;
        var now = time.GetUtcNow().UtcDateTime;
        At = timeout < DateTime.MaxValue - now ? now + timeout : DateTime.MaxValue;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        CancellationToken = _cancellation.Token;
        _timer = time.CreateTimer(static state => ((CallDeadline)state!).Expire(), this, timeout < Longest ? timeout : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The deadline, in UTC.</summary>
    public DateTime At { get; }

    public CancellationToken CancellationToken { get; }

    /// <summary>Done when an expired call has been ended on the wire.</summary>
    public Task Expired => _expiring ?? Task.CompletedTask;

    /// <summary>Claims the end of the call; false when the deadline was first.</summary>
    public bool TryComplete()
    {
        lock (_gate)
        {
            if (_expiring is not null) return false;
            return _completed = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        await Expired.ConfigureAwait(false);
        _cancellation.Dispose();
    }

    private void Expire()
    {
        lock (_gate)
        {
            if (_completed || _expiring is not null) return;
            _expiring = Task.Run(ExpireAsync);
        }
    }

    private async Task ExpireAsync()
    {
        try
        {
            await _onExceeded().WaitAsync(SendPatience, _time).ConfigureAwait(false);
        }
        catch (Exception unsent) when (unsent is TimeoutException or IOException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
            // The client is gone or does not read: there is nobody left to tell.
        }
        finally
        {
            await _cancellation.CancelAsync().ConfigureAwait(false);
        }
    }
}
