using Grpc.Core;
using Qmtl.Gateway.Health;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;

namespace Qmtl.Gateway.Worlds;

/// <summary>WorldService's gRPC channel, for calls whose types are known at run time only.</summary>
internal sealed class WorldServiceChannel(CallInvoker invoker)
{
    /// <summary>Calls any rpc of WorldService.</summary>
    public CallInvoker Invoker => invoker;
}

/// <summary>WorldService's HTTP routes on the Gateway.</summary>
internal static class WorldRoutes
{
    private const string WorldVariable = "world_id";

    /// <summary>Answered by the Gateway itself.</summary>
    private static readonly string[] Own = ["Decide", "GetActivation", "PutActivation"];

    /// <summary>Maps them: what <see cref="WorldReads"/> answers through it, everything else straight through.</summary>
    public static void MapWorldRoutes(this IEndpointRouteBuilder endpoints)
    {
        var service = WorldService.Descriptor;
        string[] others = [.. service.Methods.Select(method => method.Name).Except(Own, StringComparer.Ordinal)];
        endpoints.MapRpcJson<WorldReads>(service, options => options.Exclude(others).GuardStatic(endpoints, service));

        var services = endpoints.ServiceProvider;
        var channel = services.GetRequiredService<WorldServiceChannel>();
        var decisions = services.GetRequiredService<DecisionCache>();
        var degradation = services.GetRequiredService<Degradation>();
        var metrics = services.GetRequiredService<ProxyMetrics>();
        var options = services.GetRequiredService<WorldServiceOptions>();
        endpoints.MapRpcJson(service, channel.Invoker, mapping =>
        {
            mapping.Peer = "WorldService";
            mapping.Exclude([.. Own, "GetHealth"]);
            foreach (var route in RpcRoute.Of(service).DistinctBy(route => route.Method.Name, StringComparer.Ordinal))
            {
                var rpc = route.Method.Name;
                var guarded = options.EnforceLiveGuard && LiveGuard.Guarded.Contains(rpc, StringComparer.Ordinal);
                var writes = route.Verb != HttpMethods.Get;
                mapping.Wrap(rpc, next => metrics.Measure(http =>
                {
                    degradation.RequireAnything();
                    return writes ? WriteAsync(http, next, decisions, guarded) : next(http);
                }));
            }
        });
    }

    private static Task WriteAsync(HttpContext http, RequestDelegate next, DecisionCache decisions, bool guarded)
    {
        if (guarded) LiveGuard.Require(http.Request.Headers[LiveGuard.Header]);

        // Before the answer leaves: who wrote reads his own write.
        http.Response.OnStarting(() =>
        {
            if (http.Request.RouteValues.TryGetValue(WorldVariable, out var world) && world is string worldId) decisions.Invalidate(worldId);
            return Task.CompletedTask;
        });
        return next(http);
    }
}
