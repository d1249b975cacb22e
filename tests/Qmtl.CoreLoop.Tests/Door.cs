using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Qmtl.CoreLoop.Tests.Stacks;
using Qmtl.Protos;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Strategies;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.CoreLoop.Tests;

/// <summary>An HTTP answer.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text, HttpResponseHeaders Headers, string? MediaType)
{
    public JsonElement Json => JsonElement.Parse(Text);

    public T As<T>()
        where T : IMessage<T>, new() => ProtoJson.Read<T>(Text);
}

/// <summary>A stack as a user of its public surfaces sees it.</summary>
internal sealed class Door : IDisposable
{
    /// <summary>Selects whoever has a Sharpe ratio of 0.5.</summary>
    public const string Policy = "thresholds:\n  sharpe: {metric: sharpe, min: 0.5}\ntop_k: {metric: sharpe, k: 3}\n";

    private readonly GrpcChannel _gatewayChannel;
    private readonly GrpcChannel _worldChannel;

    public Door(StackUnderTest stack)
    {
        Http = new HttpClient { BaseAddress = stack.Http, Timeout = TimeSpan.FromSeconds(30) };
        _gatewayChannel = GrpcChannel.ForAddress(stack.Grpc);
        _worldChannel = GrpcChannel.ForAddress(stack.WorldGrpc);
        Gateway = new V1.Gateway.GatewayClient(_gatewayChannel.CreateCallInvoker().Intercept(new RefusalClientInterceptor("Gateway")));
        Worlds = new V1.WorldService.WorldServiceClient(_worldChannel.CreateCallInvoker().Intercept(new RefusalClientInterceptor("WorldService")));
    }

    public HttpClient Http { get; }

    public V1.Gateway.GatewayClient Gateway { get; }

    public V1.WorldService.WorldServiceClient Worlds { get; }

    public void Dispose()
    {
        Http.Dispose();
        _gatewayChannel.Dispose();
        _worldChannel.Dispose();
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, contentType);
        // Asks before it sends much: a server that refuses at once hangs up on the rest, and its answer with it.
        if (body is { Length: > 1_000_000 }) request.Headers.ExpectContinue = true;
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request).Within();
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync().Within(), response.Headers, response.Content.Headers.ContentType?.MediaType);
    }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, IMessage message) => SendAsync(HttpMethod.Post, path, ProtoJson.Write(message));

    /// <summary>A new world with <see cref="Policy"/>.</summary>
    public Task<string> WorldAsync() => WorldAsync(Policy);

    /// <summary>A new world with a policy of its own.</summary>
    public async Task<string> WorldAsync(string policy)
    {
        var id = "w-" + Guid.NewGuid().ToString("N")[..10];
        Assert.Equal(HttpStatusCode.Created, (await PostAsync("/worlds", new CreateWorldRequest { Id = id })).Status);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Post, $"/worlds/{id}/policies", policy, "application/yaml")).Status);
        return id;
    }

    /// <summary>The graph of the built-in crossover.</summary>
    public static StrategyGraph Graph(int fast, int slow) => StrategyCatalog.Create("sma-cross")
        .With(new Dictionary<string, string>(StringComparer.Ordinal) { ["fast"] = $"{fast}", ["slow"] = $"{slow}" })
        .Compile(new Universe(["BTC-USDT"], 3600));

    public static StrategySubmit Submission(string world, StrategyGraph graph) => new()
    {
        DagJson = ByteString.CopyFrom(graph.SerializeToUtf8()),
        NodeIdsCrc32 = graph.NodeIdsCrc32,
        WorldIds = { world },
        Meta = new Struct { Fields = { ["name"] = Value.ForString(graph.Name) } },
    };

    /// <summary>Submits over HTTP and waits until the submission is finished.</summary>
    public async Task<StrategyStatus> SubmitAsync(string world, int fast = 10, int slow = 30)
    {
        var answer = await PostAsync("/strategies", Submission(world, Graph(fast, slow)));
        Assert.True(answer.Status == HttpStatusCode.Accepted, answer.Text);
        return await CompletedAsync(answer.As<StrategyAck>().StrategyId);
    }

    public async Task<StrategyStatus> CompletedAsync(string strategyId)
    {
        var status = new StrategyStatus();
        await TimeLimits.EventuallyAsync(
            async () => (status = (await GetAsync($"/strategies/{strategyId}/status")).As<StrategyStatus>()).Status == "completed", what: $"completion of {strategyId}");
        return status;
    }

    /// <summary>An evaluation of a strategy with this Sharpe ratio, on data that is all there.</summary>
    public static EvaluateRequest Evaluation(string world, string strategy, double sharpe, string runId = "run-1")
    {
        var start = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return new EvaluateRequest
        {
            WorldId = world,
            StrategyId = strategy,
            RunId = runId,
            Stage = "backtest",
            Metrics = { [strategy] = new Struct { Fields = { ["sharpe"] = Value.ForNumber(sharpe), ["max_dd"] = Value.ForNumber(0.1) } } },
            Data = new EvaluationData
            {
                DatasetFingerprint = "sha256:" + new string('a', 64),
                AsOf = Timestamp.FromDateTimeOffset(start.AddDays(30)),
                DataStart = Timestamp.FromDateTimeOffset(start),
                DataEnd = Timestamp.FromDateTimeOffset(start.AddDays(30)),
            },
        };
    }

    public async Task<EvaluateResponse> EvaluateAsync(string world, string strategy, double sharpe, string runId = "run-1")
    {
        var answer = await PostAsync($"/worlds/{world}/evaluate", Evaluation(world, strategy, sharpe, runId));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer.As<EvaluateResponse>();
    }

    public async Task<ActivationEnvelope> ActivationAsync(string world, string strategy, string side = "long") =>
        (await GetAsync($"/worlds/{world}/activation?strategy_id={strategy}&side={side}")).As<ActivationEnvelope>();
}
