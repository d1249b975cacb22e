using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Promotion;

/// <summary>Promotions as people read them.</summary>
internal static class PromotionTables
{
    public static void Draw(Screen screen, PromotionPlan plan)
    {
        var verdict = plan.Eligible ? "may go live" : plan.PendingManualApproval ? "may go live once it is approved" : "cannot go live";
        screen.Line($"{plan.StrategyId}, run {(plan.RunId.Length > 0 ? plan.RunId : "none")}: {verdict}");
        screen.Fields(
            ("mode", plan.Mode),
            ("approval", plan.OverrideStatus),
            ("enters", string.Join(", ", plan.Plan?.Activate ?? [])),
            ("leaves", string.Join(", ", plan.Plan?.Deactivate ?? [])),
            ("live now", plan.Live.Count > 0 ? string.Join(", ", plan.Live) : "none"),
            ("live slots", plan.MaxLiveSlots is { } slots ? Screen.Whole(slots) : null),
            ("cooldown left", plan.CooldownRemainingSec > 0 ? $"{Screen.Whole(plan.CooldownRemainingSec)} s" : null),
            ("canary share", Screen.Percent(plan.CanaryFraction)),
            ("risk snapshot", plan.RiskSnapshotVersion));
        foreach (var reason in plan.BlockedReasons) screen.Line($"  {reason}: {(plan.Explanations.TryGetValue(reason, out var sentence) ? sentence : "")}");
    }

    public static void Draw(Screen screen, PromotionCandidates candidates)
    {
        screen.Line($"{candidates.WorldId}: {Screen.Whole(candidates.Candidates.Count)} candidate(s), mode {candidates.Mode}");
        if (candidates.Candidates.Count == 0) return;
        screen.Table(
            ["strategy", "run", "status", "updated", "paper/backtest sharpe", "blocked by"],
            candidates.Candidates.Select(candidate => (IReadOnlyList<string>)
            [
                candidate.StrategyId,
                candidate.RunId,
                candidate.Status,
                candidate.UpdatedAt?.ToDateTimeOffset().ToString("u") ?? "",
                Screen.Number(candidate.PaperVsBacktestSharpeRatio) ?? "",
                candidate.Plan is null ? "" : candidate.Plan.Eligible ? "nothing" : string.Join(", ", candidate.Plan.BlockedReasons),
            ]));
    }

    public static void Draw(Screen screen, PromotionResult result)
    {
        if (result.Applied) screen.Line($"{result.Plan.StrategyId}: live, apply {result.Apply.RunId}");
        else screen.Line($"{result.Plan.StrategyId}: not live ({result.Reason})");
        if (result.Plan.Explanations.TryGetValue(result.Reason, out var sentence)) screen.Line($"  {sentence}");
        if (result.Apply is { } apply) screen.Fields(("phase", apply.Phase), ("active", string.Join(", ", apply.Active)));
    }

    public static void Draw(Screen screen, ListPromotionsResponse log)
    {
        if (log.Promotions.Count == 0)
        {
            screen.Line("Nothing was promoted or demoted yet.");
            return;
        }

        screen.Table(
            ["when", "what", "strategy", "run", "status", "by", "apply", "reason"],
            log.Promotions.Select(item => (IReadOnlyList<string>)
            [
                item.RequestedAt?.ToDateTimeOffset().ToString("u") ?? "",
                item.Forced ? $"{item.Kind} (forced)" : item.Kind,
                item.StrategyId,
                item.RunId,
                item.Status,
                item.SecondApprover.Length > 0 ? $"{item.Actor}, {item.SecondApprover}" : item.Actor,
                item.ApplyRunId,
                item.Reason,
            ]));
    }
}
