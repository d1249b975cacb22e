using Grpc.Core;
using Qmtl.Identity;
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
    private const string LiveHeader = "X-Allow-Live";
    private const string WorldVariable = "world_id";

    /// <summary>Answered by the Gateway itself.</summary>
    private static readonly string[] Own = ["Decide", "GetActivation"];

    /// <summary>May reach a live venue.</summary>
    private static readonly string[] Guarded = ["Apply", "Rollback", "ApplyLive", "AutoApplyLive", "ApplyRebalance"];

    /// <summary>Maps them: reads that clients act on through the cache, everything else straight through.</summary>
    public static void MapWorldRoutes(this IEndpointRouteBuilder endpoints)
    {
        var service = WorldService.Descriptor;
        string[] others = [.. service.Methods.Select(method => method.Name).Except(Own, StringComparer.Ordinal)];
        endpoints.MapRpcJson<WorldReads>(service, options => options.Exclude(others));

        var channel = endpoints.ServiceProvider.GetRequiredService<WorldServiceChannel>();
        var decisions = endpoints.ServiceProvider.GetRequiredService<DecisionCache>();
        var metrics = endpoints.ServiceProvider.GetRequiredService<ProxyMetrics>();
        var options = endpoints.ServiceProvider.GetRequiredService<WorldServiceOptions>();
        endpoints.MapRpcJson(service, channel.Invoker, mapping =>
        {
            mapping.Peer = "WorldService";
            mapping.Exclude([.. Own, "GetHealth"]);
            foreach (var route in RpcRoute.Of(service).DistinctBy(route => route.Method.Name, StringComparer.Ordinal))
            {
                var rpc = route.Method.Name;
                var guarded = options.EnforceLiveGuard && Guarded.Contains(rpc, StringComparer.Ordinal);
                var writes = route.Verb != HttpMethods.Get;
                mapping.Wrap(rpc, next => metrics.Measure(writes ? http => WriteAsync(http, next, decisions, guarded) : next));
            }
        });
    }

    private static Task WriteAsync(HttpContext http, RequestDelegate next, DecisionCache decisions, bool guarded)
    {
        if (guarded && !string.Equals(http.Request.Headers[LiveHeader], "true", StringComparison.OrdinalIgnoreCase))
            throw new RefusalException(ReasonCodes.PermissionDenied, $"This call may reach a live venue; say so with the header {LiveHeader}: true.");

        // Before the answer leaves: who wrote reads his own write.
        http.Response.OnStarting(() =>
        {
            if (http.Request.RouteValues.TryGetValue(WorldVariable, out var world) && world is string worldId) decisions.Invalidate(worldId);
            return Task.CompletedTask;
        });
        return next(http);
    }
}
