using Google.Protobuf.WellKnownTypes;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>
/// Makes the metrics of one request flat: groups become dotted names, and a name that the registry knows also stands without its group. Strategies of one
/// request mostly report the same names in the same order; those after the first take the way that it found. Not for several threads.
/// </summary>
internal sealed class MetricFlattener(MetricNames names)
{
    private const int MaxDepth = 4;

    private readonly MetricSetMaker _maker = new();
    private Way _way = new([], [], [], MetricSet.Empty.Schema);

    /// <summary>The metrics of one strategy.</summary>
    /// <exception cref="Identity.RefusalException">Something in it is neither a finite number, nor a group of them, nor null.</exception>
    public MetricSet Flatten(string strategy, Struct metrics) => Repeat(metrics) ?? Learn(strategy, metrics);

    /// <summary>Null unless the names are those of the strategy before, and all values are finite numbers.</summary>
    private MetricSet? Repeat(Struct metrics)
    {
        var way = _way;
        if (metrics.Fields.Count != way.Names.Length) return null;
        var values = new double[way.Schema.Names.Length];
        var at = 0;
        foreach (var (name, value) in metrics.Fields)
        {
            if (value.KindCase != Value.KindOneofCase.NumberValue || !string.Equals(name, way.Names[at], StringComparison.Ordinal)) return null;
            var number = value.NumberValue;
            if (!double.IsFinite(number)) return null;
            values[way.Places[at]] = way.Positive[at] ? Math.Abs(number) : number;
            at++;
        }

        return new MetricSet(way.Schema, values);
    }

    private MetricSet Learn(string strategy, Struct metrics)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        Flatten(metrics, "", JsonPointer.Child("/metrics", strategy), values, 0);
        var set = _maker.Make(values);
        if (metrics.Fields.Values.All(value => value.KindCase == Value.KindOneofCase.NumberValue))
        {
            string[] given = [.. metrics.Fields.Keys];
            string[] canonical = [.. given.Select(names.Canonical)];
            _way = new Way(given, [.. canonical.Select(set.Schema.Find)], [.. canonical.Select(name => MetricNames.Normalise(name, -1) > 0)], set.Schema);
        }

        return set;
    }

    private void Flatten(Struct group, string prefix, string pointer, Dictionary<string, double> values, int depth)
    {
        if (depth > MaxDepth) throw Refuse.Field(pointer, $"is nested deeper than {MaxDepth} groups");
        foreach (var (name, value) in group.Fields)
        {
            var here = JsonPointer.Child(pointer, name);
            switch (value.KindCase)
            {
                case Value.KindOneofCase.NullValue:
                    break;
                case Value.KindOneofCase.StructValue:
                    Flatten(value.StructValue, $"{prefix}{name}.", here, values, depth + 1);
                    break;
                case Value.KindOneofCase.NumberValue when double.IsFinite(value.NumberValue):
                    Set(values, prefix, name, value.NumberValue);
                    break;
                default:
                    throw Refuse.Field(here, "must be a finite number, a group of them, or null for unknown");
            }
        }
    }

    private void Set(Dictionary<string, double> values, string prefix, string name, double value)
    {
        var known = names.Canonical(name);
        var number = MetricNames.Normalise(known, value);
        if (prefix.Length > 0) values[prefix + name] = value;
        if (prefix.Length == 0 || names.Knows(known)) values[known] = number;
    }

    /// <summary>Where the numbers of an object with these names go.</summary>
    /// <param name="Names">The names as given.</param>
    /// <param name="Places">Where each one's number stands among the metrics; of two that mean the same, the later wins.</param>
    /// <param name="Positive">Whether the number's sign is dropped.</param>
    private sealed record Way(string[] Names, int[] Places, bool[] Positive, MetricSchema Schema);
}
