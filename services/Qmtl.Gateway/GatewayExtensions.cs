using Qmtl.Gateway;
using Qmtl.Gateway.Contexts;
using Qmtl.Gateway.Events;
using Qmtl.Gateway.Health;
using Qmtl.Gateway.Submissions;
using Qmtl.Gateway.Telemetry;
using Qmtl.Gateway.Tokens;
using Qmtl.Gateway.Worlds;
using Qmtl.Messaging;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.V1;

namespace Microsoft.Extensions.Hosting;

/// <summary>The Gateway as part of a host: its own process, or beside the other services.</summary>
public static class GatewayExtensions
{
    private const string WorldServiceName = "worldservice";
    private const string DagManagerName = "dagmanager";

    /// <summary>Adds submissions, world routes, events and health. The other services are found by discovery as <c>worldservice</c> and <c>dagmanager</c>.</summary>
    public static TBuilder AddGateway<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddQmtlStorage();
        builder.AddQmtlMessaging();
        builder.AddQmtlMigrations("gw", typeof(GatewayExtensions).Assembly);
        builder.Services.AddQmtlRpc();
        builder.Services.AddClients();
        builder.AddOptions();

        builder.Services.AddEventTokens(builder.Configuration);
        builder.Services.AddSingleton<GatewayMetrics>();
        builder.Services.AddSingleton<WorldServiceBreaker>();
        builder.Services.AddSingleton<WorldServiceCaller>();
        builder.Services.AddSingleton<DecisionCache>();
        builder.Services.AddSingleton<IDecisionSource>(services => services.GetRequiredService<DecisionCache>());
        builder.Services.AddSingleton<WorldReads>();
        builder.Services.AddSingleton<ProxyMetrics>();
        builder.Services.AddSingleton<ContextResolver>();
        builder.Services.AddSingleton<SubmissionReader>();
        builder.Services.AddSingleton<GraphClient>();
        builder.Services.AddSingleton<SubmissionProcessor>();
        builder.Services.AddSingleton<SubmissionPipeline>();
        builder.Services.AddHostedService<SubmissionWorker>();
        builder.Services.AddHostedService<SubmissionSweeper>();
        builder.Services.AddEvents(builder.Configuration);
        builder.Services.AddSingleton<DependencyProbes>();
        builder.Services.AddSingleton<GatewayService>();
        return builder;
    }

    /// <summary>Maps its rpcs, their HTTP routes, and the worlds' routes.</summary>
    public static IEndpointRouteBuilder MapGateway(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<GatewayService>();
        endpoints.MapRpcJson<GatewayService>(Gateway.Descriptor, options =>
        {
            options.EventId = message => ((CloudEvent)message).SeqNo.ToString(System.Globalization.CultureInfo.InvariantCulture);
            options.EventName = message => ((CloudEvent)message).Type;
            var encoder = endpoints.ServiceProvider.GetRequiredService<EventEncoder>();
            options.EventJson = message => encoder.Json((CloudEvent)message);
        });
        endpoints.MapEventSocket();
        endpoints.MapWorldRoutes();
        return endpoints;
    }

    private static void AddClients(this IServiceCollection services)
    {
        services.AddQmtlGrpcClient<WorldService.WorldServiceClient>(WorldServiceName).AddInterceptor(() => new RefusalClientInterceptor("WorldService"));
        services.AddQmtlGrpcClient<DagManager.DagManagerClient>(DagManagerName).AddInterceptor(() => new RefusalClientInterceptor("DagManager"));
        // The mapper turns refusals of untyped calls back by itself.
        services.AddQmtlGrpcClient<WorldServiceChannel>(WorldServiceName);
    }

    private static void AddOptions<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        var submissions = builder.Configuration.GetSection(SubmissionOptions.Section).Get<SubmissionOptions>() ?? new SubmissionOptions();
        if (submissions.Problem() is { } problem) throw new InvalidOperationException(problem);
        builder.Services.AddSingleton(submissions);
        builder.Services.AddSingleton(builder.Configuration.GetSection(WorldServiceOptions.Section).Get<WorldServiceOptions>() ?? new WorldServiceOptions());
    }
}
