namespace OpenTelemetry.Exporter.Prometheus;

internal enum TextFormat
{
    /// <summary>The Prometheus text format, version 0.0.4.</summary>
    Plain,

    /// <summary>OpenMetrics text, version 1.0.0: exemplars, creation times, units and an end mark.</summary>
    OpenMetrics,
}

internal static class TextFormatExtensions
{
    public static string ContentType(this TextFormat format) => format == TextFormat.OpenMetrics
        ? "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
        : "text/plain; version=0.0.4; charset=utf-8";
}
