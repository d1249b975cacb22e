using System.Globalization;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>The stages that compare candidates with each other: ranking, correlation, top-k, and the level form of hysteresis.</summary>
internal static class ConstraintStage
{
    /// <summary>Best score first, the unrated last, equals by id; gives each its rank.</summary>
    public static List<CandidateTrace> Rank(IReadOnlyList<CandidateTrace> traces, bool rated)
    {
        var ranked = traces.Where(trace => trace.Selected).ToList();
        if (rated)
        {
            ranked.Sort(static (a, b) =>
            {
                var byScore = (b.Score ?? double.NegativeInfinity).CompareTo(a.Score ?? double.NegativeInfinity);
                return byScore != 0 ? byScore : a.Index.CompareTo(b.Index);
            });
        }

        for (var i = 0; i < ranked.Count; i++) ranked[i].Rank = i + 1;
        return ranked;
    }

    /// <summary>
    /// Greedy by rank: each candidate that stays shuts out those it conflicts with. Costs one visit of each conflicting pair.
    /// </summary>
    public static void Correlation(IReadOnlyList<CandidateTrace> all, IReadOnlyList<CandidateTrace> ranked, ConflictGraph conflicts, double? limit)
    {
        if (limit is not { } max) return;
        var blockedBy = new (string Other, double Value)?[all.Count];
        foreach (var held in all.Where(trace => trace.Held && trace.Prior.Active)) Block(held, all, conflicts, blockedBy);
        var text = string.Create(CultureInfo.InvariantCulture, $"|correlation| <= {max:R}");
        foreach (var trace in ranked)
        {
            if (blockedBy[trace.Index] is { } block)
            {
                trace.Reject(new ReasonNode("correlation", $"{text} with {block.Other}", RuleOutcome.Fail, SelectionCodes.CorrelationExceeded,
                    "correlation", block.Value, max, max - Math.Abs(block.Value)));
                continue;
            }

            trace.Note(new ReasonNode("correlation", text, RuleOutcome.Pass, Threshold: max));
            Block(trace, all, conflicts, blockedBy);
        }
    }

    /// <summary>By side, then in total. Incumbents that keep their place for want of evidence use up their slots first.</summary>
    public static void TopK(IReadOnlyList<CandidateTrace> all, IReadOnlyList<CandidateTrace> ranked, TopKPolicy? limits)
    {
        if (limits is null) return;
        var slots = new SlotCounter(limits);
        foreach (var held in all.Where(trace => trace.Held && trace.Prior.Active)) slots.Take(held.Candidate.Side);
        foreach (var trace in ranked.Where(trace => trace.Selected))
        {
            if (slots.Refuses(trace.Candidate.Side) is { } refusal)
            {
                trace.Reject(new ReasonNode("top_k", refusal.Text, RuleOutcome.Fail, refusal.Code, "rank", trace.Rank, refusal.Limit));
                continue;
            }

            slots.Take(trace.Candidate.Side);
            trace.Note(new ReasonNode("top_k", slots.Text, RuleOutcome.Pass, null, "rank", trace.Rank));
        }
    }

    public static void Levels(IReadOnlyList<CandidateTrace> ranked, LevelHysteresis? levels, ValidationPolicy validation, Func<CandidateTrace, double> valueOf)
    {
        if (levels is null) return;
        foreach (var trace in ranked.Where(trace => trace.Selected))
        {
            var value = valueOf(trace);
            var level = trace.Prior.Active ? levels.Exit : levels.Enter;
            var text = string.Create(CultureInfo.InvariantCulture, $"{levels.Metric} >= {level:R} to {(trace.Prior.Active ? "stay" : "enter")}");
            if (double.IsNaN(value))
            {
                var missing = new ReasonNode("hysteresis", text, MissingOutcome(validation), SelectionCodes.MetricMissing, levels.Metric, null, level);
                if (missing.Outcome == RuleOutcome.Fail) trace.Reject(missing);
                else trace.Note(missing);
            }
            else if (value >= level) trace.Note(new ReasonNode("hysteresis", text, RuleOutcome.Pass, null, levels.Metric, value, level, value - level));
            else
            {
                var code = trace.Prior.Active ? SelectionCodes.BelowExit : SelectionCodes.BelowEnter;
                trace.Reject(new ReasonNode("hysteresis", text, RuleOutcome.Fail, code, levels.Metric, value, level, value - level));
            }
        }
    }

    private static RuleOutcome MissingOutcome(ValidationPolicy validation) => validation.OnMissing switch
    {
        MissingMetric.Fail => RuleOutcome.Fail,
        MissingMetric.Warn => RuleOutcome.Warn,
        _ => RuleOutcome.Pass,
    };

    private static void Block(CandidateTrace keeper, IReadOnlyList<CandidateTrace> all, ConflictGraph conflicts, (string Other, double Value)?[] blockedBy)
    {
        foreach (var (other, value) in conflicts.Of(keeper.Index))
        {
            if (blockedBy[other] is null && !ReferenceEquals(all[other], keeper)) blockedBy[other] = (keeper.Candidate.StrategyId, value);
        }
    }
}

/// <summary>The pairs whose correlation is above the limit, by candidate.</summary>
internal sealed class ConflictGraph
{
    private readonly Dictionary<int, List<(int Other, double Value)>> _conflicts = [];

    public ConflictGraph(IReadOnlyList<CandidateTrace> traces, IReadOnlyList<PairCorrelation> pairs, double? limit)
    {
        if (limit is null || pairs.Count == 0) return;
        var index = traces.ToDictionary(trace => trace.Candidate.StrategyId, trace => trace.Index, StringComparer.Ordinal);
        foreach (var (first, second, value) in pairs)
        {
            if (!(Math.Abs(value) > limit) || !index.TryGetValue(first, out var a) || !index.TryGetValue(second, out var b) || a == b) continue;
            Add(a, b, value);
            Add(b, a, value);
        }

        // Pairs arrive in any order; what a reason names must not depend on it.
        foreach (var list in _conflicts.Values) list.Sort();
    }

    public IReadOnlyList<(int Other, double Value)> Of(int index) => _conflicts.TryGetValue(index, out var list) ? list : [];

    private void Add(int from, int to, double value)
    {
        if (!_conflicts.TryGetValue(from, out var list)) _conflicts.Add(from, list = []);
        list.Add((to, value));
    }
}

/// <summary>Counts the places taken against the limits.</summary>
internal sealed class SlotCounter(TopKPolicy limits)
{
    private int _total;
    private int _long;
    private int _short;

    public string Text { get; } = string.Join(", ", new[] { ("total", limits.Total), ("long", limits.Long), ("short", limits.Short) }
        .Where(limit => limit.Item2 is not null).Select(limit => string.Create(CultureInfo.InvariantCulture, $"{limit.Item1} <= {limit.Item2}")));

    public (string Text, string Code, int Limit)? Refuses(StrategySide side)
    {
        if (side.HasFlag(StrategySide.Long) && _long >= limits.Long) return Refusal("long", limits.Long.Value, SelectionCodes.SideLimitExceeded);
        if (side.HasFlag(StrategySide.Short) && _short >= limits.Short) return Refusal("short", limits.Short.Value, SelectionCodes.SideLimitExceeded);
        return _total >= limits.Total ? Refusal("total", limits.Total.Value, SelectionCodes.TopKExceeded) : null;
    }

    public void Take(StrategySide side)
    {
        _total++;
        if (side.HasFlag(StrategySide.Long)) _long++;
        if (side.HasFlag(StrategySide.Short)) _short++;
    }

    private static (string Text, string Code, int Limit) Refusal(string scope, int limit, string code) =>
        (string.Create(CultureInfo.InvariantCulture, $"{scope} <= {limit}"), code, limit);
}
