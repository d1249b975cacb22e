using Qmtl.ServiceDefaults.Clients;

namespace Microsoft.Extensions.Hosting;

/// <summary>What every process of the stack has in common.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>Telemetry, health checks, service discovery and resilient HTTP clients.</summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.ConfigureOpenTelemetry();
        builder.AddDefaultHealthChecks();
        builder.Services.AddHttpClientDefaults();
        return builder;
    }
}
