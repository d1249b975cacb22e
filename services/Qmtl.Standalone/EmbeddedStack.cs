using Qmtl.Client;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Endpoints;
using Qmtl.Storage;

namespace Qmtl.Standalone;

/// <summary>The whole stack inside the calling process, on free ports of 127.0.0.1.</summary>
public sealed class EmbeddedStack : IEmbeddedStack
{
    private readonly WebApplication _app;

    private EmbeddedStack(WebApplication app)
    {
        _app = app;
        var endpoints = app.Services.GetRequiredService<QmtlEndpoints>();
        (GatewayHttp, GatewayGrpc, Dashboard) = (endpoints[QmtlEndpointOptions.Http], endpoints[QmtlEndpointOptions.Grpc], endpoints[StandaloneHost.Dashboard]);
    }

    /// <inheritdoc />
    public Uri GatewayHttp { get; }

    /// <inheritdoc />
    public Uri GatewayGrpc { get; }

    /// <summary>The dashboard.</summary>
    public Uri Dashboard { get; }

    /// <summary>What the stack is made of.</summary>
    internal IServiceProvider Services => _app.Services;

    /// <summary>Starts a stack with its state in <paramref name="stateDirectory"/>.</summary>
    /// <param name="stateDirectory">The folder; made when it is missing.</param>
    /// <param name="settings">Further settings, by configuration key.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    public static Task<EmbeddedStack> StartAsync(
        string stateDirectory, IReadOnlyDictionary<string, string?>? settings = null, CancellationToken cancellationToken = default) =>
        StartAsync(stateDirectory, settings, configure: null, cancellationToken);

    /// <inheritdoc cref="StartAsync(string, IReadOnlyDictionary{string, string}, CancellationToken)" />
    internal static async Task<EmbeddedStack> StartAsync(
        string stateDirectory, IReadOnlyDictionary<string, string?>? settings, Action<WebApplicationBuilder>? configure, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(stateDirectory);
        var all = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["HTTP_PORT"] = "0",
            ["GRPC_PORT"] = "0",
            ["DASHBOARD_PORT"] = "0",
            ["BindAddress"] = "127.0.0.1",
            // It belongs to the program that started it, and serves nobody beyond this machine.
            [$"{AuthOptions.Section}:{nameof(AuthOptions.Mode)}"] = nameof(AuthMode.Local),
            [$"{StorageOptions.Section}:{nameof(StorageOptions.Directory)}"] = Path.GetFullPath(stateDirectory),
            // It ends with its caller, and so may its tokens.
            ["Gateway:Tokens:EphemeralKey"] = "true",
            // Nobody asked for a server, so it speaks only of trouble, and never on the output of the program that hosts it.
            ["Logging:LogLevel:Default"] = nameof(LogLevel.Warning),
            ["Logging:Console:LogToStandardErrorThreshold"] = nameof(LogLevel.Trace),
        };
        foreach (var (key, value) in settings ?? new Dictionary<string, string?>(StringComparer.Ordinal)) all[key] = value;

        var app = StandaloneHost.Build([], all, builder =>
        {
            // Ctrl-C belongs to the program that hosts this.
            builder.Services.AddSingleton<IHostLifetime, HostedByCaller>();
            configure?.Invoke(builder);
        });
        try
        {
            // The background services keep the token they are started with; a caller that gives up later must not fail them.
            await app.StartAsync(CancellationToken.None);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        var stack = new EmbeddedStack(app);
        if (!cancellationToken.IsCancellationRequested) return stack;
        await stack.DisposeAsync();
        throw new OperationCanceledException(cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class HostedByCaller : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>Starts an <see cref="EmbeddedStack"/> where the client asks for one.</summary>
public sealed class EmbeddedStackFactory : IEmbeddedStackFactory
{
    /// <inheritdoc />
    public async Task<IEmbeddedStack> StartAsync(string stateDirectory, CancellationToken cancellationToken = default) =>
        await EmbeddedStack.StartAsync(stateDirectory, settings: null, cancellationToken);
}
