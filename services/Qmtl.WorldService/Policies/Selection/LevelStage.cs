namespace Qmtl.WorldService.Policies.Selection;

/// <summary>The level form of hysteresis: who is active stays down to the exit level, who is not has to reach the entry level.</summary>
internal static class LevelStage
{
    public static void Run(SelectionRules rules, CandidateTrace[] ranked, MetricRows rows)
    {
        if (rules.Policy.Levels is not { } levels) return;
        foreach (var trace in ranked)
        {
            if (!trace.Selected) continue;
            var value = rows.Of(trace.Index)[levels.Slot];
            if (double.IsNaN(value))
            {
                if (rules.OnMissing == RuleOutcome.Fail) trace.Reject(SelectionCodes.MetricMissing);
            }
            else if (value < Level(levels, trace)) trace.Reject(CodeOf(trace));
        }
    }

    public static double Level(LevelHysteresis levels, CandidateTrace trace) => trace.Prior.Active ? levels.Exit : levels.Enter;

    public static string CodeOf(CandidateTrace trace) => trace.Prior.Active ? SelectionCodes.BelowExit : SelectionCodes.BelowEnter;
}
