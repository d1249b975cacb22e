using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies;

/// <summary>Reads the limits on how much capital the chosen strategies may take together.</summary>
internal static class ExposureReader
{
    public static ExposurePolicy? Read(SectionReader? selection, ProblemList problems)
    {
        if (selection?.Section("constraints", "correlation", "exposure")?.Section("exposure", "gross_budget", "max_leverage", "sector_cap", "sectors") is not { } section) return null;
        var budget = section.Section("gross_budget", "long", "short");
        var cap = section.Section("sector_cap", "per_sector");
        if (!section.Has("gross_budget") && !section.Has("max_leverage") && !section.Has("sector_cap"))
        {
            problems.Invalid(section.Mapping, "exposure needs gross_budget, max_leverage, sector_cap or several of them");
        }

        return new ExposurePolicy(
            budget?.Number("long", 0),
            budget?.Number("short", 0),
            section.Number("max_leverage", 0),
            cap?.Require("per_sector", cap.Number("per_sector", 0)),
            section.TextMap("sectors"));
    }
}
