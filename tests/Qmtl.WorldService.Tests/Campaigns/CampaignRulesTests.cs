using Qmtl.WorldService.Campaigns;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Tests.Campaigns;

/// <summary>A strategy's place in its campaign, and what to do next with it.</summary>
public sealed class CampaignRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RunFigures Good = new("pass", 120, 60, 1.4, 0.1);
    private static readonly CampaignTerms Terms = new(TimeSpan.FromDays(3), TimeSpan.FromDays(30), 100, 50);

    [Fact]
    public void Stand_WithoutRuns_AsksForEverything()
    {
        var standing = CampaignRules.Stand(Facts(), Terms);
        Assert.Equal((CampaignPhases.Backtest, false, false), (standing.Phase, standing.PromotableToPaper, standing.PromotableToLive));
        Assert.Equal([CampaignReasons.MissingSampleDays, CampaignReasons.MissingTrades, CampaignReasons.MissingBacktestRun, CampaignReasons.MissingPaperRun], standing.Reasons);
        Assert.Equal((0, null, false), (standing.Window.Progress, standing.Window.StartedAt, standing.Window.Satisfied));
    }

    [Fact]
    public void Stand_AFullBacktestWindow_LeadsToPaper()
    {
        var standing = CampaignRules.Stand(Facts(backtest: Runs("b", 3)), Terms);
        Assert.Equal((true, false), (standing.PromotableToPaper, standing.PromotableToLive));
        Assert.Equal([CampaignReasons.MissingPaperRun], standing.Reasons);
        Assert.Equal((TimeSpan.FromDays(3), 1.0), (standing.Window.Observed, standing.Window.Progress));
    }

    [Fact]
    public void Stand_AFullPaperWindow_LeadsToLive()
    {
        var standing = CampaignRules.Stand(Facts(Runs("b", 1), Runs("p", 30)), Terms);
        Assert.Equal((CampaignPhases.Paper, false, true), (standing.Phase, standing.PromotableToPaper, standing.PromotableToLive));
        Assert.Empty(standing.Reasons);
    }

    [Theory]
    [InlineData("pass", 120, 60, 2, 0, CampaignReasons.BacktestWindow)]
    [InlineData("fail", 120, 60, 3, 0, CampaignReasons.RunFailed)]
    [InlineData("", 120, 60, 3, 0, CampaignReasons.RunFailed)]
    [InlineData("pass", 99, 60, 3, 0, CampaignReasons.InsufficientSampleDays)]
    [InlineData("pass", -1, 60, 3, 0, CampaignReasons.MissingSampleDays)]
    [InlineData("pass", 120, 49, 3, 0, CampaignReasons.InsufficientTrades)]
    [InlineData("pass", 120, -1, 3, 0, CampaignReasons.MissingTrades)]
    [InlineData("pass", 120, 60, 3, 29.999, CampaignReasons.PaperWindow)]
    [InlineData("fail", 120, 60, 3, 30, CampaignReasons.RunFailed)]
    [InlineData("warn", 99, 60, 3, 30, CampaignReasons.InsufficientSampleDays)]
    public void Stand_OneThingLacking_SaysExactlyThat(string status, int days, int trades, double backtestDays, double paperDays, string reason)
    {
        var figures = new RunFigures(status, days < 0 ? null : days, trades < 0 ? null : trades, 1, 0.1);
        var paper = paperDays > 0 ? Runs("p", paperDays, figures) : null;
        var standing = CampaignRules.Stand(Facts(Runs("b", backtestDays, paper is null ? figures : Good), paper), Terms);
        Assert.Equal((false, false), (standing.PromotableToPaper, standing.PromotableToLive));
        Assert.Equal(paper is null ? [.. new[] { CampaignReasons.MissingPaperRun, reason }.Order(StringComparer.Ordinal)] : [reason], standing.Reasons.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Stand_WhatPeopleAddLater_CompletesNoWindow()
    {
        // Revised on day 30 by an approval, last evaluated on day 2.
        var paper = Runs("p", 30) with { ObservedUntil = Start.AddDays(2) };
        var standing = CampaignRules.Stand(Facts(Runs("b", 3), paper), Terms);
        Assert.False(standing.PromotableToLive);
        Assert.Equal(2.0 / 30, standing.Window.Progress, 12);
        Assert.Equal([CampaignReasons.PaperWindow], standing.Reasons);
    }

    [Fact]
    public void Stand_WithoutTerms_ARunIsEnough()
    {
        var standing = CampaignRules.Stand(Facts(Runs("b", 0)), CampaignTerms.Of(null));
        Assert.True(standing.PromotableToPaper);
    }

    [Fact]
    public void Stand_Live_IsWhoWasPromotedOrHasLiveRuns()
    {
        var promoted = CampaignRules.Stand(Facts(Runs("b", 3), Runs("p", 30), standing: Standing(StageNames.Live, 31)), Terms);
        var running = CampaignRules.Stand(Facts(Runs("b", 3), Runs("p", 30), Runs("l", 40)), Terms);
        var demoted = CampaignRules.Stand(Facts(Runs("b", 3), Runs("p", 30), Runs("l", 40), Standing(StageNames.Paper, 41)), Terms);
        Assert.Equal([CampaignPhases.Live, CampaignPhases.Live, CampaignPhases.Paper], new[] { promoted.Phase, running.Phase, demoted.Phase });
        Assert.Equal([false, false, true], new[] { promoted.PromotableToLive, running.PromotableToLive, demoted.PromotableToLive });
    }

    [Theory]
    [InlineData(0, 0, PromotionModes.Manual, "evaluate", "backtest", "continue_backtest_campaign", "")]
    [InlineData(3, 0, PromotionModes.Manual, "evaluate", "paper", "promotable_to_paper", "")]
    [InlineData(3, 10, PromotionModes.AutoApply, "evaluate", "paper", "continue_paper_campaign", "")]
    [InlineData(3, 30, PromotionModes.Manual, "manual_approval_required", "live", "promotable_to_live", "operator_approval")]
    [InlineData(3, 30, PromotionModes.AutoApply, "auto_apply_live", "live", "promotable_to_live", "")]
    [InlineData(3, 30, PromotionModes.Disabled, "observe_paper", "paper", "promotion_disabled", "")]
    public void Next_FollowsPhaseAndGovernance(double backtestDays, double paperDays, string mode, string action, string stage, string reason, string requires)
    {
        var facts = Facts(Runs("b", backtestDays), paperDays > 0 ? Runs("p", paperDays) : null);
        var step = CampaignSteps.Next("w", CampaignRules.Stand(facts, Terms), mode, allowLive: true, Start);
        Assert.Equal((action, stage, reason, requires), (step.Action, step.Stage, step.Reason, string.Join(',', step.Requires)));
        Assert.StartsWith($"{action}:w:s:{stage}", step.Key, StringComparison.Ordinal);
    }

    [Fact]
    public void Next_WorldWithoutLive_SaysThatToo()
    {
        var standing = CampaignRules.Stand(Facts(Runs("b", 3), Runs("p", 30)), Terms);
        Assert.Equal(["operator_approval", "allow_live"], CampaignSteps.Next("w", standing, PromotionModes.Manual, allowLive: false, Start).Requires);
        Assert.Equal(["allow_live"], CampaignSteps.Next("w", standing, PromotionModes.AutoApply, allowLive: false, Start).Requires);
    }

    [Fact]
    public void Next_Keys_AreEqualWithinADayAndDifferentAfterIt()
    {
        var standing = CampaignRules.Stand(Facts(Runs("b", 0)), Terms);
        string Key(double hours) => CampaignSteps.Next("w", standing, PromotionModes.Manual, allowLive: true, Start.AddHours(hours)).Key;
        Assert.Equal("evaluate:w:s:backtest:camp-w-s-backtest-20260101", Key(0));
        Assert.Equal(Key(0), Key(23.99));
        Assert.NotEqual(Key(0), Key(24));
    }

    [Fact]
    public void RunId_NamesThatAreNoIds_BecomeSome()
    {
        Assert.Equal("camp-w-a-b-c-paper-20260101", CampaignSteps.RunId("w", "a:b+c", "paper", Start));
        var first = CampaignSteps.RunId(new string('w', 64), new string('x', 199) + "1", "backtest", Start);
        var second = CampaignSteps.RunId(new string('w', 64), new string('x', 199) + "2", "backtest", Start);
        Assert.NotEqual(first, second);
        Assert.InRange(first.Length, 1, 200);
    }

    private static CampaignFacts Facts(StageRuns? backtest = null, StageRuns? paper = null, StageRuns? live = null, StageRow? standing = null) => new("s", backtest, paper, live, standing);

    private static StageRuns Runs(string id, double days, RunFigures? figures = null) => new(id, Start, Start.AddDays(days), Start.AddDays(days), figures ?? Good);

    private static StageRow Standing(string stage, double day) => new() { WorldId = "w", StrategyId = "s", Stage = stage, RunId = "r", Since = Start.AddDays(day) };
}
