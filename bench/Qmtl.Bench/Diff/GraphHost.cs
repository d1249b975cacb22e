using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.DagManager.Diff;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Endpoints;
using Qmtl.V1;

namespace Qmtl.Bench.Diff;

/// <summary>DagManager on the loopback over a SQLite file of its own that syncs with every commit.</summary>
internal sealed class GraphHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder;
    private readonly GrpcChannel _channel;

    private GraphHost(WebApplication app, DirectoryInfo folder)
    {
        (_app, _folder) = (app, folder);
        _channel = GrpcChannel.ForAddress(app.Services.GetRequiredService<QmtlEndpoints>()[QmtlEndpointOptions.Grpc]);
        Client = new V1.DagManager.DagManagerClient(_channel.CreateCallInvoker());
        Engine = app.Services.GetRequiredService<DiffEngine>();
    }

    public DiffEngine Engine { get; }

    public V1.DagManager.DagManagerClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<GraphHost> StartAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-bench-");
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal) { ["HTTP_PORT"] = "0", ["GRPC_PORT"] = "0", ["Storage:Directory"] = folder.FullName });
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.ConfigureQmtlEndpoints();
        builder.AddDagManager();
        var app = builder.Build();
        app.UseQmtlProblemDetails();
        app.MapDagManager();
        await app.StartAsync(cancellationToken);
        return new GraphHost(app, folder);
    }

    /// <summary>A diff as the Gateway asks for it: every chunk read and acknowledged.</summary>
    /// <returns>How many mappings came.</returns>
    public async Task<int> DiffAsync(string strategy, byte[] document, CancellationToken cancellationToken)
    {
        var request = new DiffRequest
        {
            StrategyId = strategy,
            DagJson = UnsafeByteOperations.UnsafeWrap(document),
            WorldId = SampleGraph.World,
            ExecutionDomain = SampleGraph.Context.Domain.ToToken(),
            AsOf = SampleGraph.Context.AsOf,
        };
        using var call = Client.Diff(request, cancellationToken: cancellationToken);
        var mappings = 0;
        await foreach (var chunk in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            mappings += chunk.NodeQueues.Count;
            await Client.AckChunkAsync(new ChunkAck { DiffId = chunk.DiffId, ChunkId = chunk.ChunkId }, cancellationToken: cancellationToken);
        }

        return mappings;
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
