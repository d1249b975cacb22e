using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Campaigns;

/// <summary>Campaigns as the contract shows them. Pure.</summary>
internal static class CampaignMessages
{
    public const int SchemaVersion = 1;

    public static CampaignConfig Config(CampaignTerms terms) => new()
    {
        BacktestWindow = Durations.Format(terms.BacktestWindow),
        PaperWindow = Durations.Format(terms.PaperWindow),
        MinSampleDays = terms.MinSampleDays,
        MinTradesTotal = terms.MinTrades,
    };

    public static CampaignStrategy Strategy(CampaignStanding standing)
    {
        var (facts, window, figures) = (standing.Facts, standing.Window, standing.Figures);
        var message = new CampaignStrategy
        {
            StrategyId = facts.StrategyId,
            Phase = standing.Phase,
            Stage = facts.Stage,
            Window = new CampaignWindow
            {
                Window = Durations.Format(window.Required),
                RequiredSec = window.Required.TotalSeconds,
                ObservedSec = window.Observed.TotalSeconds,
                Progress = window.Progress,
                StartedAt = window.StartedAt is { } started ? Timestamp.FromDateTimeOffset(started) : null,
                EndedAt = window.EndedAt is { } ended ? Timestamp.FromDateTimeOffset(ended) : null,
                Satisfied = window.Satisfied,
            },
            SampleDays = figures?.SampleDays,
            Trades = figures?.Trades,
            Sharpe = figures?.Sharpe,
            MaxDrawdown = figures?.MaxDrawdown,
            PromotableToPaper = standing.PromotableToPaper,
            PromotableToLive = standing.PromotableToLive,
        };
        foreach (var (stage, runs) in new[] { ("backtest", facts.Backtest), ("paper", facts.Paper), ("live", facts.Live) })
        {
            if (runs is not null) message.LatestRuns[stage] = runs.LatestRunId;
        }

        message.Reasons.Add(standing.Reasons);
        return message;
    }

    public static CampaignAction Action(string worldId, CampaignStepPlan step)
    {
        var world = $"/worlds/{Uri.EscapeDataString(worldId)}";
        var action = new CampaignAction
        {
            Action = step.Action,
            IdempotencyKey = step.Key,
            StrategyId = step.StrategyId,
            Stage = step.Stage,
            Reason = step.Reason,
            SuggestedRunId = step.Action is CampaignActions.Evaluate ? step.RunId : "",
        };
        action.Requires.Add(step.Requires);
        switch (step.Action)
        {
            case CampaignActions.Evaluate:
                // Never metrics: WorldService finds them itself, so that nobody who drives a campaign can choose them.
                Suggest(action, "POST", $"{world}/evaluate", Body(("run_id", step.RunId), ("stage", step.Stage), ("strategy_id", step.StrategyId)));
                break;
            case CampaignActions.AutoApply:
                Suggest(action, "POST", $"{world}/promotions/live/auto-apply", Body(("strategy_id", step.StrategyId)));
                break;
            case CampaignActions.Approve:
                Suggest(action, "GET", $"{world}/promotions/live/plan", null);
                action.SuggestedParams["strategy_id"] = step.StrategyId;
                action.SuggestedParams["run_id"] = step.RunId;
                break;
            default:
                Suggest(action, "GET", $"{world}/campaign/status", null);
                action.SuggestedParams["strategy_id"] = step.StrategyId;
                break;
        }

        return action;
    }

    private static void Suggest(CampaignAction action, string method, string endpoint, Struct? body)
    {
        action.SuggestedMethod = method;
        action.SuggestedEndpoint = endpoint;
        action.SuggestedBody = body;
    }

    private static Struct Body(params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var body = new Struct();
        foreach (var (name, value) in fields) body.Fields[name] = Value.ForString(value);
        return body;
    }
}
