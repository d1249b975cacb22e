using System.Globalization;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using OpenTelemetry.Metrics;

namespace OpenTelemetry.Exporter.Prometheus;

/// <summary>Answers one scrape: negotiates the format, collects, compresses when asked to.</summary>
internal static class ScrapeEndpoint
{
    public static string Path(IServiceProvider services, string? path, string? optionsName)
    {
        path ??= services.GetRequiredService<IOptionsMonitor<PrometheusAspNetCoreOptions>>().Get(optionsName ?? Options.DefaultName).ScrapeEndpointPath
            ?? PrometheusAspNetCoreOptions.DefaultScrapeEndpointPath;
        return path.StartsWith('/') ? path : "/" + path;
    }

    public static RequestDelegate Handler(IServiceProvider services, MeterProvider? meterProvider)
    {
        meterProvider ??= services.GetRequiredService<MeterProvider>();
        var exporter = services.GetServices<PrometheusExporter>().FirstOrDefault(candidate => candidate.ParentProvider == meterProvider)
            ?? throw new ArgumentException("A PrometheusExporter could not be found configured on the provided MeterProvider: call AddPrometheusExporter.", nameof(meterProvider));
        return context => ScrapeAsync(context, exporter);
    }

    private static async Task ScrapeAsync(HttpContext context, PrometheusExporter exporter)
    {
        var format = Negotiate(context.Request.GetTypedHeaders().Accept);
        var scrape = await exporter.CollectAsync(format, context.RequestAborted);
        var response = context.Response;
        if (scrape is null)
        {
            response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        response.ContentType = format.ContentType();
        response.Headers.LastModified = scrape.At.ToString("R", CultureInfo.InvariantCulture);
        response.Headers.Vary = "Accept, Accept-Encoding";
        if (!AcceptsGzip(context.Request))
        {
            response.ContentLength = scrape.Body.Length;
            await response.Body.WriteAsync(scrape.Body, context.RequestAborted);
            return;
        }

        response.Headers.ContentEncoding = "gzip";
        await using var zip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await zip.WriteAsync(scrape.Body, context.RequestAborted);
    }

    /// <summary>The best format that we have by quality, then by order; plain text where nothing fits.</summary>
    internal static TextFormat Negotiate(IList<MediaTypeHeaderValue> accept)
    {
        var best = (Format: TextFormat.Plain, Quality: 0.0);
        foreach (var entry in accept)
        {
            var quality = entry.Quality ?? 1;
            if (quality > best.Quality && Format(entry) is { } format) best = (format, quality);
        }

        return best.Format;
    }

    private static TextFormat? Format(MediaTypeHeaderValue entry)
    {
        var version = entry.Parameters.FirstOrDefault(static p => p.Name.Equals("version", StringComparison.OrdinalIgnoreCase))?.GetUnescapedValue().Value;
        return entry.MediaType.Value?.ToLowerInvariant() switch
        {
            "application/openmetrics-text" when version is null or "1.0.0" or "0.0.1" => TextFormat.OpenMetrics,
            "text/plain" when version is null or "0.0.4" => TextFormat.Plain,
            "text/*" or "*/*" => TextFormat.Plain,
            _ => null,
        };
    }

    private static bool AcceptsGzip(HttpRequest request) =>
        request.GetTypedHeaders().AcceptEncoding.Any(static e => e.Quality is not 0 && e.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase));
}
