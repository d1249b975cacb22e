using System.Threading.Channels;
using Qmtl.Identity;

namespace Qmtl.Runtime;

/// <summary>Values of read nodes as they come, block by block.</summary>
internal sealed class NodeFeed : IAsyncDisposable
{
    private const int Ahead = 64;
    private const int MostAttempts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    private readonly INodeExchange _exchange;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, long> _next;
    private readonly Dictionary<string, Queue<NodeBatch>> _waiting;
    private readonly Channel<NodeBatch> _arrived = Channel.CreateBounded<NodeBatch>(new BoundedChannelOptions(Ahead) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _end;
    private readonly Task _reading;

    /// <summary>Begins to read <paramref name="streams"/> from their first bar.</summary>
    public NodeFeed(INodeExchange exchange, IReadOnlyCollection<string> streams, TimeProvider time, CancellationToken cancellationToken)
    {
        (_exchange, _time) = (exchange, time);
        _next = streams.ToDictionary(stream => stream, _ => 0L, StringComparer.Ordinal);
        _waiting = streams.ToDictionary(stream => stream, _ => new Queue<NodeBatch>(), StringComparer.Ordinal);
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _reading = streams.Count == 0 ? Task.CompletedTask : ReadAsync(_end.Token);
    }

    /// <summary>The next batch of a stream, if it has come.</summary>
    public bool TryTake(string stream, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out NodeBatch? batch)
    {
        while (_arrived.Reader.TryRead(out var arrived)) _waiting[arrived.StreamId].Enqueue(arrived);
        return _waiting[stream].TryDequeue(out batch);
    }

    /// <summary>Waits until something has come.</summary>
    /// <returns>False when nothing came for <paramref name="longest"/>.</returns>
    /// <exception cref="RefusalException">Nothing will come any more.</exception>
    public async Task<bool> WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(longest, _time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await _arrived.Reader.WaitToReadAsync(limited.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    /// <summary>Reads, and comes back where it was when the exchange goes away for a moment.</summary>
    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await foreach (var batch in _exchange.ReadAsync(_next, cancellationToken).ConfigureAwait(false))
                {
                    await _arrived.Writer.WriteAsync(batch, cancellationToken).ConfigureAwait(false);
                    _next[batch.StreamId] = batch.FirstBar + batch.Bars;
                    attempt = 0;
                }
            }
            catch (RefusalException refusal) when (refusal.Code.HttpStatus < 500 || attempt >= MostAttempts)
            {
                _arrived.Writer.Complete(refusal);
                return;
            }
            catch (RefusalException)
            {
                // Tried again below.
            }

            await Task.Delay(FirstPause * (1 << Math.Min(attempt, MostAttempts)), _time, cancellationToken).ConfigureAwait(false);
        }
    }
}
