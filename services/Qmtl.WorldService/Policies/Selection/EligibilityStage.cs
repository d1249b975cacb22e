using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>The stages that look at one candidate alone: history, thresholds, gates, score.</summary>
internal static class EligibilityStage
{
    public static void Run(SelectionRules rules, CandidateTrace trace, ReadOnlySpan<double> row)
    {
        if (rules.Policy.DataCurrency?.MinHistory is { } minimum && !(trace.Candidate.History >= minimum)) trace.Hold(SelectionCodes.MinHistoryPending);
        foreach (var (limit, code) in rules.Limits)
        {
            var value = row[limit.Slot];
            if (limit.Operator.Holds(value, limit.Threshold)) continue;
            if (!double.IsNaN(value)) trace.Reject(code);
            else if (rules.OnMissing == RuleOutcome.Fail) trace.Reject(SelectionCodes.MetricMissing);
        }

        if (rules.Policy.Gates is { } gates && Fails(gates.Holds(row), rules)) trace.Reject(SelectionCodes.GateFailed);

        // Too small a sample says nothing in either direction: the strategy keeps its place until there is evidence.
        if (!trace.Selected && rules.Sample?.HoldsForSampleAlone(row) == false) trace.Hold(SelectionCodes.SampleInsufficient);
        if (trace.Selected) Rate(rules, trace, row);
    }

    /// <summary>What is said of a score that is not a number: one of a missing metric, or of arithmetic out of range.</summary>
    public static RuleOutcome Undefined(SelectionRules rules, Expression ranking, ReadOnlySpan<double> row) => MissesMetric(ranking, row) ? rules.OnMissing : rules.OnError;

    private static bool Fails(bool? holds, SelectionRules rules) => holds == false || (holds is null && rules.OnMissing == RuleOutcome.Fail);

    private static void Rate(SelectionRules rules, CandidateTrace trace, ReadOnlySpan<double> row)
    {
        if (rules.Policy.Ranking is not { } ranking) return;
        trace.Rated = true;
        var score = ranking.Evaluate(row);
        if (double.IsFinite(score)) trace.Score = score;
        else if (Undefined(rules, ranking, row) == RuleOutcome.Fail) trace.Reject(SelectionCodes.ScoreUndefined);
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
}
