namespace Qmtl.WorldService.Policies.Selection;

/// <summary>One change of the active set.</summary>
/// <param name="Action">What becomes of positions: flat_then_enable, disable_then_flat or carry.</param>
internal sealed record TransitionStep(string StrategyId, StrategySide Side, Transition Transition, string Action);

/// <summary>What an evaluation asks to be done, in the order in which it is safe: first who leaves, then who enters, best first.</summary>
internal static class TransitionPlan
{
    // Without a word about positions nobody inherits any.
    private const string OnPromote = "flat_then_enable";
    private const string OnDemote = "disable_then_flat";

    public static IReadOnlyList<TransitionStep> Of(PolicyDocument policy, PolicyOutcome outcome) =>
    [
        .. Steps(outcome, Transition.Demote, policy.Positions?.OnDemote ?? OnDemote),
        .. Steps(outcome, Transition.Promote, policy.Positions?.OnPromote ?? OnPromote),
    ];

    private static IEnumerable<TransitionStep> Steps(PolicyOutcome outcome, Transition transition, string action) => outcome.Verdicts
        .Where(verdict => verdict.Transition == transition)
        .OrderBy(verdict => verdict.Rank ?? int.MaxValue)
        .Select(verdict => new TransitionStep(verdict.StrategyId, verdict.Side, transition, action));
}
