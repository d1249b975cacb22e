using System.Text;

namespace OpenTelemetry.Exporter.Prometheus;

/// <summary>UCUM units as Prometheus spells them: <c>ms</c> is milliseconds, <c>By/s</c> bytes_per_second, <c>{request}</c> nothing.</summary>
internal static class PrometheusUnit
{
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["d"] = "days",
        ["h"] = "hours",
        ["min"] = "minutes",
        ["s"] = "seconds",
        ["ms"] = "milliseconds",
        ["us"] = "microseconds",
        ["ns"] = "nanoseconds",
        ["By"] = "bytes",
        ["KiBy"] = "kibibytes",
        ["MiBy"] = "mebibytes",
        ["GiBy"] = "gibibytes",
        ["TiBy"] = "tibibytes",
        ["KBy"] = "kilobytes",
        ["MBy"] = "megabytes",
        ["GBy"] = "gigabytes",
        ["TBy"] = "terabytes",
        ["B"] = "bytes",
        ["KB"] = "kilobytes",
        ["MB"] = "megabytes",
        ["GB"] = "gigabytes",
        ["TB"] = "terabytes",
        ["m"] = "meters",
        ["V"] = "volts",
        ["A"] = "amperes",
        ["J"] = "joules",
        ["W"] = "watts",
        ["g"] = "grams",
        ["Cel"] = "celsius",
        ["Hz"] = "hertz",
        ["1"] = "",
        ["%"] = "percent",
        ["$"] = "dollars",
    };

    private static readonly Dictionary<string, string> PerNames = new(StringComparer.Ordinal)
    {
        ["s"] = "second",
        ["m"] = "minute",
        ["h"] = "hour",
        ["d"] = "day",
        ["w"] = "week",
        ["mo"] = "month",
        ["y"] = "year",
    };

    public static string? Of(string? unit)
    {
        if (string.IsNullOrEmpty(unit)) return null;
        var plain = WithoutAnnotations(unit);
        var slash = plain.IndexOf('/', StringComparison.Ordinal);
        var name = slash >= 0 && slash < plain.Length - 1
            ? $"{Names.GetValueOrDefault(plain[..slash], plain[..slash])}_per_{PerNames.GetValueOrDefault(plain[(slash + 1)..], plain[(slash + 1)..])}"
            : Names.GetValueOrDefault(plain, plain);
        var clean = MetricName.Sanitize(name).Trim('_');
        return clean.Length == 0 ? null : clean;
    }

    /// <summary>Drops what stands in braces; a brace that is never closed stays.</summary>
    private static string WithoutAnnotations(string unit)
    {
        var result = new StringBuilder(unit.Length);
        for (var i = 0; i < unit.Length; i++)
        {
            if (unit[i] == '{' && unit.IndexOf('}', i) is > 0 and var end) i = end;
            else result.Append(unit[i]);
        }

        return result.ToString();
    }
}
