namespace Qmtl.ServiceDefaults.Telemetry;

/// <summary>A quantile over the latest measurements, for gauges such as <c>diff_duration_ms_p95</c>.</summary>
/// <param name="capacity">Measurements kept; older ones are forgotten.</param>
/// <param name="quantile">Above 0, at most 1: 0.95 for the 95th percentile.</param>
public sealed class SlidingQuantile(int capacity, double quantile)
{
    private readonly double[] _window = new double[capacity];
    private readonly Lock _gate = new();
    private long _count;

    /// <summary>The nearest-rank quantile of what is kept; 0 before the first measurement.</summary>
    public double Value
    {
        get
        {
            double[] sorted;
            lock (_gate) sorted = _window[..(int)Math.Min(_count, _window.Length)];
            if (sorted.Length == 0) return 0;
            Array.Sort(sorted);
            return sorted[Math.Max(0, (int)Math.Ceiling(quantile * sorted.Length) - 1)];
        }
    }

    /// <summary>Adds a measurement.</summary>
    public void Add(double value)
    {
        lock (_gate) _window[_count++ % _window.Length] = value;
    }
}
