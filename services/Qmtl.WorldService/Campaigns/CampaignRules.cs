using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Campaigns;

/// <summary>How much of an observation window has passed.</summary>
internal sealed record ObservedWindow(TimeSpan Required, TimeSpan Observed, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt)
{
    public bool Satisfied => StartedAt is not null && Observed >= Required;

    /// <summary>0 to 1.</summary>
    public double Progress => Satisfied ? 1 : Required > TimeSpan.Zero ? Math.Clamp(Observed / Required, 0, 1) : 0;

    /// <summary>From the first recording of the stage's first run to its last evaluation.</summary>
    public static ObservedWindow Of(StageRuns? runs, TimeSpan required) => runs is null
        ? new ObservedWindow(required, TimeSpan.Zero, null, null)
        : new ObservedWindow(required, Max(runs.ObservedUntil - runs.StartedAt, TimeSpan.Zero), runs.StartedAt, runs.ObservedUntil);

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}

/// <summary>Where a strategy stands in its campaign.</summary>
/// <param name="Reasons">What is missing for the next stage, in the order of <see cref="CampaignReasons"/>; empty when nothing is.</param>
internal sealed record CampaignStanding(
    CampaignFacts Facts, string Phase, ObservedWindow Window, RunFigures? Figures, bool PromotableToPaper, bool PromotableToLive, IReadOnlyList<string> Reasons)
{
    /// <summary>The window on paper, whatever the phase.</summary>
    public required ObservedWindow Paper { get; init; }

    /// <summary>What is lacking of days and trades, whatever the phase.</summary>
    public required IReadOnlyList<string> SampleLacks { get; init; }
}

/// <summary>The phases of a campaign.</summary>
internal static class CampaignPhases
{
    public const string Backtest = "backtest_campaign";
    public const string Paper = "paper_campaign";
    public const string Live = "live_campaign";
}

/// <summary>What a strategy may lack for its next stage.</summary>
internal static class CampaignReasons
{
    public const string MissingSampleDays = "missing_sample_days_metric";
    public const string InsufficientSampleDays = "insufficient_sample_days";
    public const string MissingTrades = "missing_trades_metric";
    public const string InsufficientTrades = "insufficient_trades";
    public const string MissingBacktestRun = "missing_backtest_run";
    public const string MissingPaperRun = "missing_paper_run";
    public const string BacktestWindow = "backtest_window_incomplete";
    public const string PaperWindow = "paper_window_incomplete";

    /// <summary>The latest run of the phase did not pass the policy.</summary>
    public const string RunFailed = "validation_failed";
}

/// <summary>Reads a strategy's place in its campaign off its runs. Pure.</summary>
internal static class CampaignRules
{
    public static CampaignStanding Stand(CampaignFacts facts, CampaignTerms terms)
    {
        var backtest = ObservedWindow.Of(facts.Backtest, terms.BacktestWindow);
        var paper = ObservedWindow.Of(facts.Paper, terms.PaperWindow);
        var figures = (facts.Paper ?? facts.Backtest)?.Latest;
        var phase = PhaseOf(facts);
        var sample = Sample(figures, terms);
        var toPaper = facts.Backtest is { Latest.Passed: true } && backtest.Satisfied && sample.Count == 0;
        var toLive = facts.Paper is { Latest.Passed: true } && paper.Satisfied && sample.Count == 0;
        return new CampaignStanding(
            facts,
            phase,
            phase is CampaignPhases.Backtest ? backtest : paper,
            figures,
            toPaper && phase is CampaignPhases.Backtest,
            toLive && phase is CampaignPhases.Paper,
            phase is CampaignPhases.Live ? [] : [.. sample, .. Missing(facts, phase, backtest, paper)])
        {
            Paper = paper,
            SampleLacks = sample,
        };
    }

    /// <summary>A strategy that was taken back from live is observed on paper again: live runs from before that do not count.</summary>
    private static string PhaseOf(CampaignFacts facts)
    {
        if (facts.Stage is StageNames.Live) return CampaignPhases.Live;
        if (facts.Live is { } live && (facts.Standing is not { } standing || live.UpdatedAt > standing.Since)) return CampaignPhases.Live;
        return facts.Paper is null ? CampaignPhases.Backtest : CampaignPhases.Paper;
    }

    private static List<string> Sample(RunFigures? figures, CampaignTerms terms)
    {
        var reasons = new List<string>();
        if (terms.MinSampleDays is { } days) Judge(figures?.SampleDays, days, CampaignReasons.MissingSampleDays, CampaignReasons.InsufficientSampleDays);
        if (terms.MinTrades is { } trades) Judge(figures?.Trades, trades, CampaignReasons.MissingTrades, CampaignReasons.InsufficientTrades);
        return reasons;

        void Judge(int? value, int least, string missing, string insufficient)
        {
            if (value is null) reasons.Add(missing);
            else if (value < least) reasons.Add(insufficient);
        }
    }

    private static IEnumerable<string> Missing(CampaignFacts facts, string phase, ObservedWindow backtest, ObservedWindow paper)
    {
        if (facts.Backtest is null) yield return CampaignReasons.MissingBacktestRun;
        if (facts.Paper is null) yield return CampaignReasons.MissingPaperRun;
        if (phase is CampaignPhases.Backtest && facts.Backtest is not null && !backtest.Satisfied) yield return CampaignReasons.BacktestWindow;
        if (facts.Paper is not null && !paper.Satisfied) yield return CampaignReasons.PaperWindow;
        if ((facts.Paper ?? facts.Backtest) is { Latest.Passed: false }) yield return CampaignReasons.RunFailed;
    }
}
