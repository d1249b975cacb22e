using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.WorldService.Apply.Gating;

/// <summary>What the conditions of a gating policy are held against, as it stands in the transaction.</summary>
/// <param name="Fingerprint">Of the data the world was judged on last; null when nobody reported any.</param>
/// <param name="CrossContextHits">Caches hit across contexts, as reported by the strategies of the world.</param>
/// <param name="Risk">Measures of the newest risk snapshot that is still fresh; null without one.</param>
/// <param name="Moving">The strategies that change domain, with the stage each stands at.</param>
/// <param name="Paper">Newest metrics measured on paper, by strategy.</param>
/// <param name="Backtest">Newest metrics measured on history, by strategy.</param>
internal sealed record GatingFacts(
    string? Fingerprint,
    long CrossContextHits,
    IReadOnlyDictionary<string, double>? Risk,
    IReadOnlyDictionary<string, string> Moving,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Paper,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Backtest);

/// <summary>Whether the conditions of a gating policy hold. What cannot be measured does not hold. Pure.</summary>
internal static class GatingConditions
{
    private const string Root = "/gating_policy/";

    /// <summary>Refuses where a condition does not hold.</summary>
    /// <exception cref="RefusalException">The first kind of condition that does not hold, with everything wrong of that kind.</exception>
    public static void Check(GatingPlan plan, GatingFacts facts, DateTimeOffset now)
    {
        if (now < plan.NotBefore) throw Closed("promotion_point", string.Create(CultureInfo.InvariantCulture, $"is {plan.NotBefore:O}; the time is {now:O}. Repeat the apply then, under the same run id"));
        if (facts.CrossContextHits > 0)
        {
            throw new RefusalException(
                ReasonCodes.CrossContext,
                $"cross_context_violation: the world's strategies reported {facts.CrossContextHits} cache hit(s) across contexts. Find and fix them, run again, and report history with the flag at 0.");
        }

        CheckFingerprint(plan, facts);
        foreach (var (strategy, stage) in facts.Moving.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var domain = ExecutionModes.ParseDomain(stage);
            if (domain != plan.From) throw Closed("domains/from", $"is {plan.From.ToToken()}, but '{strategy}' stands at {stage}");
        }

        CheckRisk(plan, facts);
        CheckDivergence(plan, facts);
    }

    private static void CheckFingerprint(GatingPlan plan, GatingFacts facts)
    {
        if (facts.Fingerprint is null)
        {
            if (plan.TowardsLive) throw Closed("dataset_fingerprint", "cannot be confirmed: nobody has reported the data of this world. Report history first");
            return;
        }

        if (!string.Equals(facts.Fingerprint, plan.Fingerprint, StringComparison.Ordinal))
        {
            throw new RefusalException(
                ReasonCodes.FingerprintMismatch, $"gating_policy.dataset_fingerprint is {plan.Fingerprint}; the world was judged on {facts.Fingerprint}.",
                [new FieldError(Root + "dataset_fingerprint", $"must be {facts.Fingerprint}")]);
        }
    }

    /// <summary><c>max_x</c> bounds the measure x from above, <c>min_x</c> from below; a bare name is an upper bound.</summary>
    private static void CheckRisk(GatingPlan plan, GatingFacts facts)
    {
        if (plan.RiskLimits.Count == 0) return;
        if (facts.Risk is not { } risk) throw Closed("risk_limits", "cannot be checked: there is no fresh risk snapshot. Publish one to the Risk Signal Hub");
        var problems = new List<FieldError>();
        foreach (var (name, limit) in plan.RiskLimits.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var isFloor = name.StartsWith("min_", StringComparison.Ordinal);
            var measure = isFloor || name.StartsWith("max_", StringComparison.Ordinal) ? name[4..] : name;
            if (!risk.TryGetValue(measure, out var value)) problems.Add(new FieldError($"{Root}risk_limits/{name}", $"the risk snapshot has no measure {measure}"));
            else if (isFloor ? value < limit : value > limit) problems.Add(new FieldError($"{Root}risk_limits/{name}", string.Create(CultureInfo.InvariantCulture, $"is {limit}; the risk snapshot has {value}")));
        }

        Throw(problems);
    }

    /// <summary>The distance of paper from backtest, as a share of the backtest's value, for every strategy that moves.</summary>
    private static void CheckDivergence(GatingPlan plan, GatingFacts facts)
    {
        var problems = new List<FieldError>();
        foreach (var (metric, limit) in plan.DivergenceGuards.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            foreach (var strategy in facts.Moving.Keys.Order(StringComparer.Ordinal))
            {
                if (Divergence(facts, strategy, metric) is not { } divergence)
                    problems.Add(new FieldError($"{Root}divergence_guards/{metric}", $"'{strategy}' was not measured both on paper and in a backtest other than 0"));
                else if (divergence > limit)
                    problems.Add(new FieldError($"{Root}divergence_guards/{metric}", string.Create(CultureInfo.InvariantCulture, $"is {limit}; '{strategy}' diverges by {divergence:0.####}")));
            }
        }

        Throw(problems);
    }

    private static double? Divergence(GatingFacts facts, string strategy, string metric) =>
        facts.Paper.GetValueOrDefault(strategy)?.TryGetValue(metric, out var paper) == true
        && facts.Backtest.GetValueOrDefault(strategy)?.TryGetValue(metric, out var backtest) == true
        && backtest != 0 && double.IsFinite(paper) && double.IsFinite(backtest)
            ? Math.Abs(paper - backtest) / Math.Abs(backtest)
            : null;

    private static RefusalException Closed(string field, string message) =>
        new(ReasonCodes.GateClosed, $"gating_policy.{field.Replace('/', '.')} {message}.", [new FieldError(Root + field, message)]);

    private static void Throw(List<FieldError> problems)
    {
        if (problems.Count > 0) throw new RefusalException(ReasonCodes.GateClosed, $"{string.Join("; ", problems.Select(error => $"{error.Pointer} {error.Message}"))}.", problems);
    }
}
