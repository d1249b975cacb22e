using System.Globalization;

namespace Qmtl.WorldService.Policies.Selection;

internal enum RuleOutcome
{
    Pass,
    Warn,
    Fail,
}

/// <summary>How a reason's parts make it what it is.</summary>
internal enum ReasonGroup
{
    /// <summary>It has no parts.</summary>
    None,

    /// <summary>All of them must hold.</summary>
    All,

    /// <summary>One of them must hold.</summary>
    Any,

    /// <summary>Its only part must not hold.</summary>
    Not,
}

/// <summary>A rule as reasons refer to it: the same for every strategy, so that a reason holds little of its own.</summary>
/// <param name="Kind">The kind of rule: data_currency, min_history, threshold, gate, score, correlation, exposure, top_k, hysteresis.</param>
/// <param name="Text">The rule as the policy states it.</param>
/// <param name="Metric">What it measures; null where it measures nothing.</param>
/// <param name="Threshold">What it holds the metric against; NaN without.</param>
internal sealed record ReasonRule(string Kind, string Text, string? Metric = null, double Threshold = double.NaN);

/// <summary>One step of the reasoning: what was asked, what was found, how far it is from passing. Immutable.</summary>
/// <param name="rule">What was asked.</param>
/// <param name="outcome">What came of it.</param>
/// <param name="code">Why it did not simply pass; null when it did.</param>
/// <param name="value">What the metric was; NaN when unknown.</param>
/// <param name="distance">Signed: what is to spare when positive, what is lacking when negative; NaN without.</param>
internal sealed class ReasonNode(ReasonRule rule, RuleOutcome outcome, string? code = null, double value = double.NaN, double distance = double.NaN)
{
    private readonly string? _needed;

    /// <summary>A reason whose rule is stated with it.</summary>
    public ReasonNode(
        string kind,
        string text,
        RuleOutcome outcome,
        string? code = null,
        string? metric = null,
        double value = double.NaN,
        double threshold = double.NaN,
        double distance = double.NaN)
        : this(new ReasonRule(kind, text, metric, threshold), outcome, code, value, distance)
    {
    }

    /// <summary>The kind of rule.</summary>
    public string Rule => rule.Kind;

    /// <summary>The rule as the policy states it.</summary>
    public string Text => rule.Text;

    public RuleOutcome Outcome => outcome;

    /// <summary>Why it did not simply pass; null when it did.</summary>
    public string? Code => code;

    public string? Metric => rule.Metric;

    public double? Value => Known(value);

    public double? Threshold => Known(rule.Threshold);

    public double? Distance => Known(distance);

    /// <summary>The parts of a group of rules, in the order of the policy.</summary>
    public IReadOnlyList<ReasonNode> Children { get; init; } = [];

    public ReasonGroup Group { get; init; }

    /// <summary>
    /// What would have passed, in words: the limit and how far it is, of several alternatives the nearest. Null when it passed.
    /// Put together when it is asked for, since most reasons are never read.
    /// </summary>
    public string? Needed
    {
        get => outcome == RuleOutcome.Pass ? null : _needed ?? Group switch
        {
            ReasonGroup.All => string.Join(" and ", Children.Where(child => child.Outcome != RuleOutcome.Pass).Select(child => child.Needed)),
            ReasonGroup.Any => Children.MinBy(child => child.Shortfall())!.Needed,
            ReasonGroup.Not => Text,
            _ => Limit(),
        };
        init => _needed = value;
    }

    /// <summary>
    /// How far from passing, relative to the limit so that metrics of different sizes compare: 0 when it passed, infinite when a
    /// metric is missing.
    /// </summary>
    public double Shortfall()
    {
        if (outcome == RuleOutcome.Pass) return 0;
        switch (Group)
        {
            case ReasonGroup.All: return Children.Max(child => child.Shortfall());
            case ReasonGroup.Any: return Children.Min(child => child.Shortfall());
            case ReasonGroup.Not: return Children[0].Margin();
            default:
                if (double.IsNaN(distance)) return double.PositiveInfinity;
                return Math.Abs(distance) / Scale();
        }
    }

    public override string ToString() => $"{Rule}: {Text}: {outcome}";

    private static double? Known(double number) => double.IsNaN(number) ? null : number;

    // How far a part that passes is from failing; of a group nobody can say, so another way is nearer.
    private double Margin() => Group == ReasonGroup.None && !double.IsNaN(distance) ? Math.Abs(distance) / Scale() : double.MaxValue;

    private double Scale() => rule.Threshold is 0 or double.NaN ? 1 : Math.Abs(rule.Threshold);

    private string Limit()
    {
        if (Metric is null) return Text;
        if (double.IsNaN(value)) return $"{Text} ({Metric} is not known)";
        return distance < 0 && Threshold is { } threshold
            ? string.Create(CultureInfo.InvariantCulture, $"{Text} ({Metric} was {value:G6}: {Math.Abs(distance):G6} {(value < threshold ? "more" : "less")})")
            : Text;
    }
}
