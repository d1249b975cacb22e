using Qmtl.WorldService.Policies.Selection;
using static Qmtl.WorldService.Tests.Policies.PolicyFixture;

namespace Qmtl.WorldService.Tests.Policies;

/// <summary>What a verdict says would have passed.</summary>
public sealed class ReasonTests
{
    [Theory]
    [InlineData("sharpe >= 1", 0.75, "sharpe >= 1 (sharpe was 0.75: 0.25 more)")]
    [InlineData("sharpe > 1", 1, "sharpe > 1")]
    [InlineData("sharpe <= 1", 1.5, "sharpe <= 1 (sharpe was 1.5: 0.5 less)")]
    [InlineData("sharpe == 1", 1.5, "sharpe == 1 (sharpe was 1.5: 0.5 less)")]
    [InlineData("{not: sharpe > 1}", 1.5, "sharpe <= 1")]
    [InlineData("{not: {or: [sharpe > 1, winrate > 1]}}", 1.5, "not (any of (sharpe > 1, winrate > 1))")]
    [InlineData("winrate >= 1", 0, "winrate >= 1 (winrate is not known)")]
    // Of two ways the nearer one, relative to the limit: 0.5 of 2 is a quarter, 1 of 10 is a tenth.
    [InlineData("{or: [sharpe >= 2, trades >= 10]}", 1.5, "trades >= 10 (trades was 9: 1 more)")]
    // A missing metric is the farthest way.
    [InlineData("{or: [winrate >= 0.1, sharpe >= 2]}", 1.5, "sharpe >= 2 (sharpe was 1.5: 0.5 more)")]
    // All that fail are needed, and only they.
    [InlineData("{and: [sharpe >= 2, trades >= 1, max_dd <= 0.1]}", 1.5, "sharpe >= 2 (sharpe was 1.5: 0.5 more) and max_dd <= 0.1 (max_dd was 0.3: 0.2 less)")]
    // A group is as far as its farthest part: 0.2 of 0.1 is twice the limit.
    [InlineData("{or: [{and: [sharpe >= 1.6, max_dd <= 0.1]}, trades >= 10]}", 1.5, "trades >= 10 (trades was 9: 1 more)")]
    public void Gate_ThatFails_SaysWhatWouldHavePassed(string gate, double sharpe, string needed)
    {
        var text = gate.StartsWith('{') ? gate : $"'{gate}'";
        var outcome = new PolicyFixture($"selection: {{gates: {text}}}").Evaluate(Strategy("a", ("sharpe", sharpe), ("trades", 9), ("max_dd", 0.3)));
        var reason = Assert.Single(outcome.Verdicts[0].Reasons);
        Assert.Equal(RuleOutcome.Fail, reason.Outcome);
        Assert.Equal(needed, reason.Needed);
        Assert.Equal(needed, ReasonMessages.Of(reason).Needed);
    }

    [Fact]
    public void Gate_ThatPasses_NeedsNothing()
    {
        var reason = Assert.Single(new PolicyFixture("selection: {gates: {or: [sharpe >= 1, winrate >= 1]}}").Evaluate(Strategy("a", ("sharpe", 1))).Verdicts[0].Reasons);
        Assert.Null(reason.Needed);
        Assert.Equal("", ReasonMessages.Of(reason).Needed);
        Assert.Equal((ReasonGroup.Any, 2), (reason.Group, reason.Children.Count));
    }

    [Fact]
    public void Message_KeepsTheTreeAndLeavesUnknownNumbersOut()
    {
        var reason = Assert.Single(new PolicyFixture("selection: {gates: {and: [sharpe >= 1, winrate >= 1]}}").Evaluate(Strategy("a", ("sharpe", 0.5))).Verdicts[0].Reasons);
        var message = ReasonMessages.Of(reason);
        Assert.Equal(("gate", "fail", SelectionCodes.GateFailed), (message.Rule, message.Outcome, message.Code));
        Assert.Equal((0.5, 1.0, -0.5), (message.Children[0].Value!.Value, message.Children[0].Threshold!.Value, message.Children[0].Distance!.Value));
        Assert.Null(message.Children[1].Value);
        Assert.Null(message.Children[1].Distance);
        Assert.Equal(SelectionCodes.MetricMissing, message.Children[1].Code);
    }

    [Fact]
    public void Correlation_WithAnIncumbentOfUnknownScore_DoesNotPromiseABetterScoreHelps()
    {
        var fixture = new PolicyFixture("data_currency: {min_history: 10d}\nselection: {score: sharpe, topk: {total: 5}, constraints: {correlation: {max_pairwise: 0.5}}}");
        var old = Strategy("old", ("sharpe", 1)) with { History = TimeSpan.FromDays(10) };
        fixture.Evaluate(old);
        var outcome = fixture.Evaluate([new("old", "new", 0.9)], old with { History = TimeSpan.FromDays(1) }, Strategy("new", ("sharpe", 5)) with { History = TimeSpan.FromDays(10) });
        Assert.Equal(["old"], outcome.Active);
        Assert.Equal("|correlation| <= 0.5 with old, which keeps its place", outcome.Find("new")!.Reasons[^1].Needed);
    }

    [Fact]
    public void Entrant_ThatFindsNoRoomForItsCapital_Waits()
    {
        // One place is worth 0.5; two fit under 1.0, and "old" keeps one of them until its second evaluation below.
        var fixture = new PolicyFixture(
            "selection: {score: sharpe, topk: {total: 2}, gates: sharpe >= 1, constraints: {exposure: {gross_budget: {long: 1}}}, hysteresis: {demote_after: 2}}");
        fixture.Evaluate(Weighted("old", 2, 0.6));
        var outcome = fixture.Evaluate(Weighted("old", 0, 0.6), Weighted("new", 2, 0.5));
        Assert.Equal(["old"], outcome.Active);
        var waiting = outcome.Find("new")!;
        Assert.Equal((true, SelectionCodes.ExposureHeld), (waiting.Selected, waiting.Code));
        Assert.Equal("gross long <= 1, with strategies that stay for now", waiting.Reasons[^1].Text);
        Assert.Equal(["new"], fixture.Evaluate(Weighted("old", 0, 0.6), Weighted("new", 2, 0.5)).Active);
    }

    [Fact]
    public void Find_KnowsEveryVerdictAndNoOther()
    {
        var outcome = new PolicyFixture("top_k: {metric: sharpe, k: 2}").Evaluate(Strategy("b", ("sharpe", 1)), Strategy("a", ("sharpe", 1)), Strategy("c", ("sharpe", 1)));
        Assert.All(outcome.Verdicts, verdict => Assert.Same(verdict, outcome.Find(verdict.StrategyId)));
        Assert.Null(outcome.Find("bb"));
    }

    private static Candidate Weighted(string id, double sharpe, double weight) => Strategy(id, ("sharpe", sharpe), ("weight", weight));
}
