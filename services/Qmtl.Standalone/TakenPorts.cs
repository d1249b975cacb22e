using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Qmtl.Standalone;

/// <summary>A port that somebody else listens on.</summary>
internal sealed class PortTakenException(string message, Exception inner) : Exception(message, inner);

/// <summary>Sockets that listen before the host is built.</summary>
/// <remarks>
/// The services of this process call each other, and some do so while starting, before the server has bound a port that the system
/// chose. With the sockets open from the beginning the addresses are known, a taken port is noticed before anything is written, and
/// an early call waits to be accepted instead of being refused.
/// </remarks>
internal sealed class TakenPorts : IDisposable
{
    private const int Backlog = 512;
    private readonly Dictionary<string, Socket> _sockets = new(StringComparer.Ordinal);

    private TakenPorts()
    {
    }

    /// <summary>Endpoint name to port.</summary>
    public IEnumerable<(string Name, int Port)> Numbers => _sockets.Select(entry => (entry.Key, Port(entry.Value)));

    /// <summary>Takes a port for each endpoint: what <c>{NAME}_PORT</c> says (0: any free one), or the default.</summary>
    public static TakenPorts Take(IConfiguration configuration, params ReadOnlySpan<(string Name, int Default)> endpoints)
    {
        var taken = new TakenPorts();
        try
        {
            var address = BindAddress(configuration["BindAddress"]);
            foreach (var (name, number) in endpoints)
            {
                var key = $"{name.ToUpperInvariant()}_PORT";
                taken._sockets[name] = Listen(address, Configured(configuration, key, number), key);
            }

            return taken;
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    /// <summary>The address to call an endpoint by.</summary>
    public string Address(string name) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port(_sockets[name])}");

    /// <summary>The socket the server listens on; an endpoint that is none of these is bound as usual.</summary>
    public Socket SocketFor(EndPoint endpoint) =>
        endpoint is IPEndPoint wanted && _sockets.Values.FirstOrDefault(socket => Port(socket) == wanted.Port) is { } mine
            ? mine
            : SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);

    /// <summary>Gives the ports back. Once the server listens they are its own to close.</summary>
    public void Dispose()
    {
        foreach (var socket in _sockets.Values) socket.Dispose();
    }

    private static Socket Listen(IPAddress address, int port, string key)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException problem)
        {
            socket.Dispose();
            throw new PortTakenException($"Cannot listen on {address}:{port} ({problem.Message}). End what uses the port, or give another one with {key} (0: any free one).", problem);
        }
    }

    private static int Port(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static int Configured(IConfiguration configuration, string key, int otherwise) => configuration[key] switch
    {
        null or "" => otherwise,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= IPEndPoint.MaxPort => port,
        // Said with the fix where endpoints are configured.
        _ => 0,
    };

    private static IPAddress BindAddress(string? bind) => bind switch
    {
        null or "" or "localhost" => IPAddress.Loopback,
        "*" => IPAddress.Any,
        _ => IPAddress.TryParse(bind, out var address) ? address : IPAddress.Loopback,
    };
}
