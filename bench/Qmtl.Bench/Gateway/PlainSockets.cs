using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Qmtl.Bench.Gateway;

/// <summary>The plain loop: each message sent to each of many loopback sockets, one call each.</summary>
internal static class PlainSockets
{
    /// <summary>Deliveries a second.</summary>
    public static async Task<double> MeasureAsync(int sockets, int messages, int bytes, CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var (senders, receivers) = (new Socket[sockets], new Socket[sockets]);
        for (var at = 0; at < sockets; at++)
        {
            receivers[at] = new Socket(SocketType.Stream, ProtocolType.Tcp);
            var accepting = listener.AcceptSocketAsync(cancellation);
            await receivers[at].ConnectAsync(listener.LocalEndpoint, cancellation);
            senders[at] = await accepting;
        }

        var message = new byte[bytes];
        var started = Stopwatch.GetTimestamp();
        var reading = receivers.Select(receiver => Task.Run(() => ReadAsync(receiver, (long)messages * bytes, cancellation), cancellation)).ToArray();
        for (var sent = 0; sent < messages; sent++)
        {
            foreach (var sender in senders) await sender.SendAsync(message, cancellation);
        }

        await Task.WhenAll(reading);
        var time = Stopwatch.GetElapsedTime(started);
        foreach (var socket in senders.Concat(receivers)) socket.Dispose();
        return (double)sockets * messages / time.TotalSeconds;
    }

    private static async Task ReadAsync(Socket socket, long bytes, CancellationToken cancellation)
    {
        var buffer = new byte[4_096];
        while (bytes > 0) bytes -= await socket.ReceiveAsync(buffer, cancellation);
    }
}
