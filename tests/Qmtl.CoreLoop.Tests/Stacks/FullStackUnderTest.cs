using System.Globalization;
using Qmtl.Testing;

namespace Qmtl.CoreLoop.Tests.Stacks;

/// <summary>Every service a process of its own, on Postgres and Redis.</summary>
public sealed class FullStackUnderTest : StackUnderTest
{
    private const string World = "Qmtl.WorldService";
    private const string Dag = "Qmtl.DagManager";
    private const string Gateway = "Qmtl.Gateway";

    /// <summary>In the order in which each finds what it needs.</summary>
    private static readonly string[] Services = [World, Dag, Gateway];

    private readonly Dictionary<string, (int Http, int Grpc)> _ports = Services.ToDictionary(name => name, _ => (ServiceProcess.FreePort(), ServiceProcess.FreePort()), StringComparer.Ordinal);
    private readonly Dictionary<string, ServiceProcess> _running = new(StringComparer.Ordinal);
    private string _postgres = "";
    private string _redis = "";

    public override Uri Http => Address(_ports[Gateway].Http);

    public override Uri Grpc => Address(_ports[Gateway].Grpc);

    public override Uri WorldGrpc => Address(_ports[World].Grpc);

    public override async Task StartAsync()
    {
        _postgres = await PostgresServer.CreateSharedDatabaseAsync();
        _redis = (await RedisServer.SharedAsync()).ConnectionString;
        foreach (var service in Services) await StartAsync(service);
    }

    public override async Task CrashAndRestartAsync()
    {
        foreach (var service in Services) await KillAsync(service);
        foreach (var service in Services) await StartAsync(service);
    }

    public override Task LoseWorldServiceAsync() => KillAsync(World);

    public override Task RestoreWorldServiceAsync() => StartAsync(World);

    public override async ValueTask DisposeAsync()
    {
        foreach (var process in _running.Values) await process.DisposeAsync();
    }

    private async Task KillAsync(string service)
    {
        await _running[service].KillAsync();
        await _running[service].DisposeAsync();
        _running.Remove(service);
    }

    private async Task StartAsync(string service)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HTTP_PORT"] = Text(_ports[service].Http),
            ["GRPC_PORT"] = Text(_ports[service].Grpc),
            ["ConnectionStrings__qmtl"] = _postgres,
            ["ConnectionStrings__redis"] = _redis,
            ["services__worldservice__grpc__0"] = Address(_ports[World].Grpc).ToString(),
            ["services__dagmanager__grpc__0"] = Address(_ports[Dag].Grpc).ToString(),
            ["Gateway__Submissions__HoldFor"] = HoldFor,
            // Keys of event tokens are made up here; in production they are given.
            ["DOTNET_ENVIRONMENT"] = "Development",
            ["Logging__LogLevel__Default"] = "Warning",
        };
        _running[service] = await ServiceProcess.StartAsync(
            Path.Combine(AppContext.BaseDirectory, service + ".dll"), settings, new Uri(Address(_ports[service].Http), "/health/ready"));
    }

    private static Uri Address(int port) => new($"http://127.0.0.1:{Text(port)}");

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
