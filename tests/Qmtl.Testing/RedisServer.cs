using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Qmtl.Testing;

/// <summary>A Redis server of our own: empty, on a free port of 127.0.0.1, gone with the test process.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly Lazy<Task<RedisServer>> Shared = new(() => StartAsync());

    private readonly string _folder;
    private readonly bool _appendOnly;
    private ServerProcess _process;

    private RedisServer(string folder, bool appendOnly, int port, ServerProcess process)
    {
        _folder = folder;
        _appendOnly = appendOnly;
        Port = port;
        _process = process;
    }

    public int Port { get; }

    /// <summary>As StackExchange.Redis and Aspire read it.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>The server that all tests of this process share; started by the first who asks. Use keys of your own.</summary>
    public static Task<RedisServer> SharedAsync() => Shared.Value;

    /// <summary>Starts an empty server.</summary>
    /// <param name="appendOnly">Whether writes are kept on disk, so that a restart finds them.</param>
    public static async Task<RedisServer> StartAsync(bool appendOnly = false)
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-redis-").FullName;
        var port = ServerProcess.FreePort();
        return new RedisServer(folder, appendOnly, port, await RunAsync(folder, port, appendOnly));
    }

    /// <summary>kill -9, then start again: without append-only, everything is lost, which is the point of asking.</summary>
    public async Task CrashAndRestartAsync()
    {
        await _process.KillAsync();
        await _process.DisposeAsync();
        _process = await RunAsync(_folder, Port, _appendOnly);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<ServerProcess> RunAsync(string folder, int port, bool appendOnly)
    {
        var redis = Machine.OnPath("redis-server") ?? throw new InvalidOperationException(Machine.WhyMissing(Needs.Redis));
        var process = ServerProcess.Start(folder, "TERM",
        [
            redis, "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
            "--appendonly", appendOnly ? "yes" : "no", "--daemonize", "no",
        ]);
        await process.WaitUntilAsync(() => AnswersAsync(port), "redis-server");
        return process;
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            await client.GetStream().WriteAsync("PING\r\n"u8.ToArray());
            var answer = new byte[7];
            await client.GetStream().ReadExactlyAsync(answer).AsTask().Within(5);
            return answer.AsSpan().SequenceEqual("+PONG\r\n"u8);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }
}
