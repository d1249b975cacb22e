using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Threading.RateLimiting;
using Qmtl.Identity;

namespace Qmtl.Gateway.Events;

/// <summary>One WebSocket and its stream, until one of them ends.</summary>
internal sealed class WebSocketSession(
    WebSocket socket, CorkedStream connection, EventStream stream, StreamGrant grant, Func<string, Task<StreamGrant>> refresh,
    EventEncoder encoder, EventMetrics metrics, EventOptions options, TimeProvider time) : IDisposable
{
    // Who is not wanted any more gets a word about it, and no more of this gateway's time.
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly RateLimiter? _limiter = options.RateLimitPerSecond == 0 ? null : new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
    {
        TokenLimit = options.RateLimitPerSecond,
        TokensPerPeriod = Math.Max(1, options.RateLimitPerSecond / 10),
        ReplenishmentPeriod = TimeSpan.FromMilliseconds(100),
        QueueLimit = 1,
    });

    private readonly CancellationTokenSource _abandon = new();
    private volatile StreamGrant _grant = grant;

    /// <summary>Runs both directions.</summary>
    public async Task<SocketEnd> RunAsync(CancellationToken stopping)
    {
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var receiving = new CancellationTokenSource();
        var (send, receive, expire) = (SendAsync(sending.Token), ReceiveAsync(receiving.Token), ExpireAsync(sending.Token));
        var end = await await Task.WhenAny(send, receive, expire);
        if (stopping.IsCancellationRequested) end = SocketEnd.Stopping;
        await sending.CancelAsync();
        _abandon.CancelAfter(FarewellLimit);
        await Task.WhenAll(send, expire);
        if (end.Status is { } status)
        {
            await CloseAsync(status, end.Text);
            // Cut off at once, the client would not get to read why.
            receiving.CancelAfter(FarewellLimit);
            await (receive.IsCompleted ? DrainAsync(receiving.Token) : receive);
        }

        socket.Abort();
        await receiving.CancelAsync();
        await receive;
        return end;
    }

    private async Task CloseAsync(WebSocketCloseStatus status, string text)
    {
        using var limit = new CancellationTokenSource(FarewellLimit);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await socket.CloseOutputAsync(status, text, limit.Token);
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Nobody there to hear it.
        }
    }

    /// <summary>Reads until the client has closed too, whatever else it was about to say.</summary>
    private async Task DrainAsync(CancellationToken limit)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1_024);
        try
        {
            while (socket.State is WebSocketState.CloseSent && (await socket.ReceiveAsync(buffer.AsMemory(), limit)).MessageType != WebSocketMessageType.Close)
            {
                // Not wanted any more.
            }
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // It is gone already, or takes too long.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose()
    {
        _limiter?.Dispose();
        _abandon.Dispose();
        _turn.Dispose();
    }

    private async Task<SocketEnd> SendAsync(CancellationToken ended)
    {
        try
        {
            while (true)
            {
                var batch = await stream.NextAsync(ended);
                for (var from = 0; from < batch.Count;)
                {
                    var count = _limiter is null ? batch.Count : Math.Min(batch.Count - from, options.RateLimitPerSecond);
                    if (_limiter is not null) (await _limiter.AcquireAsync(count, ended)).Dispose();
                    if (!await WriteAsync(batch, from, count)) return SocketEnd.Stuck;
                    from += count;
                }
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            return SocketEnd.Lost;
        }
    }

    /// <summary>Writes events as one piece; false when the client does not take them.</summary>
    private async Task<bool> WriteAsync(IReadOnlyList<HubEvent> batch, int from, int count)
    {
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            connection.Cork();
            for (var at = from; at < from + count; at++) await socket.SendAsync(encoder.Json(batch[at].Frame), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            return await UncorkAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<bool> UncorkAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_abandon.Token);
        limit.CancelAfter(options.SendTimeout);
        try
        {
            await connection.UncorkAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<SocketEnd> ReceiveAsync(CancellationToken ended)
    {
        try
        {
            while (true)
            {
                // Waits without holding a buffer: most clients are silent most of the time.
                var first = await socket.ReceiveAsync(Memory<byte>.Empty, ended);
                if (first.MessageType == WebSocketMessageType.Close) return SocketEnd.Left;
                if (await ReceiveMessageAsync(first.EndOfMessage, ended) is { } end) return end;
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            return SocketEnd.Lost;
        }
    }

    private async Task<SocketEnd?> ReceiveMessageAsync(bool isEmpty, CancellationToken ended)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(options.MaxMessageBytes + 1);
        using var limit = new CancellationTokenSource(options.MessageTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ended, limit.Token);
        try
        {
            var length = 0;
            while (!isEmpty)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(length, options.MaxMessageBytes + 1 - length), either.Token);
                if (part.MessageType == WebSocketMessageType.Close) return SocketEnd.Left;
                length += part.Count;
                if (length > options.MaxMessageBytes) return SocketEnd.TooBig;
                if (part.EndOfMessage) break;
            }

            return await AnswerAsync(SocketMessage.Read(buffer.AsMemory(0, length)));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !ended.IsCancellationRequested)
        {
            return SocketEnd.Unfinished;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<SocketEnd?> AnswerAsync(SocketMessage message)
    {
        switch (message)
        {
            case SocketMessage.Ack ack:
                metrics.Acknowledged();
                await ReplyAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["type"] = "ack", ["last_id"] = ack.LastId });
                return null;
            case SocketMessage.Refresh renewal:
                return await RefreshAsync(renewal.Token);
            default:
                metrics.Heartbeat();
                return null;
        }
    }

    private async Task<SocketEnd?> RefreshAsync(string token)
    {
        try
        {
            var next = await refresh(token);
            // The stream goes on as it is unless the token is for something else.
            if (!SameAs(next.Filter)) stream.Change(next.Filter);
            _grant = next;
            metrics.Refreshed();
            await ReplyAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["type"] = "refresh_ack", ["topics"] = string.Join(',', next.Filter.Topics.Order(StringComparer.Ordinal)) });
            return null;
        }
        catch (RefusalException refusal)
        {
            metrics.RefreshRefused(refusal.Code.Code);
            return SocketEnd.Refused(refusal.Code.Code);
        }
    }

    private bool SameAs(EventFilter filter) =>
        filter.Topics.SetEquals(stream.Filter.Topics) && string.Equals(filter.World, stream.Filter.World, StringComparison.Ordinal) && string.Equals(filter.StrategyId, stream.Filter.StrategyId, StringComparison.Ordinal);

    private async Task ReplyAsync(Dictionary<string, string> reply)
    {
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            using var limit = new CancellationTokenSource(options.SendTimeout, time);
            await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(reply), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<SocketEnd> ExpireAsync(CancellationToken ended)
    {
        try
        {
            while (true)
            {
                if (_grant.ExpiresAt is not { } end)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, time, ended);
                    continue;
                }

                var left = end - time.GetUtcNow();
                if (left <= TimeSpan.Zero) return SocketEnd.Refused(ReasonCodes.TokenExpired.Code);
                await Task.Delay(left, time, ended);
            }
        }
        catch (OperationCanceledException)
        {
            return SocketEnd.Lost;
        }
    }
}
