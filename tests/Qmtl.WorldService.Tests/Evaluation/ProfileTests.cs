using Qmtl.WorldService.Evaluation.Profiles;
using Qmtl.WorldService.Tests.Policies;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Evaluation;

/// <summary>Which profile's limits a run is judged by.</summary>
public sealed class ProfileTests
{
    private const string Profiles =
        """
        validation_profiles:
          backtest: {risk: {participation_rate_p95_max: 0.3}}
          paper: {risk: {participation_rate_p95_max: 0.2}}
          strict: {risk: {participation_rate_p95_max: 0.1}}

        """;

    [Theory]
    // What the policy names for the stage, its own key before that of the stage "only".
    [InlineData("{paper: strict, paper_only: backtest}", "paper", "strict", 0.1)]
    [InlineData("{paper_only: strict}", "paper", "strict", 0.1)]
    [InlineData("{backtest_only: strict}", "backtest", "strict", 0.1)]
    // Else the profile that is called like the stage, whatever other stages name.
    [InlineData("{backtest_only: strict}", "paper", "paper", 0.2)]
    [InlineData("{}", "backtest", "backtest", 0.3)]
    // Else what the first stage names, else backtest: never no limits at all.
    [InlineData("{paper: strict}", "live", "strict", 0.1)]
    [InlineData("{live_only: paper, backtest: strict}", "live", "paper", 0.2)]
    [InlineData("{}", "live", "backtest", 0.3)]
    public void Choose_ByStage_GivesTheRiskLimitsOfThatProfile(string byStage, string stage, string name, double limit)
    {
        var policy = PolicyFixture.Load($"{Profiles}default_profile_by_stage: {byStage}");

        var chosen = ProfileChoice.Choose(policy, stage)!;
        var threshold = Assert.Single(new ProfileRules(chosen).AddTo(policy).Thresholds);

        Assert.Equal((name, $"{name}.risk_constraint.participation_rate_p95", limit), (chosen.Name, threshold.Name, threshold.Max));
    }

    [Theory]
    [InlineData("{a: {risk: {adv_utilization_p95_max: 0.4}}, b: {risk: {adv_utilization_p95_max: 0.5}}}", "a")]
    [InlineData("{b: {risk: {adv_utilization_p95_max: 0.5}}, paper: {risk: {adv_utilization_p95_max: 0.4}}}", "paper")]
    public void Choose_NothingNamesTheStage_TakesPaperElseTheFirst(string profiles, string name) =>
        Assert.Equal(name, ProfileChoice.Choose(PolicyFixture.Load($"validation_profiles: {profiles}"), "live")!.Name);

    [Fact]
    public void Choose_NoProfiles_IsNone() => Assert.Null(ProfileChoice.Choose(PolicyFixture.Load("thresholds: {s: {metric: sharpe, min: 1}}"), "paper"));

    /// <summary>The same figure passes one stage and fails the other, and the run says by which profile.</summary>
    [Theory]
    [InlineData("backtest", "backtest", "pass")]
    [InlineData("paper", "strict", "fail")]
    public async Task Evaluate_TheSameFigure_IsJudgedByTheProfileOfItsStage(string stage, string profile, string status)
    {
        await using var host = await WorldHosts.SqliteAsync();
        await host.WorldAsync("w", $"{Profiles}default_profile_by_stage: {{paper_only: strict}}", "a");
        var request = WorldHost.Request("w", "a", "r1", ("participation_rate_p95", 0.15));
        request.Stage = stage;

        await host.Client.EvaluateAsync(request).ResponseAsync.WaitAsync(TimeSpan.FromSeconds(30));

        var run = await host.RunAsync("w", "a", "r1");
        Assert.Equal((profile, status), (run.Validation.Profile, run.Validation.Results["risk_constraint"].Status));
    }
}
