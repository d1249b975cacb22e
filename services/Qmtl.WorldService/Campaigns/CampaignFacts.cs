using Qmtl.V1;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Campaigns;

/// <summary>All runs of one strategy at one stage, taken together.</summary>
/// <param name="StartedAt">When the first of them was first recorded.</param>
/// <param name="ObservedUntil">When one of them was last evaluated. What people or background checks add to a run later is no observation.</param>
/// <param name="UpdatedAt">When the latest of them was last revised, by whatever.</param>
internal sealed record StageRuns(string LatestRunId, DateTimeOffset StartedAt, DateTimeOffset ObservedUntil, DateTimeOffset UpdatedAt, RunFigures Latest);

/// <summary>What a campaign reads of a run.</summary>
/// <param name="Status">pass, warn or fail; empty while it is being evaluated.</param>
internal sealed record RunFigures(string Status, int? SampleDays, int? Trades, double? Sharpe, double? MaxDrawdown)
{
    private const int DaysOfYear = 365;

    public bool Passed => Status is "pass" or "warn";

    public static RunFigures Of(EvaluationRun run) => new(
        run.Summary?.Status ?? "",
        Whole(run.Metrics?.Sample?.EffectiveHistoryYears * DaysOfYear) ?? Whole(Value(run, "sample_days")),
        Whole(run.Metrics?.Sample?.NTradesTotal ?? Value(run, "trades")),
        run.Metrics?.Returns?.Sharpe ?? Value(run, "sharpe"),
        run.Metrics?.Returns?.MaxDrawdown ?? Value(run, "max_dd"));

    private static double? Value(EvaluationRun run, string name) => run.Metrics is { } metrics && metrics.Values.TryGetValue(name, out var value) ? value : null;

    /// <summary>Whole days and trades only: a part of one is not enough for one.</summary>
    private static int? Whole(double? value) => value is >= 0 and <= int.MaxValue ? (int)value.Value : null;
}

/// <summary>Everything a strategy's place in its campaign depends on.</summary>
/// <param name="Standing">How far it has come; null is backtest.</param>
internal sealed record CampaignFacts(string StrategyId, StageRuns? Backtest, StageRuns? Paper, StageRuns? Live, StageRow? Standing)
{
    /// <summary>The stage it was granted.</summary>
    public string Stage => Standing?.Stage ?? StageNames.Backtest;
}

/// <summary>What a policy asks of a campaign; absent limits ask nothing.</summary>
internal sealed record CampaignTerms(TimeSpan BacktestWindow, TimeSpan PaperWindow, int? MinSampleDays, int? MinTrades)
{
    public static CampaignTerms Of(PolicyDocument? policy) => policy?.Campaign is { } campaign
        ? new CampaignTerms(campaign.BacktestWindow ?? TimeSpan.Zero, campaign.PaperWindow ?? TimeSpan.Zero, campaign.MinSampleDays, campaign.MinTradesTotal)
        : new CampaignTerms(TimeSpan.Zero, TimeSpan.Zero, null, null);
}
