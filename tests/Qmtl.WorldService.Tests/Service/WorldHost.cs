using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Endpoints;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>WorldService on free ports over a fresh database, with a clock that the test moves.</summary>
internal sealed class WorldHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private WorldHost(WebApplication app, ManualClock clock)
    {
        _app = app;
        Clock = clock;
        var endpoints = app.Services.GetRequiredService<QmtlEndpoints>();
        _channel = GrpcChannel.ForAddress(endpoints[QmtlEndpointOptions.Grpc]);
        Client = new V1.WorldService.WorldServiceClient(_channel.CreateCallInvoker().Intercept(Vouched).Intercept(new RefusalClientInterceptor("WorldService")));
        Http = new HttpClient { BaseAddress = endpoints[QmtlEndpointOptions.Http], Timeout = TimeSpan.FromSeconds(30) };
    }

    public ManualClock Clock { get; }

    public V1.WorldService.WorldServiceClient Client { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public IDatabase Database => Services.GetRequiredService<IDatabase>();

    /// <summary>Starts one.</summary>
    /// <param name="realTime">Whether the clock runs by itself: where replicas race, retries have to wait for real.</param>
    public static async Task<WorldHost> StartAsync(IReadOnlyDictionary<string, string?> settings, bool realTime = false)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
        // Tests move the clock by hours, and what comes in the background comes at no certain time: off unless a test asks for it.
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["WorldService:LiveMonitoring:Interval"] = "0:00:00",
            ["WorldService:ExtendedValidation"] = "false",
        });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal) { ["HTTP_PORT"] = "0", ["GRPC_PORT"] = "0", ["Auth:ServiceKey"] = "a key that only tests know, 32 bytes" });
        builder.Logging.ClearProviders();
        var clock = new ManualClock(new DateTimeOffset(2026, 1, 5, 12, 0, 0, TimeSpan.Zero));
        if (!realTime) builder.Services.AddSingleton<TimeProvider>(clock);
        builder.AddServiceDefaults();
        builder.ConfigureQmtlEndpoints();
        builder.AddWorldService();
        var app = builder.Build();
        app.UseQmtlProblemDetails();
        app.UseQmtlAuthentication();
        app.MapDefaultEndpoints();
        app.MapWorldService();
        app.MapWorldServiceJson();
        await app.StartAsync().Within();
        return new WorldHost(app, clock);
    }

    /// <summary>Headers as the Gateway sends them: with its token where they name a caller, who owns every world unless a test says otherwise. Others come as whoever works on this machine.</summary>
    public Metadata Vouched(Metadata given)
    {
        if (given.All(entry => entry.Key is not ("x-caller-sub" or "x-world-roles"))) return given;
        var headers = new Metadata { { ServiceCredentials.Header, Services.GetRequiredService<ServiceCredentials>().Issue("gateway")! } };
        foreach (var entry in given) headers.Add(entry);
        if (given.GetValue("x-caller-sub") is null) headers.Add("x-caller-sub", "someone");
        if (given.GetValue("x-world-roles") is null) headers.Add("x-world-roles", "*:owner");
        return headers;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _channel.Dispose();
        await _app.DisposeAsync();
    }

    /// <summary>A world with a policy and bound strategies.</summary>
    public async Task<string> WorldAsync(string id, string policy, params string[] strategies)
    {
        await Client.CreateWorldAsync(new CreateWorldRequest { Id = id }).ResponseAsync.Within();
        await UploadAsync(id, policy);
        if (strategies.Length > 0) await Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = id, Strategies = { strategies } }).ResponseAsync.Within();
        return id;
    }

    public Task<CreatePolicyResponse> UploadAsync(string world, string policy) => Client.CreatePolicyAsync(new CreatePolicyRequest
    {
        WorldId = world,
        Document = new Google.Api.HttpBody { ContentType = "application/yaml", Data = ByteString.CopyFromUtf8(policy) },
    }).ResponseAsync.Within();

    public Task<EvaluateResponse> EvaluateAsync(string world, string strategy, string run, params (string Name, double Value)[] metrics) =>
        Client.EvaluateAsync(Request(world, strategy, run, metrics)).ResponseAsync.Within();

    public static EvaluateRequest Request(string world, string strategy, string run, params (string Name, double Value)[] metrics)
    {
        var values = new Struct();
        foreach (var (name, value) in metrics) values.Fields[name] = Value.ForNumber(value);
        return new EvaluateRequest { WorldId = world, StrategyId = strategy, RunId = run, Stage = "backtest", Metrics = { [strategy] = values } };
    }

    /// <summary>Brings a strategy to a stage, as a completed evaluation or promotion does.</summary>
    public Task StageAsync(string world, string strategy, string stage) => Services.GetRequiredService<WorldWriter>().ChangeAsync(
        world,
        new Caller("test", [], "test"),
        async change =>
        {
            change.AffectsDecision("stage-" + stage);
            return await StageStore.SetAsync(change.Unit, world, strategy, stage, "stage-" + stage);
        },
        CancellationToken.None).Within();

    /// <summary>A world that may go live, with data, and with strategies that were promoted.</summary>
    public async Task<string> LiveWorldAsync(string id, params string[] strategies)
    {
        await Client.CreateWorldAsync(new CreateWorldRequest { Id = id, AllowLive = true }).ResponseAsync.Within();
        await Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = id, Strategies = { strategies } }).ResponseAsync.Within();
        foreach (var strategy in strategies) await ReportAsync(id, strategy, "sha256:1");
        await Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = id, Strategies = { strategies } }).ResponseAsync.Within();
        foreach (var strategy in strategies) await StageAsync(id, strategy, StageNames.Live);
        return id;
    }

    public Task<DecisionEnvelope> DecideAsync(string world) => Client.DecideAsync(new DecideRequest { WorldId = world }).ResponseAsync.Within();

    public Task<ActivationEnvelope> ActivationAsync(string world, string strategy, string side = "long") =>
        Client.GetActivationAsync(new GetActivationRequest { WorldId = world, StrategyId = strategy, Side = side }).ResponseAsync.Within();

    public Task<EvaluationRun> RunAsync(string world, string strategy, string run) =>
        Client.GetEvaluationRunAsync(new GetEvaluationRunRequest { WorldId = world, StrategyId = strategy, RunId = run }).ResponseAsync.Within();

    /// <summary>Reports complete data facts, as an SDK does.</summary>
    public Task ReportAsync(string world, string strategy, string fingerprint, int? rows = 100) => Client.PutHistoryAsync(new PutHistoryRequest
    {
        WorldId = world,
        Report = new HistoryReport
        {
            StrategyId = strategy,
            NodeId = "price",
            Interval = 60,
            Rows = rows,
            DatasetFingerprint = fingerprint,
            AsOf = Timestamp.FromDateTimeOffset(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)),
        },
    }).ResponseAsync.Within();

    /// <summary>The types of all events about a world, in order.</summary>
    public Task<IReadOnlyList<string>> EventsAsync(string world, string topic) => Database.QueryAsync<string>(
        "SELECT message_type FROM bus_log WHERE topic = @topic AND message_key = @world ORDER BY log_offset", new { topic, world });

    public static async Task<RefusalException> RefusedAsync(Func<Task> call) => await Assert.ThrowsAsync<RefusalException>(call);
}
