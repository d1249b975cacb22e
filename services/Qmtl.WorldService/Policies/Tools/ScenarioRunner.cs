using System.Globalization;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>An expectation that did not hold.</summary>
/// <param name="Verdict">The strategy it is about; null when it is about the whole set.</param>
internal sealed record Mismatch(string Pointer, string Expected, string Was, StrategyVerdict? Verdict);

/// <summary>What a policy made of one scenario.</summary>
internal sealed record ScenarioOutcome(Scenario Scenario, IReadOnlyList<PolicyOutcome> Outcomes, IReadOnlyList<Mismatch> Mismatches);

/// <summary>Plays scenarios through the engine that judges worlds. Pure.</summary>
internal static class ScenarioRunner
{
    // Expectations are written by hand, to a few digits.
    private const double Tolerance = 1e-6;

    public static ScenarioOutcome Run(PolicyDocument policy, Scenario scenario, CoverageCounter coverage)
    {
        var states = new Dictionary<string, StrategyState>(scenario.Before, StringComparer.Ordinal);
        var outcomes = new List<PolicyOutcome>();
        var mismatches = new List<Mismatch>();
        foreach (var evaluation in scenario.Evaluations)
        {
            var outcome = PolicyEngine.Evaluate(policy, new PolicyInputs(evaluation.Candidates, evaluation.Correlations, states, evaluation.At) { Calendar = scenario.Calendar });
            coverage.Add(outcome, states);
            foreach (var verdict in outcome.Verdicts) states[verdict.StrategyId] = verdict.Next;
            if (evaluation.Expect is { } expect) mismatches.AddRange(Compare(expect, outcome));
            outcomes.Add(outcome);
        }

        return new ScenarioOutcome(scenario, outcomes, mismatches);
    }

    private static IEnumerable<Mismatch> Compare(ScenarioExpectation expect, PolicyOutcome outcome)
    {
        var verdicts = outcome.Verdicts.ToDictionary(verdict => verdict.StrategyId, StringComparer.Ordinal);
        return new[]
        {
            Set("active", expect.Active, outcome.Active),
            Set("promoted", expect.Promoted, Changed(outcome, Transition.Promote)),
            Set("demoted", expect.Demoted, Changed(outcome, Transition.Demote)),
            Currency(expect, outcome),
        }.OfType<Mismatch>()
            .Concat(expect.Rejected.Select(pair => Rejected(pair.Key, pair.Value, verdicts[pair.Key])).OfType<Mismatch>())
            .Concat(expect.Scores.Select(pair => Number("scores", pair.Key, pair.Value, verdicts[pair.Key].Score, verdicts[pair.Key])).OfType<Mismatch>())
            .Concat(expect.Ranks.Select(pair => Number("ranks", pair.Key, pair.Value, verdicts[pair.Key].Rank, verdicts[pair.Key])).OfType<Mismatch>());

        Mismatch? Set(string key, IReadOnlyList<string>? expected, IEnumerable<string> was)
        {
            var found = was.Order(StringComparer.Ordinal).ToArray();
            if (expected is null || expected.SequenceEqual(found, StringComparer.Ordinal)) return null;
            // One strategy too many or too few explains itself by its own reasons.
            var differing = expected.Except(found, StringComparer.Ordinal).Concat(found.Except(expected, StringComparer.Ordinal)).ToArray();
            return new Mismatch(JsonPointer.Child(expect.Pointer, key), Listed(expected), Listed(found), differing is [var one] ? verdicts[one] : null);
        }

        Mismatch? Rejected(string id, string code, StrategyVerdict verdict)
        {
            if (!verdict.Active && string.Equals(verdict.Code, code, StringComparison.Ordinal)) return null;
            var was = verdict.Active ? $"active ({verdict.Code})" : verdict.Code;
            return new Mismatch(JsonPointer.Child(JsonPointer.Child(expect.Pointer, "rejected"), id), code, was, verdict);
        }

        Mismatch? Number(string key, string id, double expected, double? was, StrategyVerdict verdict) =>
            was is { } value && Math.Abs(value - expected) <= Tolerance * Math.Max(1, Math.Abs(expected))
                ? null
                : new Mismatch(JsonPointer.Child(JsonPointer.Child(expect.Pointer, key), id), Shown(expected), was is { } number ? Shown(number) : "none", verdict);
    }

    private static Mismatch? Currency(ScenarioExpectation expect, PolicyOutcome outcome)
    {
        if (expect.DataCurrency is not { } expected) return null;
        var was = outcome.Currency is null or { Outcome: RuleOutcome.Pass } ? "pass" : "fail";
        return string.Equals(expected, was, StringComparison.Ordinal) ? null : new Mismatch(JsonPointer.Child(expect.Pointer, "data_currency"), expected, was, null);
    }

    private static IEnumerable<string> Changed(PolicyOutcome outcome, Transition transition) =>
        outcome.Verdicts.Where(verdict => verdict.Transition == transition).Select(verdict => verdict.StrategyId);

    private static string Listed(IReadOnlyList<string> ids) => ids.Count == 0 ? "none" : string.Join(", ", ids);

    private static string Shown(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
