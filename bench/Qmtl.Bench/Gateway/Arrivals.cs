using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Qmtl.Bench.Gateway;

/// <summary>Submissions that come at a fixed rate, whether those before were answered or not: latency counts from when one was due, so a stall shows in full.</summary>
/// <param name="Rate">Submissions in a second.</param>
/// <param name="Length">For how long.</param>
/// <param name="Connections">Connections that are kept, spread over the gateways.</param>
internal sealed record Arrivals(int Rate, TimeSpan Length, int Connections)
{
    private static readonly byte[] IdField = "\"strategy_id\":\""u8.ToArray();
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public int Total => (int)(Rate * Length.TotalSeconds);

    /// <summary>Sends them all.</summary>
    /// <param name="gateways">Where to; a connection that breaks goes to the next one, and what it was sending is sent again.</param>
    /// <param name="bodies">What to send: the body of each number.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<Outcome> RunAsync(IReadOnlyList<Uri> gateways, Func<int, byte[]> bodies, CancellationToken cancellation)
    {
        var outcome = new Outcome(Total);
        // Far enough ahead for every connection to be there when its first one is due.
        var start = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 5);
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(lane => Task.Run(() => RunLaneAsync(lane, start, gateways, bodies, outcome, cancellation), cancellation)));
        return outcome;
    }

    private async Task RunLaneAsync(int lane, long start, IReadOnlyList<Uri> gateways, Func<int, byte[]> bodies, Outcome outcome, CancellationToken cancellation)
    {
        HttpConnection? connection = null;
        var gateway = lane;
        try
        {
            for (var number = lane; number < Total; number += Connections)
            {
                var due = start + (long)((double)number / Rate * Stopwatch.Frequency);
                var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (wait > TimeSpan.Zero) await Task.Delay(wait, cancellation);
                var body = bodies(number);
                for (var sent = false; !sent;)
                {
                    try
                    {
                        connection ??= await HttpConnection.OpenAsync(gateways[gateway % gateways.Count], "/strategies", cancellation);
                        outcome.Add(number, await connection.PostAsync(body, cancellation), Stopwatch.GetElapsedTime(due));
                        sent = true;
                    }
                    catch (Exception broken) when (broken is IOException or SocketException)
                    {
                        connection?.Dispose();
                        connection = null;
                        gateway++;
                        outcome.Broke();
                        await Task.Delay(Pause, cancellation);
                    }
                }
            }
        }
        finally
        {
            connection?.Dispose();
        }
    }

    /// <summary>What was answered.</summary>
    internal sealed class Outcome(int total)
    {
        private readonly double[] _latencies = new double[total];
        private readonly ConcurrentDictionary<int, int> _refused = new();
        private int _broken;
        private int _withQueues;

        /// <summary>Acknowledged strategies.</summary>
        public ConcurrentQueue<string> Acknowledged { get; } = new();

        /// <summary>Answers that said the submission was there before: sent again after a broken connection, it had been kept.</summary>
        public ConcurrentQueue<string> Known { get; } = new();

        /// <summary>Other answers, by status.</summary>
        public IReadOnlyDictionary<int, int> Refused => _refused;

        /// <summary>Connections that broke.</summary>
        public int Broken => _broken;

        /// <summary>Answers that came with their queues, the diff being done.</summary>
        public int WithQueues => _withQueues;

        public void Broke() => Interlocked.Increment(ref _broken);

        public void Add(int number, RawAnswer answer, TimeSpan latency)
        {
            _latencies[number] = latency.TotalMilliseconds;
            if (answer.Status == 202)
            {
                Acknowledged.Enqueue(IdOf(answer.Body.Span));
                if (answer.Body.Span.IndexOf("\"node_queues\":{\""u8) >= 0) Interlocked.Increment(ref _withQueues);
            }
            else if (answer.Status == 409)
            {
                Known.Enqueue(IdOf(answer.Body.Span));
            }
            else
            {
                _refused.AddOrUpdate(answer.Status, 1, (_, count) => count + 1);
            }
        }

        /// <summary>The latency that this share of submissions stayed within, in milliseconds.</summary>
        public double Percentile(double share)
        {
            var sorted = _latencies.Order().ToArray();
            return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
        }

        private static string IdOf(ReadOnlySpan<byte> body)
        {
            var at = body.IndexOf(IdField);
            if (at < 0) throw new InvalidOperationException($"The answer names no strategy: {Encoding.UTF8.GetString(body[..Math.Min(body.Length, 300)])}");
            var rest = body[(at + IdField.Length)..];
            return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)'"')]);
        }
    }
}
