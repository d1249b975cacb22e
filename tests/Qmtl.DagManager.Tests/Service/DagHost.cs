using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.ServiceDefaults.Endpoints;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.DagManager.Tests.Service;

/// <summary>DagManager on free ports over a store.</summary>
internal sealed class DagHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private DagHost(WebApplication app)
    {
        _app = app;
        var endpoints = app.Services.GetRequiredService<QmtlEndpoints>();
        _channel = GrpcChannel.ForAddress(endpoints[QmtlEndpointOptions.Grpc]);
        Client = new V1.DagManager.DagManagerClient(_channel.CreateCallInvoker().Intercept(new RefusalClientInterceptor("DagManager")));
        Http = new HttpClient { BaseAddress = endpoints[QmtlEndpointOptions.Http], Timeout = TimeSpan.FromSeconds(30) };
    }

    public V1.DagManager.DagManagerClient Client { get; }

    public HttpClient Http { get; }

    public IDatabase Database => _app.Services.GetRequiredService<IDatabase>();

    public static async Task<DagHost> StartAsync(IReadOnlyDictionary<string, string?> store, TimeProvider? clock = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
        builder.Configuration.AddInMemoryCollection(store);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["HTTP_PORT"] = "0", ["GRPC_PORT"] = "0" });
        builder.Logging.ClearProviders();
        if (clock is not null) builder.Services.AddSingleton(clock);
        builder.AddServiceDefaults();
        builder.ConfigureQmtlEndpoints();
        builder.AddDagManager();
        var app = builder.Build();
        app.UseQmtlProblemDetails();
        app.UseQmtlAuthentication();
        app.MapDefaultEndpoints();
        app.MapDagManager();
        app.MapDagManagerHttp();
        await app.StartAsync().Within();
        return new DagHost(app);
    }

    /// <summary>Settings of an empty SQLite store.</summary>
    public static IReadOnlyDictionary<string, string?> SqliteStore() =>
        new Dictionary<string, string?> { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-dm-").FullName, ["Storage:Fsync"] = "false" };

    /// <summary>Settings of an empty Postgres store.</summary>
    public static async Task<IReadOnlyDictionary<string, string?>> PostgresStoreAsync() =>
        new Dictionary<string, string?> { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync() };

    /// <summary>Diffs, acknowledging every chunk.</summary>
    public async Task<IReadOnlyList<DiffChunk>> DiffAsync(DiffRequest request)
    {
        using var call = Client.Diff(request);
        var chunks = new List<DiffChunk>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Within())
        {
            chunks.Add(call.ResponseStream.Current);
            await Client.AckChunkAsync(new ChunkAck { DiffId = chunks[^1].DiffId, ChunkId = chunks[^1].ChunkId }).ResponseAsync.Within();
        }

        return chunks;
    }

    /// <summary>Waits until every change so far was turned into events.</summary>
    public async Task PublishedAsync()
    {
        while (await Database.ScalarAsync<int>("SELECT COUNT(*) FROM dm_changes WHERE revision > (SELECT revision FROM dm_cursors WHERE name = 'queue_updates')") > 0) await Task.Delay(10);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _channel.Dispose();
        await _app.DisposeAsync();
    }
}
