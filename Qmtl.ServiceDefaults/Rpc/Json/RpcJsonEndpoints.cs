using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Qmtl.ServiceDefaults.Rpc;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Serves rpcs over HTTP/JSON by their google.api.http options.</summary>
/// <remarks>Ours rather than JSON transcoding: the wire is snake_case with problem documents, and the Gateway serves other services' routes the same way.</remarks>
public static class RpcJsonEndpoints
{
    /// <summary>Maps the routes of <paramref name="service"/> to its implementation in this process.</summary>
    /// <typeparam name="TService">The implementation, from the container or made for each request.</typeparam>
    public static RouteGroupBuilder MapRpcJson<TService>(this IEndpointRouteBuilder endpoints, ServiceDescriptor service, Action<RpcJsonOptions>? configure = null)
        where TService : class => Map(endpoints, service, configure, static (method, _) => LocalRpcTarget.Create<TService>(method), typeof(TService));

    /// <summary>Maps the routes of <paramref name="service"/> to another process that serves it over gRPC.</summary>
    public static RouteGroupBuilder MapRpcJson(this IEndpointRouteBuilder endpoints, ServiceDescriptor service, CallInvoker remote, Action<RpcJsonOptions>? configure = null) =>
        endpoints.MapRpcJson(service, _ => remote, configure);

    /// <summary>Maps the routes of <paramref name="service"/> to another process, chosen for each request.</summary>
    public static RouteGroupBuilder MapRpcJson(this IEndpointRouteBuilder endpoints, ServiceDescriptor service, Func<HttpContext, CallInvoker> remote, Action<RpcJsonOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(remote);
        var time = endpoints.ServiceProvider.GetRequiredService<TimeProvider>();
        return Map(endpoints, service, configure, (method, options) => new RemoteRpcTarget(method, remote, options, time));
    }

    private static RouteGroupBuilder Map(IEndpointRouteBuilder endpoints, ServiceDescriptor service, Action<RpcJsonOptions>? configure, Func<MethodDescriptor, RpcJsonOptions, IRpcTarget> target, Type? implementation = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(service);
        var options = new RpcJsonOptions();
        configure?.Invoke(options);
        CheckNames(service, options);
        var services = endpoints.ServiceProvider;
        var (reporter, time, logger) = (services.GetRequiredService<RefusalReporter>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<RpcRouteHandler>>());
        var group = endpoints.MapGroup("");
        foreach (var route in RpcRoute.Of(service).Where(route => !options.Excluded.Contains(route.Method.Name)))
        {
            if (!options.Overrides.TryGetValue(route.Method.Name, out var handler))
                handler = new RpcRouteHandler(route, target(route.Method, options), options, reporter, time, logger).HandleAsync;
            if (options.Wraps.TryGetValue(route.Method.Name, out var wrap)) handler = wrap(handler);
            group.MapMethods(route.Template, [route.Verb], handler).WithDisplayName($"{route.Verb} {route.Template} ({route.Method.FullName})").WithMetadata([route, .. Attributes(implementation, route)]);
        }

        return group;
    }

    /// <summary>What the implementation says of itself counts over HTTP as it does over gRPC: who may call it, for example.</summary>
    private static IEnumerable<object> Attributes(Type? implementation, RpcRoute route) =>
        implementation is null ? [] : [.. implementation.GetCustomAttributes(inherit: true), .. implementation.GetMethod(route.Method.Name)?.GetCustomAttributes(inherit: true) ?? []];

    /// <summary>A misspelt name would leave open what it was meant to close.</summary>
    private static void CheckNames(ServiceDescriptor service, RpcJsonOptions options)
    {
        var unknown = options.Excluded.Concat(options.Overrides.Keys).Concat(options.Wraps.Keys).FirstOrDefault(name => service.FindMethodByName(name) is null);
        if (unknown is not null) throw new ArgumentException($"{service.FullName} has no rpc \"{unknown}\".", nameof(options));
    }
}
