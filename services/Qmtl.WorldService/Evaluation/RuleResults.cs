using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation.Profiles;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Groups the reasons of a verdict into the five rules of a run. Pure.</summary>
internal static class RuleResults
{
    private static readonly (string Name, MetricClass Class, string Severity, string Owner)[] Rules =
    [
        ("data_currency", MetricClass.DataCurrency, "blocking", "ops"),
        ("sample", MetricClass.Sample, "soft", "quant"),
        ("performance", MetricClass.Performance, "blocking", "quant"),
        ("risk_constraint", MetricClass.Risk, "blocking", "risk"),
        ("robustness", MetricClass.Robustness, "soft", "quant"),
    ];

    /// <summary>The five rules of one strategy, by name.</summary>
    /// <param name="reasons">Those of the verdict, and what the profile says beyond the selection.</param>
    /// <param name="profile">Overrides severities and owners where it names them; null without a profile.</param>
    public static IReadOnlyDictionary<string, RuleResult> Of(ReasonNode[] reasons, ProfileRules? profile)
    {
        var results = new Dictionary<string, RuleResult>(StringComparer.Ordinal);
        foreach (var (name, metricClass, severity, owner) in Rules)
        {
            var checks = reasons.SelectMany(Checks).Where(check => ClassOf(check) == metricClass).ToArray();
            var decisive = reasons.SelectMany(Decisive).Where(check => ClassOf(check) == metricClass).ToArray();
            var given = profile?.Of(name);
            results[name] = Result(given?.Severity ?? severity, given?.Owner ?? owner, checks, decisive);
        }

        return results;
    }

    /// <summary>A blocking failure fails the run; any other failure or warning warns.</summary>
    public static string Status(IEnumerable<RuleResult> results)
    {
        var status = "pass";
        foreach (var result in results)
        {
            if (result.Status is "fail" && result.Severity is "blocking") return "fail";
            if (result.Status is not "pass") status = "warn";
        }

        return status;
    }

    /// <summary>The reasons that made a verdict what it is: within a group, those of its parts that did not pass.</summary>
    public static IEnumerable<ReasonNode> Decisive(ReasonNode node)
    {
        if (node.Outcome == RuleOutcome.Pass) return [];
        var parts = node.Children.SelectMany(Decisive).ToArray();
        return parts.Length > 0 ? parts : [node];
    }

    private static IEnumerable<ReasonNode> Checks(ReasonNode node) => node.Children.Count == 0 ? [node] : node.Children.SelectMany(Checks);

    private static MetricClass ClassOf(ReasonNode node) => node.Rule switch
    {
        "data_currency" => MetricClass.DataCurrency,
        "min_history" => MetricClass.Sample,
        "correlation" or "exposure" or "hysteresis" => MetricClass.Risk,
        "threshold" or "gate" when node.Metric is not null => MetricClasses.Of(node.Metric),
        _ => MetricClass.Performance,
    };

    private static RuleResult Result(string severity, string owner, ReasonNode[] checks, ReasonNode[] decisive)
    {
        var first = decisive.FirstOrDefault(check => Blocks(check)) ?? decisive.FirstOrDefault();
        var result = new RuleResult
        {
            Status = first is null ? "pass" : Blocks(first) ? "fail" : "warn",
            Severity = severity,
            Owner = owner,
            ReasonCode = first?.Code ?? "ok",
            Reason = string.Join("; ", decisive.Select(Sentence)),
        };
        if (checks.Length > 0) result.Details = new Struct { Fields = { ["checks"] = Value.ForList([.. checks.Select(check => Value.ForStruct(Describe(check)))]) } };
        return result;
    }

    // Late data holds the world back, not the strategy.
    private static bool Blocks(ReasonNode node) => node.Outcome == RuleOutcome.Fail && node.Rule is not "data_currency";

    public static string Sentence(ReasonNode node)
    {
        var value = node.Value is { } number ? string.Create(CultureInfo.InvariantCulture, $"was {number:G6}") : "is not known";
        return node.Metric is null ? node.Text : $"{node.Text}: {node.Metric} {value}";
    }

    private static Struct Describe(ReasonNode node)
    {
        var check = new Struct
        {
            Fields =
            {
                ["rule"] = Value.ForString(node.Rule),
                ["text"] = Value.ForString(node.Text),
                ["outcome"] = Value.ForString(node.Outcome.ToString().ToLowerInvariant()),
            },
        };
        if (node.Code is { } code) check.Fields["code"] = Value.ForString(code);
        if (node.Metric is { } metric) check.Fields["metric"] = Value.ForString(metric);
        AddNumber(check, "value", node.Value);
        AddNumber(check, "threshold", node.Threshold);
        AddNumber(check, "distance", node.Distance);
        return check;
    }

    private static void AddNumber(Struct check, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number)) check.Fields[name] = Value.ForNumber(number);
    }
}
