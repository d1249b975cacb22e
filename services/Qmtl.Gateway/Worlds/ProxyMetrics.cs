using System.Diagnostics.Metrics;
using Qmtl.ServiceDefaults.Telemetry;

namespace Qmtl.Gateway.Worlds;

/// <summary>How often and how fast requests go through to WorldService.</summary>
internal sealed class ProxyMetrics : IDisposable
{
    private const int LatencyWindow = 200;
    private readonly TimeProvider _time;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly SlidingQuantile _p95 = new(LatencyWindow, 0.95);
    private readonly Counter<long> _requests;

    public ProxyMetrics(TimeProvider time)
    {
        _time = time;
        _requests = _meter.CreateCounter<long>("worlds_proxy_requests_total", description: "Requests passed through to WorldService.");
        _meter.CreateObservableGauge("worlds_proxy_latency_p95", () => _p95.Value, description: "95th percentile of the latest 200 requests passed through, in milliseconds.");
    }

    /// <summary>Measures a handler.</summary>
    public RequestDelegate Measure(RequestDelegate next) => async http =>
    {
        var started = _time.GetTimestamp();
        _requests.Add(1);
        try
        {
            await next(http);
        }
        finally
        {
            _p95.Add(_time.GetElapsedTime(started).TotalMilliseconds);
        }
    };

    public void Dispose() => _meter.Dispose();
}
