using System.Globalization;
using System.Net.Http.Json;
using Qmtl.Testing;

namespace Qmtl.Bench.Gateway;

/// <summary>The services as processes of their own on 127.0.0.1: all of them in one on SQLite, or several gateways with their peers on Postgres.</summary>
internal sealed class StackUnderLoad : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-burst-").FullName;
    private readonly List<ServiceProcess> _processes = [];
    private PostgresServer? _server;

    /// <summary>Where the gateways listen.</summary>
    public List<Uri> Gateways { get; } = [];

    /// <summary>How to reach the Postgres database; null for SQLite.</summary>
    public string? Postgres { get; private set; }

    public string Folder => _folder;

    /// <summary>Everything in one process on SQLite.</summary>
    public static async Task<StackUnderLoad> StandaloneAsync(bool fsync)
    {
        var stack = new StackUnderLoad();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Storage__Directory"] = stack._folder, ["Storage__Fsync"] = fsync ? "true" : "false" };
        await stack.StartAsync("Qmtl.Standalone", settings);
        return stack;
    }

    /// <summary>A process for each service, and this many gateways, on a Postgres server that waits for its disk where <paramref name="fsync"/> says so.</summary>
    public static async Task<StackUnderLoad> PostgresAsync(int gateways, bool fsync)
    {
        var stack = new StackUnderLoad { _server = await PostgresServer.StartAsync(fsync) };
        stack.Postgres = await stack._server.CreateDatabaseAsync("burst");
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ConnectionStrings__qmtl"] = stack.Postgres,
            ["Gateway__Degradation__CountLoad"] = "false",
            ["Gateway__Submissions__HoldFor"] = "00:00:02",
        };
        settings["services__worldservice__grpc__0"] = (await stack.StartAsync("Qmtl.WorldService", settings)).ToString();
        settings["services__dagmanager__grpc__0"] = (await stack.StartAsync("Qmtl.DagManager", settings)).ToString();
        stack.Gateways.Clear();
        for (var gateway = 0; gateway < gateways; gateway++) await stack.StartAsync("Qmtl.Gateway", settings);
        return stack;
    }

    /// <summary>kill -9 of the gateway that was started last.</summary>
    public Task KillLastGatewayAsync() => _processes[^1].KillAsync();

    /// <summary>Worlds to submit to.</summary>
    public async Task CreateWorldsAsync(IEnumerable<string> worlds, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = Gateways[0] };
        foreach (var world in worlds)
        {
            using var answer = await http.PostAsJsonAsync("/worlds", new { id = world }, cancellation);
            answer.EnsureSuccessStatusCode();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Starts a program and gives its gRPC address.</summary>
    private async Task<Uri> StartAsync(string program, IReadOnlyDictionary<string, string> settings)
    {
        var (http, grpc) = (Address(ServiceProcess.FreePort()), Address(ServiceProcess.FreePort()));
        var all = new Dictionary<string, string>(settings, StringComparer.Ordinal)
        {
            ["HTTP_PORT"] = http.Port.ToString(CultureInfo.InvariantCulture),
            ["GRPC_PORT"] = grpc.Port.ToString(CultureInfo.InvariantCulture),
            ["DASHBOARD_PORT"] = ServiceProcess.FreePort().ToString(CultureInfo.InvariantCulture),
            ["BindAddress"] = "127.0.0.1",
            ["Logging__LogLevel__Default"] = "Warning",
            // On the loopback nobody needs a token.
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
        };
        _processes.Add(await ServiceProcess.StartAsync(Path.Combine(AppContext.BaseDirectory, program + ".dll"), all, new Uri(http, "/health/ready")));
        Gateways.Add(http);
        return grpc;
    }

    private static Uri Address(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
}
