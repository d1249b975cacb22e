using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>The stages that look at one candidate alone: data currency, history, thresholds, gates, score.</summary>
internal sealed class EligibilityStage
{
    private readonly PolicyDocument _policy;
    private readonly DateTimeOffset _now;
    private readonly (Gate.Comparison Limit, string Code)[] _limits;
    private readonly Gate.And? _sampleGate;
    private readonly string _rankingText;

    public EligibilityStage(PolicyDocument policy, DateTimeOffset now)
    {
        _policy = policy;
        _now = now;
        _limits = [.. policy.Thresholds.SelectMany(Limits)];
        Gate[] gates = [.. _limits.Select(limit => limit.Limit), .. policy.Gates is null ? Array.Empty<Gate>() : [policy.Gates]];
        _sampleGate = gates.Length == 0 ? null : new Gate.And(gates);
        _rankingText = policy.Ranking?.ToString() ?? "";
    }

    public void Run(CandidateTrace trace, ReadOnlySpan<double> row)
    {
        CheckCurrency(trace);
        CheckHistory(trace);
        foreach (var (limit, code) in _limits)
        {
            var node = Explain(limit, row, "threshold", code);
            trace.Note(node);
            if (node.Outcome == RuleOutcome.Fail) trace.Reject(node.Code!);
        }

        if (_policy.Gates is { } gates)
        {
            var node = Explain(gates, row, "gate", SelectionCodes.ComparisonFailed);
            trace.Note(node);
            if (node.Outcome == RuleOutcome.Fail) trace.Reject(SelectionCodes.GateFailed);
        }

        // Too small a sample says nothing in either direction: the strategy keeps its place until there is evidence.
        if (!trace.Selected && _sampleGate?.HoldsForSampleAlone(row) == false) trace.Hold(SelectionCodes.SampleInsufficient);
        if (trace.Selected) Rate(trace, row);
    }

    private void CheckCurrency(CandidateTrace trace)
    {
        if (_policy.DataCurrency?.MaxLag is not { } maxLag) return;
        var text = $"data_currency.max_lag: {Durations.Format(maxLag)}";
        if (trace.Candidate.DataEnd is not { } end)
        {
            trace.Note(new ReasonNode("data_currency", text, RuleOutcome.Fail, SelectionCodes.DataEndUnknown, "data_lag_seconds", Threshold: maxLag.TotalSeconds));
            return;
        }

        // Old data does not reject the strategy: the world as a whole stays compute-only until the data has caught up.
        var lag = (_now - end).TotalSeconds;
        var late = lag > maxLag.TotalSeconds;
        trace.Note(new ReasonNode("data_currency", text, late ? RuleOutcome.Fail : RuleOutcome.Pass, late ? SelectionCodes.DataCurrencyLag : null,
            "data_lag_seconds", lag, maxLag.TotalSeconds, maxLag.TotalSeconds - lag));
    }

    private void CheckHistory(CandidateTrace trace)
    {
        if (_policy.DataCurrency?.MinHistory is not { } minimum) return;
        var days = trace.Candidate.History?.TotalDays;
        var enough = days >= minimum.TotalDays;
        trace.Note(new ReasonNode("min_history", $"data_currency.min_history: {Durations.Format(minimum)}", enough ? RuleOutcome.Pass : RuleOutcome.Warn,
            enough ? null : SelectionCodes.MinHistoryPending, "history_days", days, minimum.TotalDays, days - minimum.TotalDays));
        if (!enough) trace.Hold(SelectionCodes.MinHistoryPending);
    }

    private void Rate(CandidateTrace trace, ReadOnlySpan<double> row)
    {
        if (_policy.Ranking is not { } ranking) return;
        var score = ranking.Evaluate(row);
        if (double.IsFinite(score))
        {
            trace.Score = score;
            trace.Note(new ReasonNode("score", _rankingText, RuleOutcome.Pass, Value: score));
            return;
        }

        // NaN comes of a metric that is missing; infinity, and a root or logarithm out of range, of one that is not.
        var outcome = MissesMetric(ranking, row) ? OnMissing() : _policy.Validation.Fail ? RuleOutcome.Fail : RuleOutcome.Warn;
        var node = new ReasonNode("score", _rankingText, outcome, SelectionCodes.ScoreUndefined);
        if (outcome == RuleOutcome.Fail) trace.Reject(node);
        else trace.Note(node);
    }

    private static bool MissesMetric(Expression expression, ReadOnlySpan<double> row)
    {
        switch (expression)
        {
            case Expression.Metric metric: return double.IsNaN(row[metric.Slot]);
            case Expression.Negation negation: return MissesMetric(negation.Operand, row);
            case Expression.Binary binary: return MissesMetric(binary.Left, row) || MissesMetric(binary.Right, row);
            case Expression.Conditional choice:
                return MissesMetric(choice.Left, row) || MissesMetric(choice.Right, row) || MissesMetric(choice.Then, row) || MissesMetric(choice.Else, row);
            case Expression.Call call:
                foreach (var argument in call.Arguments)
                {
                    if (MissesMetric(argument, row)) return true;
                }

                return false;
            default: return false;
        }
    }

    private ReasonNode Explain(Gate gate, ReadOnlySpan<double> row, string rule, string code)
    {
        if (gate is Gate.Comparison comparison) return Explain(comparison, row, rule, code);
        IReadOnlyList<Gate> parts = gate switch
        {
            Gate.And and => and.Parts,
            Gate.Or or => or.Parts,
            _ => [((Gate.Not)gate).Part],
        };
        var children = new ReasonNode[parts.Count];
        for (var i = 0; i < children.Length; i++) children[i] = Explain(parts[i], row, rule, code);
        var outcome = gate.Holds(row) switch { true => RuleOutcome.Pass, false => RuleOutcome.Fail, null => OnMissing() };
        return new ReasonNode(rule, gate.Text, outcome, outcome == RuleOutcome.Pass ? null : SelectionCodes.GateFailed) { Children = children };
    }

    private ReasonNode Explain(Gate.Comparison comparison, ReadOnlySpan<double> row, string rule, string code)
    {
        var value = row[comparison.Slot];
        if (double.IsNaN(value))
        {
            return new ReasonNode(rule, comparison.Text, OnMissing(), SelectionCodes.MetricMissing, comparison.Metric, null, comparison.Threshold);
        }

        var passed = comparison.Operator.Holds(value, comparison.Threshold);
        return new ReasonNode(rule, comparison.Text, passed ? RuleOutcome.Pass : RuleOutcome.Fail, passed ? null : code,
            comparison.Metric, value, comparison.Threshold, comparison.Operator.Distance(value, comparison.Threshold));
    }

    private RuleOutcome OnMissing() => _policy.Validation.OnMissing switch
    {
        MissingMetric.Fail => RuleOutcome.Fail,
        MissingMetric.Warn => RuleOutcome.Warn,
        _ => RuleOutcome.Pass,
    };

    private static IEnumerable<(Gate.Comparison Limit, string Code)> Limits(Threshold threshold)
    {
        if (threshold.Min is { } min) yield return (new(threshold.Metric, threshold.Slot, ComparisonOperator.GreaterOrEqual, min), SelectionCodes.BelowMin);
        if (threshold.Max is { } max) yield return (new(threshold.Metric, threshold.Slot, ComparisonOperator.LessOrEqual, max), SelectionCodes.AboveMax);
    }
}
