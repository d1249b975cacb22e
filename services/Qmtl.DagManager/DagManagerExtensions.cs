using Qmtl.DagManager;
using Qmtl.DagManager.Leases;
using Qmtl.DagManager.Telemetry;
using Qmtl.Messaging;
using Qmtl.V1;
using Qmtl.Storage;

namespace Microsoft.Extensions.Hosting;

/// <summary>DagManager as part of a host: its own process, or beside the other services.</summary>
public static class DagManagerExtensions
{
    /// <summary>Adds the graph, its store and its events.</summary>
    public static TBuilder AddDagManager<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddQmtlStorage();
        builder.AddQmtlMessaging();
        builder.AddQmtlMigrations("dm", typeof(DagManagerExtensions).Assembly);
        builder.AddQmtlAuthentication();
        builder.Services.AddQmtlRpc();
        builder.Services.AddSingleton<DagManagerMetrics>();
        builder.Services.AddGraph();
        builder.Services.AddLeases();
        builder.Services.AddSingleton<DagManagerService>();
        return builder;
    }

    /// <summary>Maps its rpcs.</summary>
    public static IEndpointRouteBuilder MapDagManager(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<DagManagerService>();
        return endpoints;
    }

    /// <summary>Maps its HTTP routes. Apart from the rpcs, because beside a Gateway in one process their paths are the Gateway's.</summary>
    public static IEndpointRouteBuilder MapDagManagerHttp(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRpcJson<DagManagerService>(DagManager.Descriptor);
        return endpoints;
    }
}
