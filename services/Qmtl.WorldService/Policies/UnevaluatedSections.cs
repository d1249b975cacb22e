using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies;

/// <summary>Sections of the policy language that this version does not evaluate. They are refused, never skipped.</summary>
internal static class UnevaluatedSections
{
    public static readonly string[] Keys =
    [
        "validation_profiles", "default_profile_by_stage", "cohort", "portfolio", "benchmark", "stress", "paper_shadow_consistency", "live_monitoring",
    ];

    public static void Report(SectionReader root, ProblemList problems)
    {
        foreach (var key in Keys)
        {
            if (root.Node(key) is { } node) problems.Unsupported(node, $"'{key}' is not supported yet; remove it, or state its limits under thresholds or selection.gates");
        }
    }
}
