using System.Text;
using OpenTelemetry.Metrics;

namespace OpenTelemetry.Exporter.Prometheus;

internal enum PrometheusType
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>What an instrument is called in Prometheus.</summary>
/// <param name="Family">Name in the metadata lines; in OpenMetrics a counter's family lacks the suffix of its series.</param>
/// <param name="Series">Name of a counter's or gauge's series.</param>
internal sealed record MetricName(string Family, string Series, PrometheusType Type, string? Unit)
{
    private const string Total = "_total";

    /// <summary>Null for an instrument that neither format can carry (exponential histograms).</summary>
    public static MetricName? Of(Metric metric, TextFormat format, bool plainCountersWithoutTotal) =>
        TypeOf(metric.MetricType) is { } type ? Of(metric.Name, metric.Unit, type, format, plainCountersWithoutTotal) : null;

    internal static MetricName Of(string instrument, string? instrumentUnit, PrometheusType type, TextFormat format, bool plainCountersWithoutTotal)
    {
        var unit = PrometheusUnit.Of(instrumentUnit);
        var name = Sanitize(instrument);
        var counter = type == PrometheusType.Counter;
        var stem = counter && name.EndsWith(Total, StringComparison.Ordinal) ? name[..^Total.Length] : name;

        // A unit that the name already ends in is not said twice; neither is the suffix of a counter.
        var withUnit = unit is null || stem.EndsWith(unit, StringComparison.Ordinal) ? stem : $"{stem}_{unit}";
        if (!counter) return new MetricName(withUnit, withUnit, type, unit);
        if (format == TextFormat.OpenMetrics) return new MetricName(withUnit, withUnit + Total, type, unit);
        var plain = plainCountersWithoutTotal && stem == name ? withUnit : withUnit + Total;
        return new MetricName(plain, plain, type, unit);
    }

    /// <summary>Letters, digits, colons and single underscores; never a digit first.</summary>
    internal static string Sanitize(string name)
    {
        var result = new StringBuilder(name.Length + 1);
        if (name.Length > 0 && char.IsAsciiDigit(name[0])) result.Append('_');
        foreach (var c in name)
        {
            if (char.IsAsciiLetterOrDigit(c) || c == ':') result.Append(c);
            else if (result.Length == 0 || result[^1] != '_') result.Append('_');
        }

        return result.ToString();
    }

    private static PrometheusType? TypeOf(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => PrometheusType.Counter,
        MetricType.LongGauge or MetricType.DoubleGauge or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => PrometheusType.Gauge,
        MetricType.Histogram => PrometheusType.Histogram,
        _ => null,
    };
}
