using System.Collections.Concurrent;

namespace Qmtl.DagManager.Diff;

/// <summary>Which chunks of running diffs their readers have acknowledged.</summary>
/// <remarks>
/// A reader may run <see cref="Window"/> chunks ahead of its acknowledgements. What was acknowledged is remembered until the diff is
/// finished or forgotten, so that a broken stream goes on behind it.
/// </remarks>
internal sealed class DiffAcknowledgements(TimeProvider time)
{
    /// <summary>Chunks that may be under way unacknowledged.</summary>
    public const int Window = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<string, Progress> _diffs = new(StringComparer.Ordinal);

    /// <summary>Starts a diff, or goes on with one that broke.</summary>
    /// <returns>The number of the first chunk to send.</returns>
    public int Begin(string diffId)
    {
        var now = time.GetUtcNow();
        foreach (var (id, old) in _diffs)
        {
            if (now - old.TouchedAt > Memory) _diffs.TryRemove(id, out _);
        }

        return _diffs.GetOrAdd(diffId, _ => new Progress(now)).Acknowledged + 1;
    }

    /// <summary>Waits until chunk <paramref name="chunk"/> may be sent.</summary>
    /// <returns>False when the reader acknowledged nothing for thirty seconds.</returns>
    public async Task<bool> MaySendAsync(string diffId, int chunk, CancellationToken cancellation)
    {
        if (!_diffs.TryGetValue(diffId, out var progress)) return true;
        while (chunk - progress.Acknowledged > Window)
        {
            var next = progress.Next;
            if (chunk - progress.Acknowledged <= Window) break;
            try
            {
                await next.WaitAsync(Patience, time, cancellation);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes an acknowledgement. One that is unknown or old changes nothing.</summary>
    public void Acknowledge(string diffId, int chunk)
    {
        if (_diffs.TryGetValue(diffId, out var progress)) progress.Acknowledge(chunk, time.GetUtcNow());
    }

    /// <summary>Forgets a diff whose stream ended whole.</summary>
    public void End(string diffId) => _diffs.TryRemove(diffId, out _);

    private sealed class Progress(DateTimeOffset startedAt)
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _acknowledged = -1;

        public DateTimeOffset TouchedAt { get; private set; } = startedAt;

        public int Acknowledged => Volatile.Read(ref _acknowledged);

        public Task Next
        {
            get
            {
                lock (_gate) return _next.Task;
            }
        }

        public void Acknowledge(int chunk, DateTimeOffset now)
        {
            TaskCompletionSource reached;
            lock (_gate)
            {
                if (chunk <= _acknowledged) return;
                _acknowledged = chunk;
                TouchedAt = now;
                reached = _next;
                _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            reached.SetResult();
        }
    }
}
