using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Policies.Layers;

namespace Qmtl.WorldService.Evaluation.Layers;

/// <summary>What a layer is called and how much it weighs unless its policy says otherwise.</summary>
/// <param name="Name">Name of the rule in a run.</param>
/// <param name="OkCode">Reason code when every check passed.</param>
/// <param name="Severity">blocking, soft or info.</param>
/// <param name="Owner">quant, risk or ops.</param>
internal sealed record LayerKind(string Name, string OkCode, string Severity, string Owner)
{
    public static readonly LayerKind Cohort = new("cohort", "cohort_ok", "soft", "risk");
    public static readonly LayerKind Portfolio = new("portfolio", "portfolio_ok", "soft", "risk");
    public static readonly LayerKind Benchmark = new("benchmark", "benchmark_ok", "soft", "quant");
    public static readonly LayerKind Stress = new("stress", "stress_ok", "info", "ops");
    public static readonly LayerKind PaperShadow = new("paper_shadow_consistency", "paper_shadow_ok", "soft", "ops");
    public static readonly LayerKind LiveMonitoring = new("live_monitoring", "live_monitoring_ok", "soft", "risk");
}

/// <summary>
/// Turns the checks of a layer into the result of one strategy. The worst check decides: its status is the status and its code
/// the reason code, the first of equally bad ones; the reason tells all that did not pass. Pure.
/// </summary>
internal static class LayerRule
{
    /// <summary>The result of one layer.</summary>
    /// <param name="policy">Overrides severity and owner where it names them.</param>
    /// <param name="checks">The checks in order; a null stands for a limit that the policy does not set.</param>
    /// <param name="missingFails">Whether a number that nobody knows fails; else it warns.</param>
    public static RuleResult Judge(LayerKind kind, RulePolicy policy, IEnumerable<LayerCheck?> checks, bool missingFails)
    {
        var all = checks.OfType<LayerCheck>().ToArray();
        var violated = Array.FindAll(all, check => check.Distance < 0);
        var missing = Array.FindAll(all, check => check.Known is null);
        var notPassed = Array.FindAll(all, check => check.Code is not null);
        var failed = violated.Length > 0 || (missingFails && missing.Length > 0);
        var worst = violated.Length > 0 ? violated : missing;
        return new RuleResult
        {
            Status = failed ? "fail" : missing.Length > 0 ? "warn" : "pass",
            Severity = policy.Severity ?? kind.Severity,
            Owner = policy.Owner ?? kind.Owner,
            ReasonCode = worst.Length > 0 ? worst[0].Code : kind.OkCode,
            Reason = string.Join("; ", notPassed.Select(Sentence)),
            Details = new Struct { Fields = { ["checks"] = Value.ForList([.. all.Select(check => Value.ForStruct(Describe(check, missingFails)))]) } },
        };
    }

    /// <summary>Adds a fact to a result's details.</summary>
    public static void Note(RuleResult result, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text)) result.Details.Fields[name] = Value.ForString(text);
    }

    private static string Sentence(LayerCheck check) => check.Known is { } value
        ? string.Create(CultureInfo.InvariantCulture, $"{check.Metric} was {value:G6} and must be at {(check.IsMax ? "most" : "least")} {check.Limit:G6}")
        : $"{check.Metric} is not known";

    private static Struct Describe(LayerCheck check, bool missingFails)
    {
        var described = new Struct
        {
            Fields =
            {
                ["metric"] = Value.ForString(check.Metric),
                ["outcome"] = Value.ForString(check.Distance switch { null => missingFails ? "fail" : "warn", < 0 => "fail", _ => "pass" }),
                ["threshold"] = Value.ForNumber(check.Limit),
                ["threshold_type"] = Value.ForString(check.IsMax ? "max" : "min"),
            },
        };
        if (check.Code is { } code) described.Fields["code"] = Value.ForString(code);
        if (check.Known is { } value) described.Fields["value"] = Value.ForNumber(value);
        if (check.Distance is { } distance) described.Fields["distance"] = Value.ForNumber(distance);
        return described;
    }
}
