using System.Net;
using System.Net.Sockets;

namespace Aspire.Hosting.Running;

/// <summary>Stands between the address of an endpoint and the processes behind it; connections go to each in turn.</summary>
internal sealed class TcpForwarder : IDisposable
{
    private readonly TcpListener _listener;
    private readonly IReadOnlyList<int> _targets;
    private readonly CancellationTokenSource _ending = new();

    private TcpForwarder(int port, IReadOnlyList<int> targets)
    {
        _targets = targets;
        _listener = new TcpListener(IPAddress.Loopback, port);
    }

    public static TcpForwarder Start(int port, IReadOnlyList<int> targets)
    {
        var forwarder = new TcpForwarder(port, targets);
        forwarder._listener.Start();
        _ = forwarder.AcceptAsync();
        return forwarder;
    }

    public void Dispose()
    {
        _ending.Cancel();
        _listener.Dispose();
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var ending = _ending.Token;
        try
        {
            for (var turn = 0; ; turn++)
            {
                var client = await _listener.AcceptTcpClientAsync(ending).ConfigureAwait(false);
                _ = ForwardAsync(client, turn, ending);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The application ends.
        }
    }

    private async Task ForwardAsync(TcpClient client, int turn, CancellationToken ending)
    {
        using (client)
        {
            using var server = await ConnectAsync(turn, ending).ConfigureAwait(false);
            if (server is null) return;
            try
            {
                await Task.WhenAll(CopyAsync(client, server, ending), CopyAsync(server, client, ending)).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side hung up; disposing hangs up the other.
            }
        }
    }

    /// <summary>A connection to the next process that takes one.</summary>
    private async Task<TcpClient?> ConnectAsync(int turn, CancellationToken ending)
    {
        for (var i = 0; i < _targets.Count; i++)
        {
            var server = new TcpClient { NoDelay = true };
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _targets[(turn + i) % _targets.Count], ending).ConfigureAwait(false);
                return server;
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException)
            {
                server.Dispose();
            }
        }

        return null;
    }

    private static async Task CopyAsync(TcpClient from, TcpClient to, CancellationToken ending)
    {
        await from.GetStream().CopyToAsync(to.GetStream(), ending).ConfigureAwait(false);
        to.Client.Shutdown(SocketShutdown.Send);
    }
}
