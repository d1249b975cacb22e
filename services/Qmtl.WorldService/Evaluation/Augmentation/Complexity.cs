namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>How much freedom a strategy had to fit its data. Pure.</summary>
internal static class Complexity
{
    /// <summary>Metric under which the number of trials is reported.</summary>
    public const string SearchIntensity = "search_intensity";

    private const string Group = "diagnostics.";

    private static readonly (string Name, double Weight)[] Weights =
    [
        ("n_features", 0.2), ("feature_dim", 0.2), ("n_parameters", 0.2), ("code_cc", 0.1), ("nodes", 0.1),
    ];

    /// <summary>1 + ln(1 + trials) + Σ weight·ln(1 + x) over features, their dimension, parameters (0.2 each), branches of the code and nodes (0.1 each). Null when nothing of it was reported.</summary>
    public static double? Score(IReadOnlyDictionary<string, double> metrics)
    {
        var score = 1.0;
        var reported = false;
        if (Find(metrics, SearchIntensity) is { } trials)
        {
            score += Math.Log(1 + trials);
            reported = true;
        }

        foreach (var (name, weight) in Weights)
        {
            if (Find(metrics, name) is not { } count) continue;
            score += weight * Math.Log(1 + count);
            reported = true;
        }

        return reported ? score : null;
    }

    /// <summary>Whether anything that <see cref="Score"/> reads is among the names.</summary>
    public static bool IsReportedIn(IReadOnlyDictionary<string, double> metrics) => Weights.Select(weight => weight.Name).Append(SearchIntensity).Any(name => metrics.ContainsKey(name) || metrics.ContainsKey(Group + name));

    /// <summary>The number of trials, at least 1.</summary>
    public static int Trials(IReadOnlyDictionary<string, double>? metrics) => metrics is not null && Reported(metrics) is { } trials ? Math.Max(trials, 1) : 1;

    /// <summary>The number of trials as reported; null when it was not.</summary>
    public static int? Reported(IReadOnlyDictionary<string, double> metrics) => Find(metrics, SearchIntensity) is { } trials ? (int)Math.Min(trials, int.MaxValue) : null;

    // With its group and without it: producers report either.
    private static double? Find(IReadOnlyDictionary<string, double> metrics, string name) =>
        (metrics.TryGetValue(name, out var value) || metrics.TryGetValue(Group + name, out value)) && value >= 0 && double.IsFinite(value) ? value : null;
}
