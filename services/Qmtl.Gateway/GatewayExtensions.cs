using Qmtl.Gateway;
using Qmtl.Gateway.Events;
using Qmtl.Gateway.Fills;
using Qmtl.Gateway.Health;
using Qmtl.Gateway.NodeStreams;
using Qmtl.Gateway.Rebalancing;
using Qmtl.Gateway.Submissions;
using Qmtl.Gateway.Tokens;
using Qmtl.Gateway.Worlds;
using Qmtl.Messaging;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.V1;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

/// <summary>The Gateway as part of a host: its own process, or beside the other services.</summary>
public static class GatewayExtensions
{
    private const string Self = "gateway";
    private const string WorldServiceName = "worldservice";
    private const string DagManagerName = "dagmanager";

    /// <summary>Adds submissions, world routes, events and health. The other services are found by discovery as <c>worldservice</c> and <c>dagmanager</c>.</summary>
    public static TBuilder AddGateway<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddQmtlStorage();
        builder.AddQmtlMessaging();
        builder.AddRedisWhereConfigured();
        builder.AddQmtlMigrations("gw", typeof(GatewayExtensions).Assembly);
        builder.AddQmtlAuthentication();
        builder.Services.AddQmtlRpc();
        builder.Services.AddClients();

        builder.Services.AddEventTokens(builder.Configuration);
        builder.Services.AddWorlds(builder.Configuration);
        builder.Services.AddSubmissions(builder.Configuration);
        builder.Services.AddDegradation(builder.Configuration);
        builder.Services.AddEvents(builder.Configuration);
        builder.Services.AddNodeStreams();
        builder.Services.AddFills(builder.Configuration);
        builder.Services.AddRebalanceExecution(builder.Configuration);
        builder.Services.AddSingleton<GatewayService>();
        return builder;
    }

    /// <summary>Maps its rpcs, their HTTP routes, and the worlds' routes.</summary>
    public static IEndpointRouteBuilder MapGateway(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<GatewayService>();
        endpoints.MapRpcJson<GatewayService>(Gateway.Descriptor, options =>
        {
            options.GuardStatic(endpoints, Gateway.Descriptor);
            options.EventId = message => ((CloudEvent)message).SeqNo.ToString(System.Globalization.CultureInfo.InvariantCulture);
            options.EventName = message => ((CloudEvent)message).Type;
            var encoder = endpoints.ServiceProvider.GetRequiredService<EventEncoder>();
            options.EventJson = message => encoder.Json((CloudEvent)message);
        });
        endpoints.MapEventSocket();
        endpoints.MapNodeStreams();
        endpoints.MapWorldRoutes();
        return endpoints;
    }

    /// <summary>Only to say how it is: what the Gateway keeps is in its store.</summary>
    private static void AddRedisWhereConfigured<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString("redis")) || builder.Services.Any(service => service.ServiceType == typeof(IConnectionMultiplexer))) return;
        builder.AddRedisClient("redis", configureOptions: static options => options.AbortOnConnectFail = false);
    }

    private static void AddClients(this IServiceCollection services)
    {
        services.AddQmtlGrpcClient<WorldService.WorldServiceClient>(WorldServiceName).AddServiceToken(Self).AddInterceptor(() => new RefusalClientInterceptor("WorldService"));
        services.AddQmtlGrpcClient<DagManager.DagManagerClient>(DagManagerName).AddServiceToken(Self).AddInterceptor(() => new RefusalClientInterceptor("DagManager"));
        // The mapper turns refusals of untyped calls back by itself.
        services.AddQmtlGrpcClient<WorldServiceChannel>(WorldServiceName).AddServiceToken(Self);
    }
}
