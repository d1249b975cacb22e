using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Endpoints;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Kit;

/// <summary>WorldService as far as the Gateway asks it; each answer can be replaced by another or by a failure.</summary>
internal sealed class FakeWorldService : WorldService.WorldServiceBase
{
    public ConcurrentDictionary<string, bool> Worlds { get; } = new(StringComparer.Ordinal) { ["w1"] = true, ["w2"] = true };

    public ConcurrentQueue<(string World, string Strategy)> Bound { get; } = new();

    public ConcurrentQueue<Metadata> Headers { get; } = new();

    /// <summary>In whose name strategies were bound, once for each attempt.</summary>
    public ConcurrentQueue<(string World, string? Subject, string? Roles)> Binders { get; } = new();

    public string Mode { get; set; } = "validate";

    public Duration Ttl { get; set; } = Duration.FromTimeSpan(TimeSpan.FromSeconds(300));

    /// <summary>Thrown by every call while it is set.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Held up by every call.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Thrown by decide while it is set.</summary>
    public Exception? DecideFailure { get; set; }

    public ConcurrentQueue<PutActivationRequest> Activated { get; } = new();

    public int Decides;

    /// <summary>What every world has, until a test says otherwise.</summary>
    public IReadOnlyList<ActivationEnvelope> Activations { get; set; } =
        [new ActivationEnvelope { WorldId = "w1", StrategyId = "s", Side = "long", Active = true, Weight = 0.5, EffectiveMode = "live", Etag = "a1", EntryVersion = 1 }];

    public int Lists;

    public int ActivationReads;

    public override async Task<DecisionEnvelope> Decide(DecideRequest request, ServerCallContext context)
    {
        Interlocked.Increment(ref Decides);
        if (DecideFailure is { } failure) throw failure;
        await EnterAsync(request.WorldId, context);
        return new DecisionEnvelope { WorldId = request.WorldId, PolicyVersion = 1, EffectiveMode = Mode, Reason = "ok", Etag = "d1", Ttl = Ttl, AsOf = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch) };
    }

    public override async Task<ActivationEnvelope> GetActivation(GetActivationRequest request, ServerCallContext context)
    {
        Interlocked.Increment(ref ActivationReads);
        await EnterAsync(request.WorldId, context);
        return new ActivationEnvelope { WorldId = request.WorldId, StrategyId = request.StrategyId, Side = request.Side, Active = true, Weight = 0.5, EffectiveMode = "live", Etag = "a1" };
    }

    public override async Task<ListActivationsResponse> ListActivations(ListActivationsRequest request, ServerCallContext context)
    {
        Interlocked.Increment(ref Lists);
        await EnterAsync(request.WorldId, context);
        var response = new ListActivationsResponse { WorldId = request.WorldId, StateHash = "h1" };
        response.Entries.AddRange(Activations.Where(entry => entry.WorldId == request.WorldId));
        return response;
    }

    public override async Task<ActivationEnvelope> PutActivation(PutActivationRequest request, ServerCallContext context)
    {
        await EnterAsync(request.WorldId, context);
        Activated.Enqueue(request);
        return new ActivationEnvelope { WorldId = request.WorldId, StrategyId = request.StrategyId, Side = request.Side, Active = request.Active, EffectiveMode = request.EffectiveMode ?? Mode, Etag = "a2" };
    }

    public override async Task<V1.StateHash> GetStateHash(GetStateHashRequest request, ServerCallContext context)
    {
        await EnterAsync(request.WorldId, context);
        return new V1.StateHash { StateHash_ = "h1" };
    }

    public override async Task<BindingsResponse> BindStrategies(BindStrategiesRequest request, ServerCallContext context)
    {
        Binders.Enqueue((request.WorldId, context.RequestHeaders.GetValue("x-caller-sub"), context.RequestHeaders.GetValue("x-world-roles")));
        await EnterAsync(request.WorldId, context);
        foreach (var strategy in request.Strategies) Bound.Enqueue((request.WorldId, strategy));
        return new BindingsResponse { Strategies = { request.Strategies } };
    }

    public override async Task<BindingsResponse> ListBindings(ListBindingsRequest request, ServerCallContext context)
    {
        await EnterAsync(request.WorldId, context);
        return new BindingsResponse { WorldId = request.WorldId, Strategies = { Bound.Where(pair => pair.World == request.WorldId).Select(pair => pair.Strategy) } };
    }

    /// <summary>Versions of plans that were asked for.</summary>
    public ConcurrentQueue<int> PlanVersions { get; } = new();

    /// <summary>Answers plans.</summary>
    public Func<MultiWorldRebalanceRequest, RebalancePlan> Plan { get; set; } = request => new RebalancePlan { SchemaVersion = request.SchemaVersion };

    public override async Task<RebalancePlan> PlanRebalance(MultiWorldRebalanceRequest request, ServerCallContext context)
    {
        PlanVersions.Enqueue(request.SchemaVersion);
        await EnterAsync("", context);
        return Plan(request);
    }

    public override async Task<World> GetWorld(GetWorldRequest request, ServerCallContext context)
    {
        Headers.Enqueue(context.RequestHeaders);
        await EnterAsync(request.WorldId, context);
        return new World { Id = request.WorldId };
    }

    public override async Task<ApplyAck> Apply(ApplyRequest request, ServerCallContext context)
    {
        await EnterAsync(request.WorldId, context);
        return new ApplyAck { RunId = "r1" };
    }

    public override async Task<Empty> PutHistory(PutHistoryRequest request, ServerCallContext context)
    {
        await EnterAsync(request.WorldId, context);
        Bound.Enqueue((request.WorldId, "history:" + request.Report.StrategyId));
        return new Empty();
    }

    public override async Task<WorldServiceHealth> GetHealth(Empty request, ServerCallContext context)
    {
        await EnterAsync("", context);
        return new WorldServiceHealth();
    }

    private async Task EnterAsync(string world, ServerCallContext context)
    {
        if (Delay > TimeSpan.Zero) await Task.Delay(Delay, context.CancellationToken);
        if (Failure is { } failure) throw failure;
        if (world.Length > 0 && !Worlds.ContainsKey(world)) throw new RefusalException(ReasonCodes.WorldUnknown, $"There is no world \"{world}\".", [new FieldError("/world_id", "names no world")]);
    }
}

/// <summary>DagManager: one topic for each node and context, remembered.</summary>
internal sealed class FakeDagManager : V1.DagManager.DagManagerBase
{
    public ConcurrentQueue<DiffRequest> Diffs { get; } = new();

    /// <summary>Sizes of the batches that came.</summary>
    public ConcurrentQueue<int> Batches { get; } = new();

    /// <summary>Graphs with so many nodes are refused where they come with others.</summary>
    public ConcurrentBag<int> Refused { get; } = [];

    public ConcurrentQueue<ChunkAck> Acks { get; } = new();

    public ConcurrentQueue<string> Traces { get; } = new();

    /// <summary>Thrown by every call while it is set: nobody is there.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Thrown by diffs while it is set: somebody is there and cannot do it.</summary>
    public Exception? DiffFailure { get; set; }

    public TimeSpan Delay { get; set; }

    public override async Task Diff(DiffRequest request, IServerStreamWriter<DiffChunk> responseStream, ServerCallContext context)
    {
        Diffs.Enqueue(request);
        Traces.Enqueue(System.Diagnostics.Activity.Current?.TraceId.ToHexString() ?? "");
        if (Delay > TimeSpan.Zero) await Task.Delay(Delay, context.CancellationToken);
        if ((Failure ?? DiffFailure) is { } failure) throw failure;
        foreach (var chunk in Chunks(request)) await responseStream.WriteAsync(chunk);
    }

    public override async Task DiffMany(DiffManyRequest request, IServerStreamWriter<DiffManyItem> responseStream, ServerCallContext context)
    {
        Batches.Enqueue(request.Diffs.Count);
        Traces.Enqueue(System.Diagnostics.Activity.Current?.TraceId.ToHexString() ?? "");
        foreach (var diff in request.Diffs) Diffs.Enqueue(diff);
        if (Delay > TimeSpan.Zero) await Task.Delay(Delay, context.CancellationToken);
        if ((Failure ?? DiffFailure) is { } failure) throw failure;
        foreach (var (index, diff) in request.Diffs.Index().Reverse())
        {
            if (Refused.Contains(NodeDocument.Read(diff.DagJson.Memory).Count))
                await responseStream.WriteAsync(new DiffManyItem { Index = index, RefusalCode = ReasonCodes.CrossContext.Code, RefusalMessage = "Caches were hit across contexts." });
            else
                foreach (var chunk in Chunks(diff)) await responseStream.WriteAsync(new DiffManyItem { Index = index, Chunk = chunk });
        }
    }

    private static IEnumerable<DiffChunk> Chunks(DiffRequest request)
    {
        var nodes = NodeDocument.Read(request.DagJson.Memory);
        foreach (var (number, node) in nodes.Index())
        {
            var topic = $"{request.WorldId}.{request.ExecutionDomain}.{node.NodeId![^8..]}";
            yield return new DiffChunk
            {
                SentinelId = $"{request.StrategyId}-sentinel",
                DiffId = request.StrategyId,
                ChunkId = number,
                Last = number == nodes.Count - 1,
                QueueMap = { [$"{node.NodeId}:{node.Interval}:0#ck={request.WorldId}"] = topic },
                NodeQueues = { [node.NodeId!] = topic },
            };
        }
    }

    public override Task<ChunkAck> AckChunk(ChunkAck request, ServerCallContext context)
    {
        Acks.Enqueue(request);
        return Task.FromResult(request);
    }

    public override Task<GetQueuesResponse> GetQueues(GetQueuesRequest request, ServerCallContext context) => request.Interval == 0
        ? throw RefusalException.At(ReasonCodes.InvalidArgument, "/interval", "must be 1 to 86400 seconds, was 0")
        : Task.FromResult(new GetQueuesResponse { Queues = { new QueueRef { Queue = string.Join('.', request.Tags) } } });

    public override Task<DagManagerStatus> Status(Empty request, ServerCallContext context) =>
        Failure is { } failure ? throw failure : Task.FromResult(new DagManagerStatus { Status = "ok" });
}

/// <summary>Both peers in one process on a real socket.</summary>
internal sealed class Peers : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Peers(WebApplication app) => _app = app;

    public FakeWorldService Worlds => _app.Services.GetRequiredService<FakeWorldService>();

    public FakeDagManager Graph => _app.Services.GetRequiredService<FakeDagManager>();

    public Uri Address => _app.Services.GetRequiredService<QmtlEndpoints>()[QmtlEndpointOptions.Grpc];

    public static async Task<Peers> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["HTTP_PORT"] = "0", ["GRPC_PORT"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture) });
        builder.Logging.ClearProviders();
        builder.ConfigureQmtlEndpoints();
        builder.Services.AddQmtlRpc();
        builder.Services.AddSingleton<FakeWorldService>();
        builder.Services.AddSingleton<FakeDagManager>();
        var app = builder.Build();
        app.MapGrpcService<FakeWorldService>();
        app.MapGrpcService<FakeDagManager>();
        await app.StartAsync().Within();
        return new Peers(app);
    }

    /// <summary>Nobody listens any more.</summary>
    public Task StopAsync() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
