using System.Collections.Concurrent;
using System.Threading.Channels;
using Qmtl.Identity;

namespace Qmtl.Runtime;

/// <summary>Publishes values behind the back of the run that computes them, several at once.</summary>
/// <remarks>Whatever goes wrong here costs others the values, never the run its result: a stream that is refused is no longer published.</remarks>
internal sealed class NodePublisher : IAsyncDisposable
{
    private const int Ahead = 64;
    private const int ValuesAtOnce = 256 * 1024;
    private const int MostAttempts = 4;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly INodeExchange _exchange;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, string> _lost = new(StringComparer.Ordinal);
    private readonly Channel<object> _queue = Channel.CreateBounded<object>(new BoundedChannelOptions(Ahead) { SingleReader = true });
    private readonly CancellationTokenSource _end;
    private readonly Task _working;

    public NodePublisher(INodeExchange exchange, TimeProvider time, CancellationToken cancellationToken)
    {
        (_exchange, _time) = (exchange, time);
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _working = WorkAsync(_end.Token);
    }

    /// <summary>Streams that are no longer published, with the reason code.</summary>
    public IReadOnlyDictionary<string, string> Lost => _lost;

    /// <summary>Stops publishing a stream.</summary>
    public void Drop(string stream, ReasonCode reason) => _lost.TryAdd(stream, reason.Code);

    /// <summary>Publishes a batch, soon. Waits when too many are under way.</summary>
    public ValueTask PublishAsync(NodeBatch batch, CancellationToken cancellationToken) => _queue.Writer.WriteAsync(batch, cancellationToken);

    /// <summary>Waits until everything before this is published or lost.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _queue.Writer.WriteAsync(reached, cancellationToken).ConfigureAwait(false);
        await reached.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _end.CancelAsync().ConfigureAwait(false);
        await _working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        var batches = new List<NodeBatch>();
        while (await _queue.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var values = 0;
            TaskCompletionSource? reached = null;
            while (reached is null && values < ValuesAtOnce && _queue.Reader.TryRead(out var item))
            {
                if (item is NodeBatch batch)
                {
                    batches.Add(batch);
                    values += batch.Bars * batch.Columns.Count;
                }
                else
                {
                    reached = (TaskCompletionSource)item;
                }
            }

            await AppendAsync(batches, cancellationToken).ConfigureAwait(false);
            batches.Clear();
            reached?.SetResult();
        }
    }

    private async Task AppendAsync(List<NodeBatch> batches, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            batches.RemoveAll(batch => _lost.ContainsKey(batch.StreamId));
            if (batches.Count == 0) return;
            try
            {
                await _exchange.AppendAsync(batches, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (RefusalException refusal) when (refusal.Code.HttpStatus < 500 && refusal.Metadata.TryGetValue("stream_id", out var stream) && batches.Exists(batch => string.Equals(batch.StreamId, stream, StringComparison.Ordinal)))
            {
                // The others may well be taken.
                Drop(stream, refusal.Code);
                attempt = 0;
            }
            catch (RefusalException refusal) when (refusal.Code.HttpStatus < 500 || attempt >= MostAttempts)
            {
                foreach (var batch in batches) Drop(batch.StreamId, refusal.Code);
                return;
            }
            catch (RefusalException)
            {
                await Task.Delay(FirstPause * (1 << attempt), _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
