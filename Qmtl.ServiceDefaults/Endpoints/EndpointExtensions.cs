using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Qmtl.ServiceDefaults.Endpoints;

namespace Microsoft.Extensions.Hosting;

/// <summary>Endpoints are set in code: two web projects in one process would overwrite each other's appsettings.</summary>
public static class EndpointExtensions
{
    /// <summary>Listens on <c>http</c> (HTTP/1.1) and <c>grpc</c> (HTTP/2), by the defaults that <paramref name="configure"/> sets and the configuration overrides.</summary>
    public static WebApplicationBuilder ConfigureQmtlEndpoints(this WebApplicationBuilder builder, Action<QmtlEndpointOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new QmtlEndpointOptions();
        configure?.Invoke(options);
        options.Read(builder.Configuration);
        var address = options.Address();

        var endpoints = new QmtlEndpoints();
        builder.Services.AddSingleton(endpoints);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, EndpointNamePolicy>());
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBodyBytes;
            void Listen(string name, int? port, HttpProtocols protocols)
            {
                if (port is not { } number) return;
                kestrel.Listen(address, number, listen =>
                {
                    listen.Protocols = protocols;
                    listen.Use(next => connection =>
                    {
                        connection.Features.Set(new EndpointFeature(name));
                        return next(connection);
                    });
                    endpoints.Add(name, listen);
                });
            }

            Listen(QmtlEndpointOptions.Http, options.HttpPort, HttpProtocols.Http1);
            Listen(QmtlEndpointOptions.Grpc, options.GrpcPort, HttpProtocols.Http2);
            foreach (var (name, port) in options.ExtraHttp) Listen(name, port, HttpProtocols.Http1);
        });
        return builder;
    }

    /// <summary>Serves these routes only on the endpoints <paramref name="names"/>.</summary>
    public static TBuilder RequireQmtlEndpoint<TBuilder>(this TBuilder builder, params string[] names)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (names.Length == 0) throw new ArgumentException("Name at least one endpoint.", nameof(names));
        builder.Add(endpoint => endpoint.Metadata.Add(new EndpointNameRequirement(names)));
        return builder;
    }

    /// <summary>Name of the endpoint that a request came in by, or null where the process does not use named endpoints.</summary>
    public static string? QmtlEndpoint(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<EndpointFeature>()?.Name;
    }
}
