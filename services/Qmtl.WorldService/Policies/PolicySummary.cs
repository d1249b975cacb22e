using System.Globalization;
using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies;

/// <summary>A policy in sentences, in the order in which it is applied.</summary>
internal static class PolicySummary
{
    public static string Write(PolicyDocument policy)
    {
        var lines = new List<string>();
        if (policy.DataCurrency?.MaxLag is { } lag) lines.Add($"Data may be at most {Durations.Format(lag)} old; otherwise the world stays compute-only.");
        if (policy.DataCurrency?.MinHistory is { } history) lines.Add($"Metrics are advisory until {Durations.Format(history)} of history exist.");
        lines.AddRange(policy.Thresholds.Select(threshold => $"Requires {Limits(threshold)}."));
        if (policy.Gates is { } gates) lines.Add($"Requires {gates.Text}.");
        if (policy.Ranking is { } ranking) lines.Add($"Ranks by {ranking}.");
        if (policy.MaxCorrelation is { } max) lines.Add(Text($"Drops the weaker of two strategies whose correlation is above {max:R}."));
        if (policy.TopK is { } topK) lines.Add($"Keeps the best {Counts(topK)}.");
        if (policy.Levels is { } levels) lines.Add(Text($"Enters at {levels.Metric} >= {levels.Enter:R} and stays down to {levels.Exit:R}."));
        if (policy.Streaks is { } streaks)
        {
            lines.Add(Text($"Promotes after {streaks.PromoteAfter} and demotes after {streaks.DemoteAfter} evaluations in a row, at least {Durations.Format(streaks.MinDwell)} apart."));
        }

        if (policy is { Thresholds.Count: 0, Gates: null, TopK: null }) lines.Add("Accepts every strategy.");
        lines.Add($"A missing metric {(policy.Validation.OnMissing switch { MissingMetric.Fail => "fails", MissingMetric.Warn => "warns", _ => "is ignored" })}.");
        return string.Join('\n', lines);
    }

    private static string Limits(Threshold threshold) => threshold switch
    {
        { Min: { } min, Max: { } max } => Text($"{threshold.Metric} between {min:R} and {max:R}"),
        { Min: { } min } => Text($"{threshold.Metric} >= {min:R}"),
        _ => Text($"{threshold.Metric} <= {threshold.Max:R}"),
    };

    private static string Counts(TopKPolicy topK)
    {
        var sides = new[] { (topK.Long, "long"), (topK.Short, "short") }.Where(side => side.Item1 is not null).Select(side => Text($"{side.Item1} {side.Item2}"));
        var bySide = string.Join(" and ", sides);
        if (topK.Total is not { } total) return bySide;
        return bySide.Length == 0 ? Text($"{total}") : Text($"{total}, of them at most {bySide}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
