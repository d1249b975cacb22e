using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>The strategies of a scenario as they stand; steps change them.</summary>
internal sealed class ScenarioCast(DateTimeOffset now)
{
    public DateTimeOffset Now { get; set; } = now;

    public SortedDictionary<string, ScenarioStrategy> Strategies { get; } = new(StringComparer.Ordinal);

    public Dictionary<(string First, string Second), double> Correlations { get; } = [];

    /// <summary>Every strategy that ever took part.</summary>
    public SortedSet<string> Known { get; } = new(StringComparer.Ordinal);
}

/// <summary>One strategy of a scenario.</summary>
internal sealed record ScenarioStrategy
{
    public StrategySide Side { get; init; } = StrategySide.Long;

    /// <summary>A fixed end of its data; an age keeps the data equally fresh at every step.</summary>
    public DateTimeOffset? DataEnd { get; init; }

    public TimeSpan? DataAge { get; init; }

    public TimeSpan? History { get; init; }

    /// <summary>What it trades, for limits on sectors.</summary>
    public IReadOnlyList<string> Symbols { get; init; } = [];

    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    public Candidate ToCandidate(string id, DateTimeOffset now) => new(id, Side, Metrics, DataAge is { } age ? now - age : DataEnd, History) { Symbols = Symbols };
}

/// <summary>Reads strategies: side, data_end, history, symbols, and any metric that the policy may name.</summary>
internal sealed class ScenarioStrategyReader(PolicyDocument policy, IMetricCatalog catalog, ProblemList problems)
{
    private static readonly string[] OwnKeys = ["side", "data_end", "history", "symbols"];

    // Read from measurements where there are any, and no statistics of returns.
    private static readonly string[] OfExposure = ["weight", "leverage"];
    private static readonly string[] Sides = ["long", "short", "both"];

    /// <summary>Takes in new strategies and changes to known ones; an empty value takes one out.</summary>
    public void Read(DocumentNode node, ScenarioCast cast)
    {
        if (node is not MappingNode mapping)
        {
            problems.Invalid(node, $"strategies must map an id to its metrics, was {node.Kind}");
            return;
        }

        foreach (var (id, value) in mapping.Members)
        {
            cast.Known.Add(id);
            switch (value)
            {
                case NullNode:
                    cast.Strategies.Remove(id);
                    break;
                case MappingNode one:
                    cast.Strategies[id] = ReadOne(one, cast.Strategies.GetValueOrDefault(id) ?? new ScenarioStrategy { Metrics = new Dictionary<string, double>(StringComparer.Ordinal) });
                    break;
                default:
                    problems.Invalid(value, $"a strategy must be a mapping of side, data_end, history, symbols and metrics; was {value.Kind}");
                    break;
            }
        }
    }

    private ScenarioStrategy ReadOne(MappingNode mapping, ScenarioStrategy before)
    {
        var metrics = new Dictionary<string, double>(before.Metrics, StringComparer.Ordinal);
        var own = mapping with { Members = [.. mapping.Members.Where(member => OwnKeys.Contains(member.Key, StringComparer.Ordinal))] };
        foreach (var (name, value) in mapping.Members.Except(own.Members)) ReadMetric(name, value, metrics);
        var section = new SectionReader(own, problems, OwnKeys);
        var side = section.Word("side", Sides) switch { "short" => StrategySide.Short, "both" => StrategySide.Both, "long" => StrategySide.Long, _ => before.Side };
        var strategy = before with { Side = side, History = section.Duration("history") ?? before.History, Symbols = section.Has("symbols") ? section.Texts("symbols") : before.Symbols, Metrics = metrics };
        return section.Node("data_end") switch
        {
            null => strategy,
            TextNode text when Durations.TryParse(text.Value, out var age) => strategy with { DataAge = age, DataEnd = null },
            var node => strategy with { DataAge = null, DataEnd = ScenarioTimes.Absolute(node, "data_end", problems) },
        };
    }

    private void ReadMetric(string name, DocumentNode value, Dictionary<string, double> metrics)
    {
        var canonical = policy.CustomMetrics.Contains(name, StringComparer.Ordinal) || policy.Slots.Names.Contains(name, StringComparer.Ordinal) || OfExposure.Contains(name, StringComparer.Ordinal) ? name
            : catalog.Knows(name) ? catalog.Canonical(name)
            : null;
        if (canonical is null)
        {
            var nearest = Nearest.Find(name, [.. OwnKeys, .. OfExposure, .. policy.CustomMetrics]) ?? catalog.Suggest(name);
            problems.Invalid(value, $"'{name}' is neither side, data_end, history, symbols nor a metric" + (nearest is null ? "; declare a metric of your own under the policy's custom_metrics" : $"; did you mean '{nearest}'?"));
            return;
        }

        switch (value)
        {
            case NumberNode number:
                metrics[canonical] = MetricNames.Normalise(canonical, number.Value);
                break;
            case NullNode:
                metrics.Remove(canonical);
                break;
            default:
                problems.Invalid(value, $"{name} must be a number, or empty where it is missing; was {value.Kind}");
                break;
        }
    }
}
