using System.Globalization;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>How often one rule was seen at work.</summary>
internal sealed record RuleCount(string Rule, string Text)
{
    public int Passed { get; set; }

    public int Failed { get; set; }

    /// <summary>How often it was what decided about a strategy.</summary>
    public int Decisive { get; set; }

    public bool Covered => Passed > 0 && Failed > 0;
}

/// <summary>Counts which rules of a policy were seen passing and failing. Rules are listed even when nothing ever met them.</summary>
internal sealed class CoverageCounter
{
    private const string Hysteresis = "hysteresis";
    private const string TopK = "top_k";
    private const string Exposure = "exposure";
    private const string AnySector = "any sector";

    private readonly List<RuleCount> _rules = [];
    private readonly Dictionary<(string Rule, string Text), RuleCount> _index = [];

    public CoverageCounter(PolicyDocument policy)
    {
        if (policy.DataCurrency?.MaxLag is { } lag) Add("data_currency", $"data_currency.max_lag: {Durations.Format(lag)}");
        if (policy.DataCurrency?.MinHistory is { } history) Add("min_history", $"data_currency.min_history: {Durations.Format(history)}");
        foreach (var threshold in policy.Thresholds) AddLimits(threshold);
        AddGates(policy.Gates);
        if (policy.MaxCorrelation is { } max) Add("correlation", string.Create(CultureInfo.InvariantCulture, $"|correlation| <= {max:R}"));
        AddExposure(policy.Exposure);
        AddLimit("total", policy.TopK?.Total);
        AddLimit("long", policy.TopK?.Long);
        AddLimit("short", policy.TopK?.Short);
        AddHysteresis(policy);
    }

    /// <summary>In the order in which they are applied.</summary>
    public IReadOnlyList<RuleCount> Rules => _rules;

    /// <summary>Share of rules that were seen both passing and failing, 0 to 100.</summary>
    public double Percent => _rules.Count == 0 ? 100 : 100.0 * _rules.Count(rule => rule.Covered) / _rules.Count;

    /// <summary>Takes in an evaluation that began with <paramref name="before"/>.</summary>
    public void Add(PolicyOutcome outcome, IReadOnlyDictionary<string, StrategyState> before)
    {
        foreach (var verdict in outcome.Verdicts)
        {
            var reasons = verdict.Reasons;
            foreach (var node in reasons.SelectMany(Leaves)) Count(node, verdict.Side);
            CountTransition(verdict, before.GetValueOrDefault(verdict.StrategyId, StrategyState.New));
            foreach (var rule in Deciding(verdict, reasons).SelectMany(Find).Distinct()) rule.Decisive++;
        }

        if (outcome.Currency is { Outcome: not RuleOutcome.Pass } currency)
        {
            foreach (var rule in Find(currency)) rule.Decisive++;
        }
    }

    private void Count(ReasonNode node, StrategySide side)
    {
        if (node is { Rule: TopK or Exposure, Outcome: RuleOutcome.Pass })
        {
            // Room that was there was there by every limit that counts the strategy.
            foreach (var rule in _rules.Where(rule => string.Equals(rule.Rule, node.Rule, StringComparison.Ordinal) && Concerns(rule, side))) rule.Passed++;
            return;
        }

        foreach (var rule in Find(node))
        {
            if (node.Outcome == RuleOutcome.Pass) rule.Passed++;
            else rule.Failed++;
        }
    }

    /// <summary>Streaks leave no reason when they are long enough; the change itself is what shows it.</summary>
    private void CountTransition(StrategyVerdict verdict, StrategyState before)
    {
        if (verdict.Transition == Transition.None) return;
        var streak = verdict.Transition == Transition.Promote ? "promote_after:" : "demote_after:";
        foreach (var rule in _rules.Where(rule => rule.Rule is Hysteresis))
        {
            var passed = rule.Text.StartsWith(streak, StringComparison.Ordinal) || (before.Since is not null && rule.Text.StartsWith("min_dwell:", StringComparison.Ordinal));
            if (passed) rule.Passed++;
        }
    }

    /// <summary>The parts of the first reason that carries the verdict's code; of all that failed, where none carries it.</summary>
    private static IEnumerable<ReasonNode> Deciding(StrategyVerdict verdict, IReadOnlyList<ReasonNode> reasons)
    {
        if (verdict.Code is SelectionCodes.Selected) return [];
        var named = reasons.FirstOrDefault(reason => string.Equals(reason.Code, verdict.Code, StringComparison.Ordinal));
        ReasonNode[] roots = named is not null ? [named] : [.. reasons.Where(reason => reason.Outcome == RuleOutcome.Fail && reason.Rule is not "data_currency")];
        return roots.SelectMany(RuleResults.Decisive).SelectMany(Leaves);
    }

    private static IEnumerable<ReasonNode> Leaves(ReasonNode node) => node.Children.Count == 0 ? [node] : node.Children.SelectMany(Leaves);

    private IEnumerable<RuleCount> Find(ReasonNode node)
    {
        if (_index.TryGetValue((node.Rule, node.Text), out var exact)) return [exact];
        if (node.Rule is Exposure) return _rules.Where(rule => rule.Text.StartsWith(AnySector, StringComparison.Ordinal));
        // Some reasons say more than the rule does: whom it correlates with.
        return _rules.Where(rule => string.Equals(rule.Rule, node.Rule, StringComparison.Ordinal) && node.Text.StartsWith(rule.Text, StringComparison.Ordinal)).Take(1);
    }

    private static bool Concerns(RuleCount rule, StrategySide side)
    {
        var scope = rule.Text.Split(" <= ")[0];
        return scope switch { "long" or "gross long" => side.HasFlag(StrategySide.Long), "short" or "gross short" => side.HasFlag(StrategySide.Short), _ => true };
    }

    private void AddLimits(Threshold threshold)
    {
        if (threshold.Min is { } min) Add("threshold", new Gate.Comparison(threshold.Metric, threshold.Slot, ComparisonOperator.GreaterOrEqual, min).Text);
        if (threshold.Max is { } max) Add("threshold", new Gate.Comparison(threshold.Metric, threshold.Slot, ComparisonOperator.LessOrEqual, max).Text);
    }

    private void AddGates(Gate? gate)
    {
        switch (gate)
        {
            case Gate.And and: foreach (var part in and.Parts) AddGates(part); break;
            case Gate.Or or: foreach (var part in or.Parts) AddGates(part); break;
            case Gate.Not not: AddGates(not.Part); break;
            case Gate.Comparison comparison: Add("gate", comparison.Text); break;
        }
    }

    private void AddExposure(ExposurePolicy? exposure)
    {
        if (exposure is null) return;
        foreach (var (name, limit) in new[] { ("gross long", exposure.Long), ("gross short", exposure.Short), ("leverage", exposure.MaxLeverage), (AnySector, exposure.SectorCap) })
        {
            if (limit is { } value) Add(Exposure, string.Create(CultureInfo.InvariantCulture, $"{name} <= {value:R}"));
        }
    }

    private void AddLimit(string scope, int? limit)
    {
        if (limit is { } value) Add(TopK, string.Create(CultureInfo.InvariantCulture, $"{scope} <= {value}"));
    }

    private void AddHysteresis(PolicyDocument policy)
    {
        if (policy.Levels is { } levels)
        {
            Add(Hysteresis, string.Create(CultureInfo.InvariantCulture, $"{levels.Metric} >= {levels.Enter:R} to enter"));
            Add(Hysteresis, string.Create(CultureInfo.InvariantCulture, $"{levels.Metric} >= {levels.Exit:R} to stay"));
        }

        if (policy.Streaks is not { } streaks) return;
        // One evaluation is no streak: there is nothing to wait for, and nothing to see.
        if (streaks.PromoteAfter > 1) Add(Hysteresis, string.Create(CultureInfo.InvariantCulture, $"promote_after: {streaks.PromoteAfter}"));
        if (streaks.DemoteAfter > 1) Add(Hysteresis, string.Create(CultureInfo.InvariantCulture, $"demote_after: {streaks.DemoteAfter}"));
        if (streaks.MinDwell > TimeSpan.Zero) Add(Hysteresis, $"min_dwell: {Durations.Format(streaks.MinDwell)}");
    }

    private void Add(string rule, string text)
    {
        if (_index.ContainsKey((rule, text))) return;
        var count = new RuleCount(rule, text);
        _rules.Add(count);
        _index.Add((rule, text), count);
    }
}
