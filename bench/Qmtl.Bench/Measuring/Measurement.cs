using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qmtl.Bench.Measuring;

/// <summary>One row of the report.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Unit">The unit of both values. A rate ("bars/s") is better when larger, anything else when smaller.</param>
/// <param name="Value">What QMTL needs or does.</param>
/// <param name="Baseline">The same of the baseline; null where there is none.</param>
/// <param name="Ratio">How many times as fast as the baseline, whatever the unit; null without one.</param>
/// <param name="N">Items in one run.</param>
internal sealed record Measurement(string Name, string Unit, double Value, double? Baseline, double? Ratio, long N)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Whether more is better.</summary>
    public bool IsRate => Unit.EndsWith("/s", StringComparison.Ordinal);

    /// <summary>The report as JSON: an array of objects.</summary>
    public static string ToJson(IEnumerable<Measurement> measurements) => new JsonArray([.. measurements.Select(measurement => measurement.ToNode())]).ToJsonString(Indented) + "\n";

    private JsonObject ToNode() => new()
    {
        ["name"] = Name,
        ["unit"] = Unit,
        ["value"] = Value,
        ["baseline"] = Baseline,
        ["ratio"] = Ratio,
        ["n"] = N,
        ["runtime"] = Machine.Description,
    };
}
