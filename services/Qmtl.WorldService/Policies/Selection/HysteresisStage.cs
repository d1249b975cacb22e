using System.Buffers;
using System.Globalization;
using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>
/// The last stage: turns "selected by this evaluation" into "active", a change only after enough evaluations in a row and long
/// enough after the last change. A strategy that never changed has served no dwell and owes none.
/// </summary>
internal sealed class HysteresisStage(PolicyDocument policy, ExposureShares? shares, DateTimeOffset now)
{
    private readonly StreakHysteresis _rule = policy.Streaks ?? new StreakHysteresis(1, 1, TimeSpan.Zero);

    public StrategyVerdict[] Run(CandidateTrace[] all, ConflictGraph conflicts, ReasonTeller teller)
    {
        var next = ArrayPool<Step>.Shared.Rent(all.Length);
        foreach (var trace in all) next[trace.Index] = Advance(trace);
        AdmitEntrants(all, next, conflicts);

        var verdicts = new StrategyVerdict[all.Length];
        foreach (var trace in all)
        {
            var step = next[trace.Index];
            var (active, prior) = (step.Active, trace.Prior);
            var changed = active != prior.Active;
            var state = !changed && step.Above == prior.Above && step.Below == prior.Below
                ? prior
                : new StrategyState(active, changed ? now : prior.Since, step.Above, step.Below);
            var transition = !changed ? Transition.None : active ? Transition.Promote : Transition.Demote;
            verdicts[trace.Index] = new StrategyVerdict(
                trace.Candidate.StrategyId,
                trace.Candidate.Side,
                active,
                trace.Selected,
                step.Code ?? trace.Code,
                double.IsNaN(trace.Score) ? null : trace.Score,
                trace.Rank == 0 ? null : trace.Rank,
                transition,
                state)
            {
                Explanation = new Explanation(teller, trace),
            };
        }

        ArrayPool<Step>.Shared.Return(next, clearArray: true);
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
        trace.Wait(reason);
        return new Step(trace.Prior.Active, above, below, reason.Code);
    }

    private static ReasonNode Streak(bool promotion, int streak, int needed) =>
        promotion
            ? Pending(string.Create(CultureInfo.InvariantCulture, $"promote_after: {needed}"), SelectionCodes.PromotionPending, "evaluations_above", streak, needed)
            : Pending(string.Create(CultureInfo.InvariantCulture, $"demote_after: {needed}"), SelectionCodes.DemotionPending, "evaluations_below", streak, needed);

    private ReasonNode Dwell(TimeSpan served) =>
        Pending($"min_dwell: {Durations.Format(_rule.MinDwell)}", SelectionCodes.DwellPending, "seconds_in_state", served.TotalSeconds, _rule.MinDwell.TotalSeconds);

    private static ReasonNode Pending(string text, string code, string metric, double value, double needed) =>
        new(new ReasonRule("hysteresis", text, metric, needed), RuleOutcome.Warn, code, value, value - needed);

    /// <summary>
    /// An incumbent that hysteresis keeps still fills its slot, still takes its capital and still correlates: entrants, best first,
    /// get what is left. Without this the active set could exceed the very limits that selected it.
    /// </summary>
    private void AdmitEntrants(CandidateTrace[] all, Step[] next, ConflictGraph conflicts)
    {
        var overstaying = Array.FindAll(all, trace => next[trace.Index].Active && !trace.Selected && !trace.Held);
        if (overstaying.Length == 0) return;

        var vacancies = new Vacancies(policy.TopK, shares, overstaying, conflicts);
        foreach (var trace in all)
        {
            if (next[trace.Index].Active && trace.Prior.Active) vacancies.Take(trace);
        }

        foreach (var trace in Array.FindAll(all, trace => next[trace.Index].Active && !trace.Prior.Active).OrderBy(trace => trace.Rank))
        {
            if (vacancies.WhyNot(trace) is { } reason) next[trace.Index] = Wait(trace, next[trace.Index].Above, next[trace.Index].Below, reason);
            else vacancies.Take(trace);
        }
    }

    private readonly record struct Step(bool Active, int Above, int Below, string? Code);
}
