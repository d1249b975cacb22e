using System.Reflection;
using Grpc.Core;
using Grpc.Net.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The services already mapped, so that each fallback endpoint is added once.</summary>
internal sealed class ServedServices
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public bool IsEmpty => _names.Count == 0;

    public bool Add(string serviceName) => _names.Add(serviceName);
}

/// <summary>Turns the methods of a service into endpoints.</summary>
internal sealed class ServiceMapper<TService>(
    IOptions<GrpcServiceOptions> general, IOptions<GrpcServiceOptions<TService>> own, ServedServices served, ILoggerFactory loggers)
    where TService : class
{
    private readonly ILogger _logger = loggers.CreateLogger("Grpc.AspNetCore.Server.ServerCallHandler");

    public IReadOnlyList<IEndpointConventionBuilder> Map(IEndpointRouteBuilder endpoints)
    {
        var binder = new ServiceMethodBinder<TService>(MethodSettings.Merge(general.Value, own.Value), new InstanceActivator<TService>(), _logger);
        Bind(binder);
        var mapped = binder.Methods.ConvertAll(method => MapMethod(endpoints, method));

        if (general.Value.IgnoreUnknownServices is not true && served.IsEmpty)
            mapped.Add(MapUnimplemented(endpoints, $"{{service}}/{{method:{GrpcRequestConstraint.Name}}}", "Unimplemented service", "Service is unimplemented."));
        var ignoreMethods = own.Value.IgnoreUnknownServices ?? general.Value.IgnoreUnknownServices ?? false;
        foreach (var name in binder.Methods.Select(method => method.Method.ServiceName).Distinct(StringComparer.Ordinal))
        {
            if (served.Add(name) && !ignoreMethods)
                mapped.Add(MapUnimplemented(endpoints, $"{name}/{{method:{GrpcRequestConstraint.Name}}}", $"Unimplemented method for {name}", "Method is unimplemented."));
        }

        return mapped;
    }

    /// <summary>The generated base class names a static method that lists the service's methods.</summary>
    private static void Bind(ServiceBinderBase binder)
    {
        for (var type = typeof(TService); type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is not { } attribute) continue;
            var bind = attribute.BindType.GetMethod(attribute.BindMethodName, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static, [typeof(ServiceBinderBase), type])
                ?? throw new InvalidOperationException($"{attribute.BindType} has no method {attribute.BindMethodName}({nameof(ServiceBinderBase)}, {type.Name}).");
            bind.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [binder, null], null);
            return;
        }

        throw new InvalidOperationException($"{typeof(TService)} is not a gRPC service: no base class carries {nameof(BindServiceMethodAttribute)}.");
    }

    private static IEndpointConventionBuilder MapMethod(IEndpointRouteBuilder endpoints, ServedMethod method)
    {
        var endpoint = endpoints.Map(method.Method.FullName, method.Handler);
        endpoint.Add(builder =>
        {
            builder.DisplayName = $"gRPC - {method.Method.FullName}";
            builder.Metadata.Add(new GrpcMethodMetadata(typeof(TService), method.Method));
            foreach (var attribute in typeof(TService).GetCustomAttributes(inherit: true)) builder.Metadata.Add(attribute);
            foreach (var attribute in method.Implementation.GetCustomAttributes(inherit: true)) builder.Metadata.Add(attribute);
            builder.Metadata.Add(new HttpMethodMetadata(["POST"], acceptCorsPreflight: true));
        });
        return endpoint;
    }

    private static IEndpointConventionBuilder MapUnimplemented(IEndpointRouteBuilder endpoints, string pattern, string name, string detail)
    {
        var endpoint = endpoints.Map(pattern, http =>
        {
            http.Response.ContentType = Headers.ContentType;
            ResponseStatus.Write(http.Response.Headers, new Status(StatusCode.Unimplemented, detail));
            return Task.CompletedTask;
        });
        endpoint.Add(builder => builder.DisplayName = $"gRPC - {name}");
        return endpoint;
    }
}

/// <summary>Lets the catch-all endpoints see gRPC requests only.</summary>
internal sealed class GrpcRequestConstraint : IRouteConstraint
{
    public const string Name = "grpcrequest";

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        httpContext is null || (HttpMethods.IsPost(httpContext.Request.Method) && Headers.IsGrpcContentType(httpContext.Request.ContentType));
}
