using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Layers;

namespace Qmtl.WorldService.Evaluation.Profiles;

/// <summary>Which validation profile judges a run. Pure.</summary>
internal static class ProfileChoice
{
    /// <summary>
    /// What the policy names for the stage (<c>paper</c>, else <c>paper_only</c>), else the profile called like the stage, else the first
    /// that any stage names, else <c>backtest</c>, <c>paper</c>, or the first of all. Null when the policy has none.
    /// </summary>
    public static ValidationProfile? Choose(PolicyDocument policy, string stage)
    {
        if (policy.ValidationProfiles.Count == 0) return null;
        var byStage = policy.DefaultProfileByStage;
        string?[] names =
        [
            byStage.GetValueOrDefault(stage),
            byStage.GetValueOrDefault(stage + "_only"),
            stage,
            byStage.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value).FirstOrDefault(),
            "backtest",
            "paper",
        ];
        return names.Select(name => policy.ValidationProfiles.FirstOrDefault(profile => string.Equals(profile.Name, name, StringComparison.Ordinal))).FirstOrDefault(profile => profile is not null)
            ?? policy.ValidationProfiles[0];
    }
}
