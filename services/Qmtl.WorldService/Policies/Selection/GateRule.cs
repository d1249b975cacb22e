using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>A gate and the rule that its reasons refer to, made once for all strategies.</summary>
internal sealed class GateRule
{
    private readonly Gate _gate;
    private readonly ReasonRule _rule;
    private readonly ReasonGroup _group;
    private readonly string _code;
    private readonly string? _opposite;
    private readonly GateRule[] _parts;

    private GateRule(Gate gate, string kind, string code, ReasonGroup group, IReadOnlyList<Gate> parts)
    {
        _gate = gate;
        _rule = gate is Gate.Comparison comparison ? new ReasonRule(kind, gate.Text, comparison.Metric, comparison.Threshold) : new ReasonRule(kind, gate.Text);
        _code = code;
        _group = group;
        _opposite = (gate as Gate.Not)?.Opposite;
        _parts = [.. parts.Select(Of)];
    }

    public static GateRule Of(Gate gate) => gate switch
    {
        Gate.And and => new GateRule(gate, "gate", SelectionCodes.GateFailed, ReasonGroup.All, and.Parts),
        Gate.Or or => new GateRule(gate, "gate", SelectionCodes.GateFailed, ReasonGroup.Any, or.Parts),
        Gate.Not not => new GateRule(gate, "gate", SelectionCodes.GateFailed, ReasonGroup.Not, [not.Part]),
        _ => new GateRule(gate, "gate", SelectionCodes.ComparisonFailed, ReasonGroup.None, []),
    };

    /// <summary>One side of a threshold.</summary>
    public static GateRule Of(Gate.Comparison limit, string code) => new(limit, "threshold", code, ReasonGroup.None, []);

    public ReasonNode Tell(ReadOnlySpan<double> row, RuleOutcome onMissing) =>
        _gate is Gate.Comparison comparison ? Compare(comparison, row[comparison.Slot], onMissing) : Combine(row, onMissing);

    private ReasonNode Compare(Gate.Comparison comparison, double value, RuleOutcome onMissing)
    {
        if (double.IsNaN(value)) return new ReasonNode(_rule, onMissing, SelectionCodes.MetricMissing);
        var passed = comparison.Operator.Holds(value, comparison.Threshold);
        return new ReasonNode(_rule, passed ? RuleOutcome.Pass : RuleOutcome.Fail, passed ? null : _code, value, comparison.Operator.Distance(value, comparison.Threshold));
    }

    private ReasonNode Combine(ReadOnlySpan<double> row, RuleOutcome onMissing)
    {
        var children = new ReasonNode[_parts.Length];
        for (var i = 0; i < children.Length; i++) children[i] = _parts[i].Tell(row, onMissing);
        var outcome = _gate.Holds(row) switch { true => RuleOutcome.Pass, false => RuleOutcome.Fail, null => onMissing };
        return new ReasonNode(_rule, outcome, outcome == RuleOutcome.Pass ? null : _code) { Group = _group, Needed = _opposite, Children = children };
    }
}
