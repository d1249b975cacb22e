using System.Text;
using System.Text.Json;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Testing;
using Qmtl.Tests.Rpc;

namespace Qmtl.ServiceDefaults.Tests.Rpc;

/// <summary>The echo service over HTTP, either in the same process or behind a proxy that reaches it over gRPC.</summary>
internal sealed class EchoHost : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly GrpcChannel _channel;

    private EchoHost(TestService front, TestService back, HttpClient http)
    {
        _channel = GrpcChannel.ForAddress(back.Grpc);
        (Http, Address) = (http, front.Http);
    }

    public HttpClient Http { get; }

    public Uri Address { get; }

    private List<string> Log { get; init; } = [];

    /// <summary>What has been logged so far.</summary>
    public string[] Logged()
    {
        lock (Log) return [.. Log];
    }

    public Echo.EchoClient Grpc => new(_channel);

    public static async Task<EchoHost> StartAsync(bool proxied = false, Action<RpcJsonOptions>? configure = null)
    {
        var log = new List<string>();
        var back = await StartAsync(log, app =>
        {
            app.MapGrpcService<EchoService>().RequireQmtlEndpoint("grpc");
            if (!proxied) app.MapRpcJson<EchoService>(Echo.Descriptor, configure).RequireQmtlEndpoint("http");
        });
        var front = back;
        if (proxied)
        {
            var channel = GrpcChannel.ForAddress(back.Grpc);
            front = await StartAsync(log, app => app.MapRpcJson(Echo.Descriptor, channel.CreateCallInvoker(), options =>
            {
                options.Peer = "Echo";
                configure?.Invoke(options);
            }));
        }

        var host = new EchoHost(front, back, new HttpClient { BaseAddress = front.Http }) { Log = log };
        host._parts.Add(front);
        if (proxied) host._parts.Add(back);
        return host;
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null, string type = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (type.Length > 0) request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request).Within(20);
        var all = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, all, await response.Content.ReadAsStringAsync().Within(20));
    }

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, body: null, "", headers);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _channel.Dispose();
        foreach (var part in _parts) await part.DisposeAsync();
    }

    private static Task<TestService> StartAsync(List<string> log, Action<WebApplication> map) => TestService.StartAsync(
        add: builder =>
        {
            builder.Logging.AddProvider(new CollectingLoggerProvider(log));
            builder.Configuration["Auth:Mode"] = "local";
            builder.AddQmtlAuthentication();
            builder.Services.AddQmtlRpc();
        },
        map: app =>
        {
            app.UseQmtlProblemDetails();
            app.UseQmtlAuthentication();
            map(app);
            app.MapGet("/throws", (HttpContext _) => throw new InvalidOperationException("password=hunter2"));
        });
}

/// <summary>An HTTP response, read.</summary>
internal sealed record Answer(int Status, Dictionary<string, string> Headers, string Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Code => Json.GetProperty("code").GetString()!;

    public string[] Pointers => [.. Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()!)];
}

/// <summary>Keeps what is logged, with its scopes.</summary>
internal sealed class CollectingLoggerProvider(List<string> lines) : ILoggerProvider, ISupportExternalScope
{
    private readonly List<string> _lines = lines;
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public ILogger CreateLogger(string categoryName) => new Collector(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    private sealed class Collector(CollectingLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => owner._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = new StringBuilder($"{logLevel} {category} {formatter(state, exception)} {exception}");
            owner._scopes.ForEachScope(
                static (scope, line) =>
                {
                    foreach (var pair in scope as IEnumerable<KeyValuePair<string, object>> ?? []) line.Append($" {pair.Key}={pair.Value}");
                },
                line);
            lock (owner._lines) owner._lines.Add(line.ToString());
        }
    }
}
