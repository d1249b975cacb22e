using System.Collections.Frozen;
using System.Globalization;

namespace Qmtl.Statistics;

/// <summary>
/// The closed registry of metrics that policies may name: <c>stat</c>, or <c>stat_30d</c> with any number of days, or <c>stat_short</c> (30 days),
/// <c>stat_mid</c> (90 days), <c>stat_long</c> (365 days). A window ends at the last return and holds what there is of it; <c>sample_days</c> tells how
/// much that is.
/// </summary>
public static class MetricRegistry
{
    private const int MaxWindowDays = 36_500;

    private static readonly FrozenDictionary<string, MetricDefinition> ByName = MetricDefinitions.All
        .SelectMany(definition => definition.Aliases.Prepend(definition.Name).Select(name => KeyValuePair.Create(name, definition)))
        .ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly (string Suffix, int Days)[] NamedWindows = [("_short", 30), ("_mid", 90), ("_long", 365)];

    /// <summary>All metrics, without windows.</summary>
    public static IReadOnlyList<MetricDefinition> All => MetricDefinitions.All;

    /// <summary>Whether a policy may name <paramref name="name"/>.</summary>
    public static bool Knows(string name) => TryParse(name, out _, out _);

    /// <summary>Takes a name apart. <paramref name="days"/> is null for the whole series.</summary>
    public static bool TryParse(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out MetricDefinition? definition, out int? days)
    {
        ArgumentNullException.ThrowIfNull(name);
        days = null;
        if (ByName.TryGetValue(name, out definition)) return true;
        return SplitWindow(name) is { } split && (days = split.Days) is not null && ByName.TryGetValue(split.Stat, out definition);
    }

    /// <summary>The known name nearest to <paramref name="name"/>, with the same window; null when none is near.</summary>
    public static string? Suggest(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var stat = SplitWindow(name)?.Stat ?? name;
        var window = name[stat.Length..];
        return Nearest(stat) is { } near ? near + window : Nearest(name);
    }

    /// <summary>Computes metrics by name. What is undefined, or supplied by a producer, is null.</summary>
    /// <exception cref="ArgumentException">A name is unknown, or the series of the input do not fit together.</exception>
    public static IReadOnlyDictionary<string, double?> Compute(IEnumerable<string> names, MetricInput input)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(input);
        var values = new Dictionary<string, double?>(StringComparer.Ordinal);
        var windows = new Dictionary<int, MetricWindow>();
        foreach (var name in names)
        {
            if (!TryParse(name, out var definition, out var days))
                throw new ArgumentException($"There is no metric \"{name}\"{(Suggest(name) is { } near ? $"; did you mean \"{near}\"?" : ".")}", nameof(names));
            if (!windows.TryGetValue(days ?? 0, out var window)) windows.Add(days ?? 0, window = MetricWindow.Of(input, days));
            values[name] = ReturnStatistics.Finite(definition.Evaluate?.Invoke(window));
        }

        return values;
    }

    private static (string Stat, int Days)? SplitWindow(string name)
    {
        foreach (var (suffix, days) in NamedWindows)
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal)) return (name[..^suffix.Length], days);
        }

        var mark = name.LastIndexOf('_');
        if (mark < 1 || name[^1] != 'd' || name.Length - mark < 3 || name[mark + 1] == '0') return null;
        return int.TryParse(name.AsSpan()[(mark + 1)..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n <= MaxWindowDays
            ? (name[..mark], n)
            : null;
    }

    private static string? Nearest(string text)
    {
        var limit = Math.Max(2, text.Length / 3);
        return ByName.Keys
            .Select(name => (name, Distance: EditDistance(text, name)))
            .Where(candidate => candidate.Distance <= limit && candidate.Distance < text.Length)
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.name, StringComparer.Ordinal)
            .Select(candidate => candidate.name)
            .FirstOrDefault();
    }

    // Levenshtein; swapped neighbours count as one edit.
    private static int EditDistance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var best = Math.Min(Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = Math.Min(best, rows[i - 2, j - 2] + 1);
                rows[i, j] = best;
            }
        }

        return rows[a.Length, b.Length];
    }
}
