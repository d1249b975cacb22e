using System.Globalization;
using Qmtl.Testing;

namespace Qmtl.CoreLoop.Tests.Stacks;

/// <summary>Everything in one process of its own, on SQLite, so that it can be killed.</summary>
public sealed class StandaloneProcessUnderTest : StackUnderTest
{
    private readonly string _folder;
    private readonly bool _isGuest;
    private readonly (int Http, int Grpc, int Dashboard) _ports = (ServiceProcess.FreePort(), ServiceProcess.FreePort(), ServiceProcess.FreePort());
    private ServiceProcess? _process;

    public StandaloneProcessUnderTest() => _folder = Directory.CreateTempSubdirectory("qmtl-standalone-").FullName;

    /// <summary>A second process over the database of <paramref name="host"/>, which outlives it.</summary>
    public StandaloneProcessUnderTest(StandaloneProcessUnderTest host) => (_folder, _isGuest) = (host._folder, true);

    /// <summary>The database that all of it shares.</summary>
    public string Database => Path.Combine(_folder, "qmtl.db");

    public override Uri Http => Address(_ports.Http);

    public override Uri Grpc => Address(_ports.Grpc);

    public override Uri WorldGrpc => Grpc;

    public override async Task StartAsync() => _process = await RunAsync(worldService: null);

    public override Task CrashAndRestartAsync() => RestartAsync(worldService: null);

    public override Task LoseWorldServiceAsync() => RestartAsync("http://127.0.0.1:9");

    public override Task RestoreWorldServiceAsync() => RestartAsync(worldService: null);

    public override async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        if (!_isGuest) Directory.Delete(_folder, recursive: true);
    }

    private async Task RestartAsync(string? worldService)
    {
        await _process!.KillAsync();
        await _process.DisposeAsync();
        _process = await RunAsync(worldService);
    }

    private Task<ServiceProcess> RunAsync(string? worldService)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HTTP_PORT"] = Text(_ports.Http),
            ["GRPC_PORT"] = Text(_ports.Grpc),
            ["DASHBOARD_PORT"] = Text(_ports.Dashboard),
            ["Storage__Directory"] = _folder,
            ["Gateway__Submissions__HoldFor"] = HoldFor,
            // Keys of event tokens are made up here; in production they are given.
            ["DOTNET_ENVIRONMENT"] = "Development",
            ["Logging__LogLevel__Default"] = "Warning",
        };
        if (worldService is not null) settings["services__worldservice__grpc__0"] = worldService;
        return ServiceProcess.StartAsync(Path.Combine(AppContext.BaseDirectory, "Qmtl.Standalone.dll"), settings, new Uri(Http, "/health/ready"));
    }

    private static Uri Address(int port) => new($"http://127.0.0.1:{Text(port)}");

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
