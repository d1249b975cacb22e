using System.Diagnostics;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace OpenTelemetry.Exporter.Prometheus;

/// <summary>Metrics at one moment, as text. Never changed after it was made, so any number of responses may be sending it.</summary>
internal sealed record Scrape(byte[] Body, DateTimeOffset At);

/// <summary>The end of the SDK's pull pipeline: collects when a scraper asks, one collection at a time.</summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter(PrometheusAspNetCoreOptions options) : BaseExporter<Metric>, IPullMetricExporter
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<TextFormat, (Scrape Scrape, long Stamp)> _cache = [];
    private readonly TimeSpan _cacheFor = TimeSpan.FromMilliseconds(options.ScrapeResponseCacheDurationMilliseconds);
    private TextFormat _wanted;
    private byte[]? _exported;
    private Resource? _resource;

    public Func<int, bool>? Collect { get; set; }

    /// <summary>What the metrics are now, or were at most the cache duration ago; null when collecting failed.</summary>
    public async Task<Scrape?> CollectAsync(TextFormat format, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // Looked up under the lock: whoever waited for another scrape of this format gets that scrape.
            if (_cache.TryGetValue(format, out var last) && Stopwatch.GetElapsedTime(last.Stamp) < _cacheFor) return last.Scrape;
            _wanted = format;
            _exported = null;
            if (Collect?.Invoke(Timeout.Infinite) != true || _exported is null) return null;
            var scrape = new Scrape(_exported, DateTimeOffset.UtcNow);
            _cache[format] = (scrape, Stopwatch.GetTimestamp());
            return scrape;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Called by the reader within <see cref="Collect"/>: the batch is valid only for the length of this call.</summary>
    public override ExportResult Export(in Batch<Metric> batch)
    {
        // A flush at shutdown also comes here; nobody is waiting for its text, and making it does no harm.
        var metrics = new List<Metric>();
        foreach (var metric in batch) metrics.Add(metric);
        _resource ??= ParentProvider.GetResource();
        _exported = new MetricsText(_wanted, options.DisableTotalNameSuffixForCounters).Write(metrics, _resource);
        return ExportResult.Success;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _turn.Dispose();
        base.Dispose(disposing);
    }
}
