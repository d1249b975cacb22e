using Qmtl.V1;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>Verdicts as the contract words them.</summary>
internal static class StandingMessages
{
    public static PolicyStanding Of(StrategyVerdict verdict)
    {
        var standing = new PolicyStanding
        {
            StrategyId = verdict.StrategyId,
            Active = verdict.Active,
            Selected = verdict.Selected,
            Code = verdict.Code,
            Score = verdict.Score is { } score && double.IsFinite(score) ? score : null,
            Rank = verdict.Rank,
        };
        standing.Reasons.Add(verdict.Reasons.Select(ReasonMessages.Of));
        return standing;
    }
}
