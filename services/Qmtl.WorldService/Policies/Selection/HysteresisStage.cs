using System.Globalization;
using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>
/// The last stage: turns "selected by this evaluation" into "active", a change only after enough evaluations in a row and long
/// enough after the last change. A strategy that never changed has served no dwell and owes none.
/// </summary>
internal sealed class HysteresisStage(PolicyDocument policy, DateTimeOffset now)
{
    private readonly StreakHysteresis _rule = policy.Streaks ?? new StreakHysteresis(1, 1, TimeSpan.Zero);

    public StrategyVerdict[] Run(IReadOnlyList<CandidateTrace> all, ConflictGraph conflicts)
    {
        var next = new Step[all.Count];
        foreach (var trace in all) next[trace.Index] = Advance(trace);
        AdmitEntrants(all, next, conflicts);

        var verdicts = new StrategyVerdict[all.Count];
        foreach (var trace in all)
        {
            var step = next[trace.Index];
            var active = step.Active;
            var changed = active != trace.Prior.Active;
            var state = new StrategyState(active, changed ? now : trace.Prior.Since, step.Above, step.Below);
            var transition = !changed ? Transition.None : active ? Transition.Promote : Transition.Demote;
            verdicts[trace.Index] = new StrategyVerdict(
                trace.Candidate.StrategyId, trace.Candidate.Side, active, trace.Selected, step.Code ?? trace.Code, trace.Score, trace.Rank, transition, state)
            {
                Reasons = trace.Reasons,
            };
        }

        return verdicts;
    }

    private Step Advance(CandidateTrace trace)
    {
        var prior = trace.Prior;
        if (trace.Held) return new Step(prior.Active, prior.Above, prior.Below, null);

        var (above, below) = trace.Selected ? (prior.Above + 1, 0) : (0, prior.Below + 1);
        if (trace.Selected == prior.Active) return new Step(prior.Active, above, below, null);

        var (streak, needed) = trace.Selected ? (above, _rule.PromoteAfter) : (below, _rule.DemoteAfter);
        if (streak < needed) return Wait(trace, above, below, Streak(trace.Selected, streak, needed));
        if (prior.Since is { } since && now - since < _rule.MinDwell) return Wait(trace, above, below, Dwell(now - since));
        return new Step(trace.Selected, above, below, null);
    }

    private static Step Wait(CandidateTrace trace, int above, int below, ReasonNode reason)
    {
        trace.Note(reason);
        return new Step(trace.Prior.Active, above, below, reason.Code);
    }

    private static ReasonNode Streak(bool promotion, int streak, int needed) =>
        promotion
            ? new ReasonNode("hysteresis", string.Create(CultureInfo.InvariantCulture, $"promote_after: {needed}"), RuleOutcome.Warn,
                SelectionCodes.PromotionPending, "evaluations_above", streak, needed, streak - needed)
            : new ReasonNode("hysteresis", string.Create(CultureInfo.InvariantCulture, $"demote_after: {needed}"), RuleOutcome.Warn,
                SelectionCodes.DemotionPending, "evaluations_below", streak, needed, streak - needed);

    private ReasonNode Dwell(TimeSpan served) =>
        new("hysteresis", $"min_dwell: {Durations.Format(_rule.MinDwell)}", RuleOutcome.Warn, SelectionCodes.DwellPending,
            "seconds_in_state", served.TotalSeconds, _rule.MinDwell.TotalSeconds, (served - _rule.MinDwell).TotalSeconds);

    /// <summary>
    /// An incumbent that hysteresis keeps still fills its slot and still correlates: entrants, best first, get what is left.
    /// Without this the active set could exceed the very limits that selected it.
    /// </summary>
    private void AdmitEntrants(IReadOnlyList<CandidateTrace> all, Step[] next, ConflictGraph conflicts)
    {
        var overstaying = all.Where(trace => next[trace.Index].Active && !trace.Selected && !trace.Held).ToArray();
        if (overstaying.Length == 0) return;

        var shutOut = overstaying.SelectMany(trace => conflicts.Of(trace.Index)).Select(pair => pair.Other).ToHashSet();
        var slots = new SlotCounter(policy.TopK ?? new TopKPolicy(null, null, null));
        foreach (var trace in all.Where(trace => next[trace.Index].Active && trace.Prior.Active)) slots.Take(trace.Candidate.Side);

        foreach (var trace in all.Where(trace => next[trace.Index].Active && !trace.Prior.Active).OrderBy(trace => trace.Rank))
        {
            var code = shutOut.Contains(trace.Index) ? SelectionCodes.CorrelatedWithHeld
                : slots.Refuses(trace.Candidate.Side) is null ? null
                : SelectionCodes.SlotHeld;
            if (code is null)
            {
                slots.Take(trace.Candidate.Side);
                continue;
            }

            var step = next[trace.Index];
            next[trace.Index] = Wait(trace, step.Above, step.Below, new ReasonNode("hysteresis", "limits hold with strategies that stay for now", RuleOutcome.Warn, code));
        }
    }

    private readonly record struct Step(bool Active, int Above, int Below, string? Code);
}
