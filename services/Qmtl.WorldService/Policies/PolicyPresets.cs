using System.Globalization;
using System.Text.Json.Nodes;
using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies;

/// <summary>Named starting points: each is an ordinary policy, from loose to strict.</summary>
internal static class PolicyPresets
{
    /// <summary>Counts up whenever a preset's content changes, so that a stored policy says which it came from.</summary>
    public const string Version = "1";

    private static readonly SortedDictionary<string, Preset> All = new(StringComparer.Ordinal)
    {
        ["sandbox"] = new(10, null, null, null, []),
        ["conservative"] = new(3, 0.5, 1.0, 0.8, [new("sharpe", 1.0, null), new("max_dd", null, 0.15), new("winrate", 0.55, null), new("profit_factor", 1.5, null)]),
        ["moderate"] = new(5, 0.7, 0.7, 0.5, [new("sharpe", 0.7, null), new("max_dd", null, 0.25), new("winrate", 0.50, null), new("profit_factor", 1.2, null)]),
        ["aggressive"] = new(8, 0.85, 0.5, 0.3, [new("sharpe", 0.5, null), new("max_dd", null, 0.40), new("profit_factor", 1.0, null)]),
    };

    public static IReadOnlyCollection<string> Names => All.Keys;

    /// <summary>The preset as a document, its limits adjusted by <c>metric.min</c> and <c>metric.max</c> overrides.</summary>
    public static JsonObject? Compile(string name, string pointer, IReadOnlyDictionary<string, double> overrides, ProblemList problems)
    {
        if (!All.TryGetValue(name, out var preset))
        {
            problems.Invalid(pointer, $"unknown preset '{name}', known are {string.Join(", ", Names)}" + Nearest.Hint(name, Names));
            return null;
        }

        var limits = new SortedDictionary<string, Limit>(StringComparer.Ordinal);
        foreach (var limit in preset.Limits) limits[limit.Metric] = limit;
        foreach (var (key, value) in overrides) Adjust(limits, key, value, problems);

        var document = new JsonObject { ["top_k"] = new JsonObject { ["metric"] = "sharpe", ["k"] = preset.TopK } };
        if (limits.Count > 0) document["thresholds"] = new JsonObject(limits.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value.ToJson())));
        if (preset.Correlation is { } correlation) document["correlation"] = new JsonObject { ["max"] = correlation };
        if (preset.Enter is { } enter) document["hysteresis"] = new JsonObject { ["metric"] = "sharpe", ["enter"] = enter, ["exit"] = preset.Exit };
        return document;
    }

    private static void Adjust(SortedDictionary<string, Limit> limits, string key, double value, ProblemList problems)
    {
        var pointer = JsonPointer.Child("/preset_overrides", key);
        var dot = key.LastIndexOf('.');
        if (dot <= 0 || key[(dot + 1)..] is not ("min" or "max"))
        {
            problems.Invalid(pointer, $"an override is named '<metric>.min' or '<metric>.max', was '{key}'");
            return;
        }

        if (!double.IsFinite(value))
        {
            problems.Invalid(pointer, string.Create(CultureInfo.InvariantCulture, $"{key} must be a finite number"));
            return;
        }

        var metric = key[..dot];
        var limit = limits.GetValueOrDefault(metric) ?? new Limit(metric, null, null);
        limits[metric] = key.EndsWith(".min", StringComparison.Ordinal) ? limit with { Min = value } : limit with { Max = value };
    }

    private sealed record Preset(int TopK, double? Correlation, double? Enter, double? Exit, IReadOnlyList<Limit> Limits);

    private sealed record Limit(string Metric, double? Min, double? Max)
    {
        public JsonObject ToJson()
        {
            var json = new JsonObject { ["metric"] = Metric };
            if (Min is { } min) json["min"] = min;
            if (Max is { } max) json["max"] = max;
            return json;
        }
    }
}
