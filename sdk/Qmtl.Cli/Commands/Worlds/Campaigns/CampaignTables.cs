using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Campaigns;

/// <summary>Campaigns as people read them.</summary>
internal static class CampaignTables
{
    public static void Draw(Screen screen, CampaignStatus status)
    {
        var config = status.Config ?? new CampaignConfig();
        screen.Line($"{status.WorldId}: backtest {config.BacktestWindow}, paper {config.PaperWindow}");
        screen.Fields(
            ("least days", config.MinSampleDays is { } days ? Screen.Whole(days) : null),
            ("least trades", config.MinTradesTotal is { } trades ? Screen.Whole(trades) : null));
        if (status.Strategies.Count == 0)
        {
            screen.Line("No strategy belongs to this world yet.");
            return;
        }

        screen.Table(
            ["strategy", "phase", "observed", "sharpe", "trades", "ready for", "missing"],
            status.Strategies.Select(strategy => (IReadOnlyList<string>)
            [
                strategy.StrategyId,
                strategy.Phase,
                Screen.Percent(strategy.Window?.Progress) ?? "",
                Screen.Number(strategy.Sharpe) ?? "",
                strategy.Trades is { } count ? Screen.Whole(count) : "",
                strategy.PromotableToLive ? "live" : strategy.PromotableToPaper ? "paper" : "",
                string.Join(", ", strategy.Reasons),
            ]));
    }

    public static void Draw(Screen screen, CampaignTick tick)
    {
        screen.Line($"{tick.WorldId}: {tick.Actions.Count} step(s), nothing was done");
        screen.Table(
            ["strategy", "step", "stage", "because", "first", "call"],
            tick.Actions.Select(action => (IReadOnlyList<string>)
            [
                action.StrategyId, action.Action, action.Stage, action.Reason, string.Join(", ", action.Requires), $"{action.SuggestedMethod} {action.SuggestedEndpoint}",
            ]));
    }

    public static void Draw(Screen screen, CampaignExecution execution)
    {
        screen.Line(Summary(execution));
        screen.Table(
            ["strategy", "step", "stage", "outcome", "because"],
            execution.Steps.Select(step => (IReadOnlyList<string>)
                [step.Action.StrategyId, step.Action.Action, step.Action.Stage, step.Outcome, step.Message.Length > 0 ? $"{step.Reason}: {step.Message}" : step.Reason]));
    }

    /// <summary>One line, for a log.</summary>
    public static string Summary(CampaignExecution execution)
    {
        var outcomes = execution.Steps.GroupBy(step => step.Outcome, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{Screen.Whole(group.Count())} {group.Key}");
        return $"{execution.ExecutedAt?.ToDateTimeOffset():u} {execution.WorldId}: {(execution.Steps.Count == 0 ? "no step" : string.Join(", ", outcomes))}{(execution.DryRun ? " (nothing was done; add --evaluate)" : "")}";
    }
}
