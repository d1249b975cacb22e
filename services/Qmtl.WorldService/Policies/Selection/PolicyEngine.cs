using Qmtl.WorldService.Policies.Calendars;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>
/// Judges a world's strategies: data currency, gates, score, constraints, top-k, hysteresis, in this order. A pure function of
/// its arguments; ties fall to the lower strategy id. Linear in candidates and in correlated pairs, but for one sort.
/// </summary>
internal static class PolicyEngine
{
    public static PolicyOutcome Evaluate(PolicyDocument policy, PolicyInputs inputs)
    {
        var rules = new SelectionRules(policy);
        var candidates = InOrder(inputs.Candidates);
        var rows = new MetricRows(policy.Slots, candidates);
        var traces = new CandidateTrace[candidates.Length];
        for (var i = 0; i < candidates.Length; i++)
        {
            var prior = inputs.States.TryGetValue(candidates[i].StrategyId, out var state) ? state : StrategyState.New;
            traces[i] = new CandidateTrace(candidates[i], prior, i);
            EligibilityStage.Run(rules, traces[i], rows.Of(i));
        }

        var ranked = RankingStage.Run(traces, rated: policy.Ranking is not null);
        using var conflicts = ConflictGraph.Of(traces, inputs, policy.MaxCorrelation);
        var shares = ExposureShares.Of(policy, traces, ranked);
        CorrelationStage.Run(traces, ranked, conflicts, policy.MaxCorrelation);
        ExposureStage.Run(traces, ranked, shares);
        TopKStage.Run(traces, ranked, policy.TopK);
        LevelStage.Run(rules, ranked, rows);

        var teller = new ReasonTeller(rules, rows, shares, WorldCalendar.For(policy, inputs.Calendar), inputs.Now);
        var verdicts = new HysteresisStage(policy, shares, inputs.Now).Run(traces, conflicts, teller);
        var active = Array.FindAll(verdicts, verdict => verdict.Active);
        return new PolicyOutcome(
            [.. active.OrderBy(verdict => verdict.Rank ?? int.MaxValue).Select(verdict => verdict.StrategyId)],
            verdicts,
            WorstCurrency(active, teller));
    }

    private static Candidate[] InOrder(IReadOnlyList<Candidate> given)
    {
        var candidates = given as Candidate[] ?? [.. given];
        for (var i = 1; i < candidates.Length; i++)
        {
            if (string.CompareOrdinal(candidates[i - 1].StrategyId, candidates[i].StrategyId) <= 0) continue;
            candidates = [.. given];
            Array.Sort(candidates, static (a, b) => string.CompareOrdinal(a.StrategyId, b.StrategyId));
            break;
        }

        return candidates;
    }

    // Only what is active can trade on old data, so only that can hold the world back.
    private static ReasonNode? WorstCurrency(StrategyVerdict[] active, ReasonTeller teller) => active
        .Select(verdict => teller.Currency(verdict.Explanation.Trace.Candidate))
        .OfType<ReasonNode>()
        .MaxBy(node => node.Value ?? double.PositiveInfinity);
}
