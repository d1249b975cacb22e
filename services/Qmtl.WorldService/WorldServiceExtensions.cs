using Microsoft.Extensions.DependencyInjection.Extensions;
using Qmtl.Messaging;
using Qmtl.Storage;
using Qmtl.WorldService;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Audit;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Campaigns;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Health;
using Qmtl.WorldService.History;
using Qmtl.WorldService.Monitoring;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Tools;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.RiskCircuit;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Microsoft.Extensions.Hosting;

/// <summary>WorldService as part of a host: its own process, or beside the other services.</summary>
public static class WorldServiceExtensions
{
    /// <summary>Adds worlds, their policies, and everything that is decided about them.</summary>
    public static TBuilder AddWorldService<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddQmtlStorage();
        builder.AddQmtlMessaging();
        builder.AddQmtlMigrations("ws", typeof(WorldServiceExtensions).Assembly);
        var services = builder.Services;
        builder.AddQmtlAuthentication();
        services.AddQmtlRpc();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(builder.Configuration.GetSection(WorldServiceOptions.Section).Get<WorldServiceOptions>() ?? new WorldServiceOptions());
        services.AddSingleton<WorldMetrics>();
        services.AddSingleton<MetricNames>();
        services.AddSingleton<IMetricCatalog>(provider => provider.GetRequiredService<MetricNames>());
        services.AddSingleton<PolicyLoader>();
        services.AddSingleton<PolicyStore>();
        services.AddSingleton<DecisionStore>();
        AddActivationCache(builder);
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<DecisionCache>(provider, TimeProvider.System));
        services.AddSingleton<ActivationTable>(provider => new(
            provider.GetRequiredService<IDatabase>(),
            provider.GetRequiredService<IActivationCache>(),
            provider.GetRequiredService<WorldMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            TimeProvider.System,
            provider.GetRequiredService<ILogger<ActivationTable>>()));
        services.AddSingleton<ActivationReconciler>();
        services.AddSingleton<WorldWriter>();
        services.AddHostedService<ReplicaFollower>();
        services.AddSingleton<WorldsHandler>();
        services.AddSingleton<PoliciesHandler>();
        services.AddPolicyTools();
        services.AddSingleton<BindingsHandler>();
        services.AddSingleton<StandingsHandler>();
        services.AddSingleton<DecisionsHandler>();
        services.AddSingleton<ActivationHandler>();
        services.AddEvaluation();
        services.AddAllocations();
        services.AddRebalancing();
        services.AddWorldGraph();
        services.AddSingleton<EdgesHandler>();
        services.AddSingleton<HistoryHandler>();
        services.AddApply(builder.Configuration);
        services.AddAudit();
        services.AddSingleton<HealthHandler>();
        services.AddRiskHub(builder.Configuration);
        services.AddCampaigns();
        services.AddPromotion();
        services.AddMonitoring(builder.Configuration);
        services.AddRiskCircuit(builder.Configuration);
        services.AddSingleton<WorldServiceApi>();
        return builder;
    }

    /// <summary>Shared over Redis where there is one, as several processes need; else in memory.</summary>
    private static void AddActivationCache<TBuilder>(TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString("redis")))
        {
            builder.Services.TryAddSingleton<IActivationCache, MemoryActivationCache>();
            return;
        }

        // A Redis that is down at the start or later costs speed, not service: the store has it all.
        builder.AddRedisClient("redis", configureOptions: static options => options.AbortOnConnectFail = false);
        builder.Services.TryAddSingleton<IActivationCache, RedisActivationCache>();
    }

    /// <summary>Maps its rpcs.</summary>
    public static IEndpointRouteBuilder MapWorldService(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<WorldServiceApi>();
        return endpoints;
    }

    /// <summary>Maps its HTTP/JSON form: for a process of its own. Beside the Gateway, which serves the same routes, it is left out.</summary>
    public static IEndpointRouteBuilder MapWorldServiceJson(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRpcJson<WorldServiceApi>(Qmtl.V1.WorldService.Descriptor);
        return endpoints;
    }
}
