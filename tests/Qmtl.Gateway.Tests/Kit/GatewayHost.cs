using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Identity;
using Qmtl.Messaging;
using Qmtl.Messaging.Events;
using Qmtl.Protos;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Endpoints;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Kit;

/// <summary>An answer over HTTP.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonElement Json, HttpResponseMessage Response)
{
    public string? Code => Json.GetProperty("code").GetString();

    public string Text(string field) => Json.GetProperty(field).ToString();

    public string? Header(string name) => Response.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;
}

/// <summary>A Gateway on free ports over a store, with fake peers.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private GatewayHost(WebApplication app)
    {
        _app = app;
        var endpoints = app.Services.GetRequiredService<QmtlEndpoints>();
        _channel = GrpcChannel.ForAddress(endpoints[QmtlEndpointOptions.Grpc]);
        Client = new V1.Gateway.GatewayClient(_channel.CreateCallInvoker().Intercept(new RefusalClientInterceptor("Gateway")));
        Http = new HttpClient { BaseAddress = endpoints[QmtlEndpointOptions.Http], Timeout = TimeSpan.FromSeconds(60) };
    }

    public V1.Gateway.GatewayClient Client { get; }

    public HttpClient Http { get; }

    public IDatabase Database => _app.Services.GetRequiredService<IDatabase>();

    /// <summary>From here on the store, which must be SQLite, refuses every statement: its file is gone.</summary>
    public async Task BreakStoreAsync()
    {
        await ((IAsyncDisposable)Database).DisposeAsync();
        var file = Path.Combine(_app.Configuration["Storage:Directory"]!, StorageOptions.FileName);
        File.Move(file, file + ".gone");
    }

    /// <summary>Event streams that are open.</summary>
    public int Subscribers => _app.Services.GetRequiredService<Qmtl.Gateway.Events.EventHub>().Count;

    public IControlBus Bus => _app.Services.GetRequiredService<IControlBus>();

    public static Dictionary<string, string?> Sqlite() => new(StringComparer.Ordinal)
    {
        ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-gw-").FullName,
        ["Storage:Fsync"] = "false",
    };

    public static async Task<GatewayHost> StartAsync(IReadOnlyDictionary<string, string?> store, Uri peers, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
        builder.Configuration.AddInMemoryCollection(store);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["HTTP_PORT"] = "0",
            ["GRPC_PORT"] = "0",
            ["Auth:ServiceKey"] = "a key that only tests know, 32 bytes",
            ["services:worldservice:grpc:0"] = peers.ToString(),
            ["services:dagmanager:grpc:0"] = peers.ToString(),
            // Two cores shared by many tests: the budget is not what most of them are about.
            ["Gateway:Submissions:DiffBudget"] = "00:00:10",
            ["Gateway:Submissions:DryRunBudget"] = "00:00:10",
            ["Gateway:Submissions:FirstBackoff"] = "00:00:00.050",
            ["Gateway:Submissions:SweepEvery"] = "00:00:00.100",
            ["Gateway:Submissions:HoldFor"] = "00:00:05",
            ["Gateway:WorldService:Timeout"] = "00:00:02",
            ["Gateway:Degradation:CheckEvery"] = "00:00:00.100",
            // Tests share the process with each other.
            ["Gateway:Degradation:CountLoad"] = "false",
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value)));
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.ConfigureQmtlEndpoints();
        builder.AddGateway();
        var app = builder.Build();
        app.UseQmtlProblemDetails();
        app.UseQmtlAuthentication();
        app.MapDefaultEndpoints();
        app.MapGateway();
        await app.StartAsync().Within();
        return new GatewayHost(app);
    }

    /// <summary>Headers of a caller for whom another gateway vouches. Without them a test is whoever works on this machine.</summary>
    public (string Name, string Value)[] As(string subject, string roles = "*:owner") =>
        [(ServiceCredentials.Header, _app.Services.GetRequiredService<ServiceCredentials>().Issue("gateway")!), ("X-Caller-Sub", subject), ("X-World-Roles", roles)];

    /// <summary>A price and averages of it, with true identities.</summary>
    public static NodeSpec[] Graph(params int[] periods)
    {
        static NodeSpec Seal(NodeSpec node) => (node with { CodeHash = "c", SchemaHash = "s", SchemaCompatId = "compat" }).Seal();
        var price = Seal(new NodeSpec { NodeType = "StreamInput", Interval = 60, Tags = ["btc"], Name = "price" });
        return [price, .. periods.Select(period => Seal(new NodeSpec { NodeType = "Sma", Interval = 60, Period = period, Dependencies = [price.NodeId!] }))];
    }

    public static StrategySubmit Submission(IReadOnlyList<NodeSpec> nodes, params string[] worlds) => new()
    {
        DagJson = ByteString.CopyFrom(NodeDocument.Write(nodes)),
        NodeIdsCrc32 = Crc32.OfNodeIds(nodes.Select(node => node.NodeId ?? "")),
        WorldIds = { worlds.Length == 0 ? ["w1"] : worlds },
        Meta = new Struct { Fields = { ["name"] = Value.ForString("SMA Cross"), ["as_of"] = Value.ForString("2026-01-01T00:00:00Z") } },
    };

    public Task<Answer> PostAsync(string path, IMessage message, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, path, ProtoJson.Write(message), headers: headers);

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, headers: headers);

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, contentType);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var response = await Http.SendAsync(request).Within();
        var text = await response.Content.ReadAsStringAsync().Within();
        return new Answer(response.StatusCode, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default, response);
    }

    public async Task<Answer> UntilAsync(string strategyId, string status)
    {
        Answer? last = null;
        await TimeLimits.EventuallyAsync(async () => (last = await GetAsync($"/strategies/{strategyId}/status")).Text("status") == status, what: $"{strategyId} {status}");
        return last!;
    }

    public async Task<int> CountAsync(string table) => await Database.ScalarAsync<int>($"SELECT COUNT(*) FROM {table}");

    /// <summary>Rows that a submission may leave.</summary>
    public async Task<int> KeptAsync() => await CountAsync("gw_strategies") + await CountAsync("gw_dedupe") + await CountAsync("gw_strategy_worlds") + await IngestedAsync();

    /// <summary>Submissions in the commit log.</summary>
    public async Task<int> IngestedAsync() => await Database.ScalarAsync<int>("SELECT COUNT(*) FROM bus_log WHERE topic = 'gateway.ingest'");

    /// <summary>What WorldService says when a policy changes.</summary>
    public Task PublishPolicyAsync(string world, int version) => Bus.PublishAsync(
        ControlEvent.FromJson("policy_updated", "qmtl.services.worldservice", $$"""{"version":1,"world_id":"{{world}}","policy_version":{{version}},"checksum":"c{{version}}","status":"ACTIVE"}"""));

    /// <summary>Ends as a host does that is told to.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _channel.Dispose();
        await _app.DisposeAsync();
    }
}
