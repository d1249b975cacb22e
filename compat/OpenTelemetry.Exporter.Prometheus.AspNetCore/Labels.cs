using System.Globalization;
using System.Text;
using OpenTelemetry.Metrics;

namespace OpenTelemetry.Exporter.Prometheus;

/// <summary>Attributes as Prometheus labels: keys made valid, values as text, equal keys joined.</summary>
internal static class Labels
{
    public static Dictionary<string, string> Of(IEnumerable<KeyValuePair<string, object?>> attributes)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in attributes) Add(labels, Key(key), Value(value));
        return labels;
    }

    /// <summary>The meter that a series comes from.</summary>
    public static Dictionary<string, string> OfScope(Metric metric)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["otel_scope_name"] = metric.MeterName };
        if (!string.IsNullOrEmpty(metric.MeterVersion)) labels["otel_scope_version"] = metric.MeterVersion;
        foreach (var (key, value) in metric.MeterTags ?? []) labels.TryAdd(Key("otel_scope_" + key), Value(value));
        return labels;
    }

    public static Dictionary<string, string> With(Dictionary<string, string> scope, ReadOnlyTagCollection tags)
    {
        var own = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in tags) Add(own, Key(key), Value(value));
        var labels = new Dictionary<string, string>(scope, StringComparer.Ordinal);

        // Who made the measurement is not the measurement's to say.
        foreach (var (key, value) in own) labels.TryAdd(key, value);
        return labels;
    }

    /// <summary>Letters, digits and single underscores; never a digit first.</summary>
    public static string Key(string name)
    {
        var result = new StringBuilder(name.Length + 1);
        if (name.Length > 0 && char.IsAsciiDigit(name[0])) result.Append('_');
        foreach (var c in name)
        {
            if (char.IsAsciiLetterOrDigit(c) || c == '_') result.Append(c);
            else if (result.Length == 0 || result[^1] != '_') result.Append('_');
        }

        return result.ToString();
    }

    public static string Value(object? value) => value switch
    {
        null => "",
        string text => text,
        bool truth => truth ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static void Add(Dictionary<string, string> labels, string key, string value)
    {
        if (!labels.TryAdd(key, value)) labels[key] += ";" + value;
    }
}
