using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies.Layers;

/// <summary>Reads validation profiles, and which of them judges which stage.</summary>
internal static class ProfileReader
{
    public static readonly string[] Keys = ["validation_profiles", "default_profile_by_stage"];

    private static readonly string[] Stages = ["backtest", "backtest_only", "paper", "paper_only", "live", "live_only"];

    public static IReadOnlyList<ValidationProfile> Profiles(SectionReader root) =>
        [.. root.Sections("validation_profiles", "a profile", "sample", "performance", "robustness", "risk")
            .Select(profile => ReadOne(profile.Name, profile.Section)).OrderBy(profile => profile.Name, StringComparer.Ordinal)];

    /// <summary>Stage to profile. A stage that names a profile which does not exist would be judged by another one unnoticed, so it is a problem.</summary>
    public static IReadOnlyDictionary<string, string> ByStage(SectionReader root, IReadOnlyList<ValidationProfile> profiles, ProblemList problems)
    {
        var byStage = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (root.Section("default_profile_by_stage", Stages) is not { } section) return byStage;
        var known = profiles.Select(profile => profile.Name).ToArray();
        foreach (var stage in Stages.Where(section.Has))
        {
            if (section.Text(stage) is not { Length: > 0 } name) continue;
            if (known.Contains(name, StringComparer.Ordinal)) byStage[stage] = name;
            else problems.Invalid(section.Node(stage)!, $"validation_profiles has no profile '{name}'" + Nearest.Hint(name, known));
        }

        return byStage;
    }

    private static ValidationProfile ReadOne(string name, SectionReader profile)
    {
        var sample = LayerReader.Section(profile, "sample", "min_effective_years", "min_trades_total");
        var performance = LayerReader.Section(profile, "performance", "sharpe_min", "max_dd_max", "gain_to_pain_min");
        var robustness = LayerReader.Section(profile, "robustness", "dsr_min", "cv_sharpe_gap_max");
        var risk = LayerReader.Section(profile, "risk", "adv_utilization_p95_max", "participation_rate_p95_max");
        return new ValidationProfile(
            name,
            sample is null ? null : LayerReader.Stand(sample, new SamplePolicy(sample.Number("min_effective_years", 0), sample.Integer("min_trades_total", 0))),
            performance is null ? null : LayerReader.Stand(performance, new PerformancePolicy(
                performance.Number("sharpe_min"), performance.Number("max_dd_max", 0, 1), performance.Number("gain_to_pain_min"))),
            robustness is null ? null : LayerReader.Stand(robustness, new RobustnessPolicy(robustness.Number("dsr_min", 0, 1), robustness.Number("cv_sharpe_gap_max", 0))),
            risk is null ? null : LayerReader.Stand(risk, new RiskLimitsPolicy(risk.Number("adv_utilization_p95_max", 0), risk.Number("participation_rate_p95_max", 0))));
    }
}
