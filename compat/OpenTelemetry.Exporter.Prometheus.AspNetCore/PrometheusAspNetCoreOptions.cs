namespace OpenTelemetry.Exporter;

/// <summary>How metrics are served to a Prometheus scraper.</summary>
public class PrometheusAspNetCoreOptions
{
    internal const string DefaultScrapeEndpointPath = "/metrics";

    /// <summary>Path of the scraping endpoint. Default: <c>/metrics</c>.</summary>
    public string? ScrapeEndpointPath { get; set; } = DefaultScrapeEndpointPath;

    /// <summary>Leaves counters without <c>_total</c> in the plain text format. OpenMetrics always has it. Default: false.</summary>
    public bool DisableTotalNameSuffixForCounters { get; set; }

    /// <summary>How long one response serves further scrapes, in milliseconds; 0 collects for every scrape. Default: 300.</summary>
    public int ScrapeResponseCacheDurationMilliseconds
    {
        get => _cache;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _cache = value;
        }
    }

    private int _cache = 300;
}
