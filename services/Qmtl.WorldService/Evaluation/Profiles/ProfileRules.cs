using System.Globalization;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Layers;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation.Profiles;

/// <summary>A profile's limits as rules. Limits that block, and those on the sample, take part in the selection; softer ones only judge the run.</summary>
internal sealed class ProfileRules
{
    private readonly Group[] _groups;

    public ProfileRules(ValidationProfile profile)
    {
        Name = profile.Name;
        _groups =
        [
            new("sample", profile.Sample, profile.Sample is { } sample ? [Min("effective_history_years", sample.MinEffectiveYears), Min("trades", sample.MinTradesTotal)] : []),
            new("performance", profile.Performance, profile.Performance is { } performance ? [Min("sharpe", performance.SharpeMin), Max("max_dd", performance.MaxDdMax), Min("gain_to_pain", performance.GainToPainMin)] : []),
            new("robustness", profile.Robustness, profile.Robustness is { } robustness ? [Min("dsr", robustness.DsrMin), Max(CvSharpeGap, robustness.CvSharpeGapMax)] : []),
            new("risk_constraint", profile.Risk, profile.Risk is { } risk ? [Max("adv_utilization_p95", risk.AdvUtilizationP95Max), Max("participation_rate_p95", risk.ParticipationRateP95Max)] : []),
        ];
    }

    /// <summary>Distance of the Sharpe ratio from its mean over folds.</summary>
    public const string CvSharpeGap = "cv_sharpe_gap";

    public string Name { get; }

    /// <summary>Severity and owner that the profile gives to a rule; null where it leaves them.</summary>
    public (string? Severity, string? Owner) Of(string rule) =>
        Array.Find(_groups, group => string.Equals(group.Rule, rule, StringComparison.Ordinal)) is { Policy: { } policy } ? (policy.Severity, policy.Owner) : (null, null);

    /// <summary>The policy with the limits that decide about selection among its thresholds.</summary>
    public PolicyDocument AddTo(PolicyDocument policy)
    {
        var slots = new MetricSlots();
        foreach (var name in policy.Slots.Names) slots.Add(name);
        var thresholds = policy.Thresholds.ToList();
        foreach (var group in _groups.Where(Selects))
        {
            thresholds.AddRange(group.Limits.Where(limit => limit.Value is not null)
                .Select(limit => new Threshold($"{Name}.{group.Rule}.{limit.Metric}", limit.Metric, slots.Add(limit.Metric), limit.IsMax ? null : limit.Value, limit.IsMax ? limit.Value : null)));
        }

        return policy with { Thresholds = thresholds, Slots = slots };
    }

    /// <summary>What the limits that take no part in the selection say of a strategy.</summary>
    public IEnumerable<ReasonNode> Check(IReadOnlyDictionary<string, double> metrics, ValidationPolicy validation) =>
        _groups.Where(group => !Selects(group)).SelectMany(group => group.Limits).Where(limit => limit.Value is not null).Select(limit => Explain(limit, metrics, validation));

    // Too small a sample says nothing in either direction, so it holds a strategy where it is whatever its severity.
    private static bool Selects(Group group) => group.Rule is "sample" || (group.Policy?.Severity ?? (group.Rule is "robustness" ? "soft" : "blocking")) is "blocking";

    private static ReasonNode Explain(Limit limit, IReadOnlyDictionary<string, double> metrics, ValidationPolicy validation)
    {
        var threshold = limit.Value!.Value;
        var text = string.Create(CultureInfo.InvariantCulture, $"{limit.Metric} {(limit.IsMax ? "<=" : ">=")} {threshold:R}");
        if (!metrics.TryGetValue(limit.Metric, out var value) || !double.IsFinite(value))
        {
            var missing = validation.OnMissing switch { MissingMetric.Fail => RuleOutcome.Fail, MissingMetric.Warn => RuleOutcome.Warn, _ => RuleOutcome.Pass };
            return new ReasonNode("threshold", text, missing, SelectionCodes.MetricMissing, limit.Metric, threshold: threshold);
        }

        var distance = limit.IsMax ? threshold - value : value - threshold;
        return distance >= 0
            ? new ReasonNode("threshold", text, RuleOutcome.Pass, null, limit.Metric, value, threshold, distance)
            : new ReasonNode("threshold", text, RuleOutcome.Fail, limit.IsMax ? SelectionCodes.AboveMax : SelectionCodes.BelowMin, limit.Metric, value, threshold, distance);
    }

    private static Limit Min(string metric, double? value) => new(metric, value, IsMax: false);

    private static Limit Max(string metric, double? value) => new(metric, value, IsMax: true);

    private sealed record Group(string Rule, RulePolicy? Policy, Limit[] Limits);

    private readonly record struct Limit(string Metric, double? Value, bool IsMax);
}
