using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.Client;

/// <summary>Compares a measurement with the limits that a world's policy states. Advice only: the world judges by its own rules, and by all of them.</summary>
/// <remarks>Read are thresholds (<c>{name: {metric, min, max}}</c>, at the root or in the selection) and gates that are comparisons, joined by and/or.</remarks>
internal static partial class PolicyAdvice
{
    /// <summary>The limits that the metrics miss, each once.</summary>
    public static IReadOnlyList<ThresholdViolation> Violations(Struct? policy, IReadOnlyDictionary<string, double> metrics)
    {
        if (policy is null) return [];
        var selection = policy.Fields.GetValueOrDefault("selection")?.StructValue;
        var found = new List<ThresholdViolation>();
        foreach (var threshold in Thresholds(selection, policy).OrderBy(pair => pair.Key, StringComparer.Ordinal)) found.AddRange(OfThreshold(threshold.Value, metrics));
        if (selection?.Fields.GetValueOrDefault("gates") is { } gates) found.AddRange(OfGate(gates, metrics));
        return [.. found.DistinctBy(violation => violation.Message, StringComparer.Ordinal)];
    }

    /// <summary>What would help, in words.</summary>
    public static IReadOnlyList<string> Hints(IReadOnlyList<ThresholdViolation> violations, IReadOnlyDictionary<string, double> metrics, int bars)
    {
        var hints = violations.Select(violation => violation.Message).ToList();
        if (metrics.TryGetValue("min_trl", out var needed) && needed > bars)
            hints.Add(string.Create(CultureInfo.InvariantCulture, $"these {bars} bars are too few to tell the Sharpe ratio from luck; it would take about {Math.Ceiling(needed):F0} like them"));
        return hints;
    }

    // A name at the root replaces the selection's.
    private static Dictionary<string, Value> Thresholds(Struct? selection, Struct root)
    {
        var all = new Dictionary<string, Value>(StringComparer.Ordinal);
        foreach (var section in new[] { selection, root })
        {
            if (section?.Fields.GetValueOrDefault("thresholds")?.StructValue is not { } thresholds) continue;
            foreach (var (name, value) in thresholds.Fields) all[name] = value;
        }

        return all;
    }

    private static IEnumerable<ThresholdViolation> OfThreshold(Value threshold, IReadOnlyDictionary<string, double> metrics)
    {
        if (threshold.StructValue is not { } limits || limits.Fields.GetValueOrDefault("metric")?.StringValue is not { Length: > 0 } metric) yield break;
        foreach (var type in new[] { "min", "max" })
        {
            if (limits.Fields.GetValueOrDefault(type) is { KindCase: Value.KindOneofCase.NumberValue } limit && Judge(metric, type, limit.NumberValue, strict: false, metrics) is { } violation)
                yield return violation;
        }
    }

    private static List<ThresholdViolation> OfGate(Value gate, IReadOnlyDictionary<string, double> metrics) => gate.KindCase switch
    {
        Value.KindOneofCase.StringValue => OfComparison(gate.StringValue, metrics) is { } violation ? [violation] : [],
        Value.KindOneofCase.ListValue => [.. gate.ListValue.Values.SelectMany(part => OfGate(part, metrics))],
        Value.KindOneofCase.StructValue when gate.StructValue.Fields.GetValueOrDefault("and") is { } all => OfGate(all, metrics),
        Value.KindOneofCase.StructValue when gate.StructValue.Fields.GetValueOrDefault("or")?.ListValue is { Values.Count: > 0 } any =>
            any.Values.Select(part => OfGate(part, metrics)).MinBy(violations => violations.Count)!,
        _ => [],
    };

    private static ThresholdViolation? OfComparison(string text, IReadOnlyDictionary<string, double> metrics)
    {
        var match = Comparison().Match(text);
        if (!match.Success || !double.TryParse(match.Groups["limit"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out var limit)) return null;
        var sign = match.Groups["sign"].Value;
        return Judge(match.Groups["metric"].Value, sign[0] == '>' ? "min" : "max", limit, strict: sign.Length == 1, metrics);
    }

    private static ThresholdViolation? Judge(string metric, string type, double limit, bool strict, IReadOnlyDictionary<string, double> metrics)
    {
        var asked = string.Create(CultureInfo.InvariantCulture, $"{(strict ? type == "min" ? "above " : "below " : "")}{limit:G6}{(strict ? "" : type == "min" ? " or more" : " or less")}");
        if (!metrics.TryGetValue(metric, out var value))
            return new ThresholdViolation { Metric = metric, ThresholdType = type, ThresholdValue = limit, Message = $"{metric} is not known here, the policy asks for {asked}" };
        var missed = type == "min" ? value < limit : value > limit;
        if (!missed && !(strict && value.Equals(limit))) return null;
        return new ThresholdViolation
        {
            Metric = metric,
            Value = value,
            ThresholdType = type,
            ThresholdValue = limit,
            Message = string.Create(CultureInfo.InvariantCulture, $"{metric} is {value:G6}, the policy asks for {asked}"),
        };
    }

    [GeneratedRegex("""^\s*(?<metric>[A-Za-z_][A-Za-z0-9_.]*)\s*(?<sign>>=|<=|>|<)\s*(?<limit>[-+]?[0-9.]+([eE][-+]?[0-9]+)?)\s*$""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Comparison();
}
