using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>The rules of a policy that look at one candidate alone, in the form in which they are applied.</summary>
internal sealed class SelectionRules
{
    public SelectionRules(PolicyDocument policy)
    {
        Policy = policy;
        Limits = [.. policy.Thresholds.SelectMany(Of)];
        Gate[] gates = [.. Limits.Select(limit => limit.Limit), .. policy.Gates is null ? Array.Empty<Gate>() : [policy.Gates]];
        Sample = gates.Length == 0 ? null : new Gate.And(gates);
        OnMissing = policy.Validation.OnMissing switch
        {
            MissingMetric.Fail => RuleOutcome.Fail,
            MissingMetric.Warn => RuleOutcome.Warn,
            _ => RuleOutcome.Pass,
        };
        OnError = policy.Validation.Fail ? RuleOutcome.Fail : RuleOutcome.Warn;
    }

    public PolicyDocument Policy { get; }

    /// <summary>Both sides of every threshold, with the code of a value beyond it.</summary>
    public (Gate.Comparison Limit, string Code)[] Limits { get; }

    /// <summary>All rules together, for asking what the sample alone says; null without rules.</summary>
    public Gate.And? Sample { get; }

    /// <summary>What a rule says whose metric is missing.</summary>
    public RuleOutcome OnMissing { get; }

    /// <summary>What a rule says that cannot be computed.</summary>
    public RuleOutcome OnError { get; }

    private static IEnumerable<(Gate.Comparison Limit, string Code)> Of(Threshold threshold)
    {
        if (threshold.Min is { } min) yield return (new(threshold.Metric, threshold.Slot, ComparisonOperator.GreaterOrEqual, min), SelectionCodes.BelowMin);
        if (threshold.Max is { } max) yield return (new(threshold.Metric, threshold.Slot, ComparisonOperator.LessOrEqual, max), SelectionCodes.AboveMax);
    }
}
