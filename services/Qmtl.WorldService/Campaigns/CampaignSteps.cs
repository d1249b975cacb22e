using System.Globalization;
using System.Text;
using Qmtl.Identity;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Campaigns;

/// <summary>One thing to do next.</summary>
/// <param name="Key">Equal for the same step, so that it is taken once: <c>action:world:strategy[:stage[:run]]</c>.</param>
/// <param name="Requires">What a person has to do first.</param>
/// <param name="RunId">Id of the run that the step makes, or is about; empty when there is none.</param>
internal sealed record CampaignStepPlan(string Action, string Key, string StrategyId, string Stage, string Reason, IReadOnlyList<string> Requires, string RunId);

/// <summary>What a campaign may suggest.</summary>
internal static class CampaignActions
{
    public const string Evaluate = "evaluate";
    public const string AutoApply = "auto_apply_live";
    public const string Approve = "manual_approval_required";
    public const string ObservePaper = "observe_paper";
    public const string ObserveLive = "observe_live";
}

/// <summary>What to do next with each strategy. Pure: asking changes nothing, and asking again on the same day gives the same keys.</summary>
internal static class CampaignSteps
{
    // Leaves room for prefix and date within what an id may be long.
    private const int SlugLength = 80;

    /// <summary>The next step of one strategy.</summary>
    /// <param name="mode">Governance mode of the policy.</param>
    /// <param name="allowLive">Whether the world allows live.</param>
    public static CampaignStepPlan Next(string worldId, CampaignStanding standing, string mode, bool allowLive, DateTimeOffset now)
    {
        var strategy = standing.Facts.StrategyId;
        return standing.Phase switch
        {
            CampaignPhases.Live => Step(CampaignActions.ObserveLive, StageNames.Live, "already_in_live_campaign", [], ""),
            CampaignPhases.Paper when !standing.PromotableToLive => Evaluate(StageNames.Paper, "continue_paper_campaign"),
            CampaignPhases.Paper => Promote(),
            _ => standing.PromotableToPaper ? Evaluate(StageNames.Paper, "promotable_to_paper") : Evaluate(StageNames.Backtest, "continue_backtest_campaign"),
        };

        CampaignStepPlan Evaluate(string stage, string reason) => Step(CampaignActions.Evaluate, stage, reason, [], RunId(worldId, strategy, stage, now));

        CampaignStepPlan Promote()
        {
            var run = standing.Facts.Paper!.LatestRunId;
            string[] open = allowLive ? [] : ["allow_live"];
            return mode switch
            {
                // Nobody may promote here, so there is nothing to do but to go on watching.
                PromotionModes.Disabled => Step(CampaignActions.ObservePaper, StageNames.Paper, PromotionReasons.Disabled, [], ""),
                PromotionModes.AutoApply => Step(CampaignActions.AutoApply, StageNames.Live, "promotable_to_live", open, run),
                _ => Step(CampaignActions.Approve, StageNames.Live, "promotable_to_live", ["operator_approval", .. open], run),
            };
        }

        CampaignStepPlan Step(string action, string stage, string reason, string[] requires, string run) => new(
            action, string.Join(':', run.Length > 0 ? [action, worldId, strategy, stage, run] : new[] { action, worldId, strategy, stage }), strategy, stage, reason, requires, run);
    }

    /// <summary><c>camp-{world}-{strategy}-{stage}-{YYYYMMDD}</c>: one run of a stage a day. Names too long for an id end in their hash.</summary>
    public static string RunId(string worldId, string strategyId, string stage, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"camp-{worldId}-{Slug(strategyId)}-{stage}-{now.UtcDateTime:yyyyMMdd}");

    private static string Slug(string id)
    {
        var slug = new StringBuilder(id.Length);
        foreach (var c in id) slug.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or '.' ? c : '-');
        if (slug.Length <= SlugLength) return slug.ToString();
        var hash = Blake3.HashHex(Encoding.UTF8.GetBytes(id))[..12];
        return $"{slug.ToString(0, SlugLength - 13)}-{hash}";
    }
}
