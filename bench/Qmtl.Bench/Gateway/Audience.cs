using System.Diagnostics;
using System.Net.WebSockets;

namespace Qmtl.Bench.Gateway;

/// <summary>Many WebSocket subscribers, and what each received when.</summary>
internal sealed class Audience : IDisposable
{
    private const int Numbered = 2;
    private static readonly byte[] Field = "\"policy_version\":"u8.ToArray();

    private readonly ClientWebSocket[] _sockets;
    private readonly int[] _received;
    private readonly long[] _sent;
    private readonly long[] _first;
    private readonly long[] _last;
    private readonly LagHistogram _lags = new();
    private readonly CancellationTokenSource _end = new();
    private readonly bool[] _placed;
    private long _missing;

    private Audience(ClientWebSocket[] sockets, int readers, int events)
    {
        (_sockets, _received, _placed) = (sockets, new int[readers], new bool[readers]);
        (_sent, _first, _last) = (new long[events], new long[events], new long[events]);
    }

    /// <summary>Deliveries that never came.</summary>
    public long Missing => _missing;

    /// <summary>Connects <paramref name="readers"/> that read and <paramref name="stuck"/> that never do.</summary>
    public static async Task<Audience> GatherAsync(Uri address, int readers, int stuck, int events, CancellationToken cancellation)
    {
        var sockets = new ClientWebSocket[readers + stuck];
        for (var at = 0; at < sockets.Length; at++)
        {
            sockets[at] = new ClientWebSocket();
            sockets[at].Options.KeepAliveInterval = TimeSpan.Zero;
            await sockets[at].ConnectAsync(address, cancellation);
        }

        var audience = new Audience(sockets, readers, events);
        for (var at = 0; at < readers; at++)
        {
            var reader = at;
            _ = Task.Run(() => audience.ReadAsync(reader), CancellationToken.None);
        }

        return audience;
    }

    /// <summary>Publishes until every reader has received something.</summary>
    public async Task WaitUntilPlacedAsync(Func<Task> publish, CancellationToken cancellation)
    {
        while (!Array.TrueForAll(_placed, placed => placed))
        {
            await publish();
            await Task.Delay(100, cancellation);
        }
    }

    /// <summary>Notes that events go out now.</summary>
    public void Sent(int from, int count) => _sent.AsSpan(from, count).Fill(Stopwatch.GetTimestamp());

    /// <summary>The time from the first event that goes out to the last that arrives.</summary>
    public async Task<TimeSpan> MeasureAsync(Func<Task> publish, CancellationToken cancellation, int? events = null)
    {
        Array.Clear(_received);
        Array.Clear(_first);
        Array.Clear(_last);
        _lags.Clear();
        var expected = events ?? _sent.Length;
        var started = Stopwatch.GetTimestamp();
        await publish();
        var (progress, at) = (-1L, Stopwatch.GetTimestamp());
        while (Received() < (long)expected * _received.Length)
        {
            // What has not come while nothing comes will never.
            if (Received() != progress) (progress, at) = (Received(), Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(at) > TimeSpan.FromSeconds(10)) break;
            await Task.Delay(5, cancellation);
        }

        _missing += ((long)expected * _received.Length) - Received();
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>The time from the log to a subscriber, and from the first subscriber of an event to its last, in milliseconds.</summary>
    public (double Lag, double Skew) Percentiles(int events, double quantile)
    {
        var skews = Enumerable.Range(0, events).Select(number => Stopwatch.GetElapsedTime(_first[number], _last[number]).TotalMilliseconds).Order().ToArray();
        return (_lags.Quantile(quantile), skews[(int)Math.Ceiling(events * quantile) - 1]);
    }

    public void Dispose()
    {
        _end.Cancel();
        foreach (var socket in _sockets) socket.Dispose();
        _end.Dispose();
    }

    private long Received()
    {
        var sum = 0L;
        for (var reader = 0; reader < _received.Length; reader++) sum += Volatile.Read(ref _received[reader]);
        return sum;
    }

    private async Task ReadAsync(int reader)
    {
        var buffer = new byte[4_096];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await _sockets[reader].ReceiveAsync(buffer.AsMemory(length), _end.Token);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                Note(reader, Number(buffer.AsSpan(0, length)) - Numbered);
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException or ObjectDisposedException)
        {
            // The measurement is over.
        }
    }

    private void Note(int reader, int number)
    {
        if (number < 0)
        {
            Volatile.Write(ref _placed[reader], true);
            return;
        }

        var now = Stopwatch.GetTimestamp();
        if (_first[number] == 0) Interlocked.CompareExchange(ref _first[number], now, 0);
        // The readers of one event are many, but its last one is what counts: a lost race is a difference of nothing.
        if (_last[number] < now) Volatile.Write(ref _last[number], now);
        if (_sent[number] > 0) _lags.Add(Stopwatch.GetElapsedTime(_sent[number], now));
        Volatile.Write(ref _received[reader], _received[reader] + 1);
    }

    private static int Number(ReadOnlySpan<byte> json)
    {
        var at = json.IndexOf(Field);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(json[(at + Field.Length)..], out int number, out _) ? number : -1;
    }
}

/// <summary>Times in classes of a tenth of a millisecond, up to ten seconds.</summary>
internal sealed class LagHistogram
{
    private readonly long[] _counts = new long[100_000];

    public void Add(TimeSpan time) => Interlocked.Increment(ref _counts[Math.Clamp((int)(time.TotalMilliseconds * 10), 0, _counts.Length - 1)]);

    public void Clear() => Array.Clear(_counts);

    public double Quantile(double quantile)
    {
        var left = (long)Math.Ceiling(_counts.Sum() * quantile);
        for (var at = 0; at < _counts.Length; at++)
        {
            left -= _counts[at];
            if (left <= 0) return (at + 1) / 10.0;
        }

        return _counts.Length / 10.0;
    }
}
