namespace Qmtl.WorldService.Policies.Selection;

/// <summary>
/// Judges a world's strategies: data currency, gates, score, constraints, top-k, hysteresis, in this order. A pure function of
/// its arguments; ties fall to the lower strategy id. Linear in candidates and in correlated pairs, but for one sort.
/// </summary>
internal static class PolicyEngine
{
    public static PolicyOutcome Evaluate(PolicyDocument policy, PolicyInputs inputs)
    {
        var candidates = inputs.Candidates.OrderBy(candidate => candidate.StrategyId, StringComparer.Ordinal).ToArray();
        var width = policy.Slots.Names.Count;
        var rows = Rows(policy, candidates);
        var traces = new CandidateTrace[candidates.Length];
        var eligibility = new EligibilityStage(policy, inputs.Now);
        for (var i = 0; i < candidates.Length; i++)
        {
            traces[i] = new CandidateTrace(candidates[i], inputs.States.GetValueOrDefault(candidates[i].StrategyId, StrategyState.New), i);
            eligibility.Run(traces[i], rows.AsSpan(i * width, width));
        }

        var ranked = ConstraintStage.Rank(traces, rated: policy.Ranking is not null);
        var conflicts = new ConflictGraph(traces, inputs.Correlations, policy.MaxCorrelation);
        ConstraintStage.Correlation(traces, ranked, conflicts, policy.MaxCorrelation);
        ConstraintStage.TopK(traces, ranked, policy.TopK);
        ConstraintStage.Levels(ranked, policy.Levels, policy.Validation, trace => rows[(trace.Index * width) + policy.Levels!.Slot]);

        var verdicts = new HysteresisStage(policy, inputs.Now).Run(traces, conflicts);
        return new PolicyOutcome(ActiveSet(verdicts), verdicts, WorstCurrency(verdicts));
    }

    private static double[] Rows(PolicyDocument policy, Candidate[] candidates)
    {
        var names = policy.Slots.Names;
        var rows = new double[candidates.Length * names.Count];
        for (var i = 0; i < candidates.Length; i++)
        {
            for (var slot = 0; slot < names.Count; slot++)
            {
                rows[(i * names.Count) + slot] = candidates[i].Metrics.TryGetValue(names[slot], out var value) ? value : double.NaN;
            }
        }

        return rows;
    }

    private static string[] ActiveSet(StrategyVerdict[] verdicts) =>
        [.. verdicts.Where(verdict => verdict.Active).OrderBy(verdict => verdict.Rank ?? int.MaxValue).Select(verdict => verdict.StrategyId)];

    // Only what is active can trade on old data, so only that can hold the world back.
    private static ReasonNode? WorstCurrency(StrategyVerdict[] verdicts) => verdicts
        .Where(verdict => verdict.Active)
        .Select(verdict => verdict.Reasons.FirstOrDefault(reason => string.Equals(reason.Rule, "data_currency", StringComparison.Ordinal)))
        .OfType<ReasonNode>()
        .MaxBy(node => node.Value ?? double.PositiveInfinity);
}
