using System.Globalization;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies;

/// <summary>Gives each metric that a rule names its column, and complains about names that do not exist.</summary>
internal sealed class MetricResolver(IMetricCatalog catalog, IReadOnlyList<string> custom, ProblemList problems)
{
    public MetricSlots Slots { get; } = new();

    public IReadOnlyList<string> Custom { get; } = custom;

    public static bool IsName(string text) =>
        text.Length is > 0 and <= 128 && char.IsAsciiLetter(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.') && text[^1] != '.';

    /// <summary>The column of a metric.</summary>
    /// <exception cref="UnknownMetricException">The name is unknown; the message suggests one.</exception>
    public int Resolve(string name)
    {
        if (Custom.Contains(name, StringComparer.Ordinal)) return Slots.Add(name);
        if (catalog.Knows(name)) return Slots.Add(catalog.Canonical(name));
        var nearest = Nearest.Find(name, Custom) ?? catalog.Suggest(name);
        throw new UnknownMetricException($"unknown metric '{name}'" + (nearest is null ? "; declare a metric of your own under custom_metrics" : $"; did you mean '{nearest}'?"));
    }

    /// <summary>Resolves the metric named by <paramref name="key"/>; null after listing a problem.</summary>
    public (string Name, int Slot)? Metric(SectionReader section, string key)
    {
        if (section.Require(key, section.Text(key)) is not { } name) return null;
        try
        {
            return (name, Resolve(name));
        }
        catch (UnknownMetricException e)
        {
            problems.Invalid(section.Node(key)!, e.Message);
            return null;
        }
    }

    public T? Parse<T>(TextNode text, Func<string, Func<string, int>, T> parse)
    {
        try
        {
            return parse(text.Value, Resolve);
        }
        catch (ExpressionException e)
        {
            problems.Invalid(text, e.Message);
            return default;
        }
    }
}

internal static class GateReader
{
    private static readonly string[] Keys = ["and", "or", "not"];

    public static Gate? Read(DocumentNode node, MetricResolver metrics, ProblemList problems) => node switch
    {
        TextNode text => ReadComparison(text, metrics),
        MappingNode mapping => ReadGroup(mapping, metrics, problems),
        _ => Refuse(node, problems, $"a gate must be a comparison such as 'sharpe >= 1', or one of and, or, not; was {node.Kind}"),
    };

    private static Gate.Comparison? ReadComparison(TextNode text, MetricResolver metrics)
    {
        var (metric, slot, comparison, threshold) = metrics.Parse(text, ExpressionParser.ParseComparison);
        return metric is null ? null : new Gate.Comparison(metric, slot, comparison, threshold);
    }

    private static Gate? ReadGroup(MappingNode mapping, MetricResolver metrics, ProblemList problems)
    {
        var section = new SectionReader(mapping, problems, Keys);
        if (mapping.Members.Count != 1) return Refuse(mapping, problems, "exactly one of and, or, not must stand here");
        if (section.Node("not") is { } inner) return Read(inner, metrics, problems) is { } gate ? new Gate.Not(gate) : null;

        var key = mapping.Members[0].Key;
        if (!Keys.Contains(key, StringComparer.Ordinal) || section.List(key) is not { } list) return null;
        if (list.Items.Count == 0) return Refuse(list, problems, $"{key} must list at least one gate");
        var parts = list.Items.Select(item => Read(item, metrics, problems)).OfType<Gate>().ToArray();
        return string.Equals(key, "and", StringComparison.Ordinal) ? new Gate.And(parts) : new Gate.Or(parts);
    }

    private static Gate? Refuse(DocumentNode node, ProblemList problems, string message)
    {
        problems.Invalid(node, message);
        return null;
    }
}

internal static class ThresholdReader
{
    /// <summary>Thresholds of the selection and of the root; a name at the root replaces the selection's.</summary>
    public static IReadOnlyList<Threshold> Read(SectionReader root, SectionReader? selection, MetricResolver metrics, ProblemList problems)
    {
        var thresholds = new SortedDictionary<string, Threshold>(StringComparer.Ordinal);
        foreach (var (owner, key) in new[] { (selection, "thresholds"), (root, "thresholds") })
        {
            foreach (var (name, node) in Members(owner, key, problems))
            {
                if (ReadOne(name, node, metrics, problems) is { } threshold) thresholds[name] = threshold;
            }
        }

        return [.. thresholds.Values];
    }

    private static IReadOnlyList<KeyValuePair<string, DocumentNode>> Members(SectionReader? owner, string key, ProblemList problems)
    {
        switch (owner?.Node(key))
        {
            case null: return [];
            case MappingNode mapping: return mapping.Members;
            case var other:
                problems.Invalid(other, $"{key} must map a name to metric, min and max; was {other.Kind}");
                return [];
        }
    }

    private static Threshold? ReadOne(string name, DocumentNode node, MetricResolver metrics, ProblemList problems)
    {
        if (node is not MappingNode mapping)
        {
            problems.Invalid(node, $"a threshold must be a mapping of metric, min and max; was {node.Kind}");
            return null;
        }

        var section = new SectionReader(mapping, problems, ["metric", "min", "max"]);
        var metric = metrics.Metric(section, "metric");
        var (min, max) = (section.Number("min"), section.Number("max"));
        if (!section.Has("min") && !section.Has("max")) problems.Invalid(mapping, "a threshold needs min, max or both");
        if (min > max) problems.Invalid(mapping, string.Create(CultureInfo.InvariantCulture, $"min {min} is above max {max}: nothing could pass"));
        return metric is null ? null : new Threshold(name, metric.Value.Name, metric.Value.Slot, min, max);
    }
}

internal static class HysteresisReader
{
    private static readonly string[] LevelKeys = ["metric", "enter", "exit"];
    private static readonly string[] StreakKeys = ["promote_after", "demote_after", "min_dwell"];

    /// <summary>Both forms live in one section and may stand together; the root's section replaces the selection's.</summary>
    public static (LevelHysteresis? Levels, StreakHysteresis? Streaks) Read(SectionReader root, SectionReader? selection, MetricResolver metrics, ProblemList problems)
    {
        var owner = root.Has("hysteresis") ? root : selection;
        if (owner?.Section("hysteresis", [.. LevelKeys, .. StreakKeys]) is not { } section) return default;
        return (LevelKeys.Any(section.Has) ? ReadLevels(section, metrics, problems) : null, StreakKeys.Any(section.Has) ? ReadStreaks(section) : null);
    }

    private static LevelHysteresis? ReadLevels(SectionReader section, MetricResolver metrics, ProblemList problems)
    {
        var metric = metrics.Metric(section, "metric");
        var enter = section.Require("enter", section.Number("enter"));
        var exit = section.Require("exit", section.Number("exit"));
        if (exit > enter) problems.Invalid(section.Mapping, string.Create(CultureInfo.InvariantCulture, $"exit {exit} is above enter {enter}: a strategy would leave as it enters"));
        return metric is null || enter is null || exit is null ? null : new LevelHysteresis(metric.Value.Name, metric.Value.Slot, enter.Value, exit.Value);
    }

    private static StreakHysteresis ReadStreaks(SectionReader section) =>
        new(section.Integer("promote_after", 1) ?? 1, section.Integer("demote_after", 1) ?? 1, section.Duration("min_dwell") ?? TimeSpan.Zero);
}
