using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.Hosting;

/// <summary>Whether a process lives, and whether it can do its work.</summary>
public static class HealthExtensions
{
    /// <summary>Tag of checks that say whether the process itself works, whatever it depends on.</summary>
    public const string LiveTag = "live";

    /// <summary>Adds the check that a process answers at all.</summary>
    public static TBuilder AddDefaultHealthChecks<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddHealthChecks().AddCheck("self", static () => HealthCheckResult.Healthy(), [LiveTag]);
        return builder;
    }

    /// <summary>
    /// Maps <c>/health/live</c> (and <c>/alive</c>), <c>/health/ready</c> and <c>/metrics</c>, in production too: container probes and scrapers need
    /// them there, and have no one's token. <c>/health</c> itself is left to the service, whose payload says more.
    /// </summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var live = new HealthCheckOptions { Predicate = static check => check.Tags.Contains(LiveTag), ResponseWriter = WriteAsync };
        app.MapHealthChecks("/health/live", live).AllowAnonymous();
        app.MapHealthChecks("/alive", live).AllowAnonymous();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync }).AllowAnonymous();
        app.MapPrometheusScrapingEndpoint("/metrics").AllowAnonymous();
        return app;
    }

    /// <summary>Names the checks and what they found; exceptions stay in the log.</summary>
    private static Task WriteAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(
            new
            {
                status = Text(report.Status),
                checks = report.Entries.ToDictionary(
                    static entry => entry.Key,
                    static entry => new { status = Text(entry.Value.Status), description = entry.Value.Description, duration_ms = Math.Round(entry.Value.Duration.TotalMilliseconds, 3) },
                    StringComparer.Ordinal),
            },
            context.RequestAborted);

    private static string Text(HealthStatus status) => status.ToString().ToLowerInvariant();
}
