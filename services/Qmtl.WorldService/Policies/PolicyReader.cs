using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Layers;

namespace Qmtl.WorldService.Policies;

/// <summary>
/// Understands a policy document. Strict: an unknown key, a wrong type or an unknown metric is a problem with its place, because
/// a rule that is silently skipped is worse than none.
/// </summary>
internal static class PolicyReader
{
    private static readonly string[] RootKeys =
    [
        "world", "version", "description", "data_currency", "selection", "thresholds", "top_k", "correlation", "hysteresis", "validation",
        "position_policy", "governance", "campaign", "custom_metrics", .. ProfileReader.Keys, .. LayerReader.Keys,
    ];

    private static readonly string[] SelectionKeys =
        ["gates", "score", "topk", "constraints", "hysteresis", "thresholds", "top_k", "correlation"];

    /// <summary>Reads the document; the result is null exactly when <paramref name="problems"/> lists something.</summary>
    public static PolicyDocument? Read(DocumentNode document, IMetricCatalog catalog, ProblemList problems)
    {
        if (document is not MappingNode mapping)
        {
            problems.Invalid(document, $"a policy must be a mapping, was {document.Kind}");
            return null;
        }

        var root = new SectionReader(mapping, problems, RootKeys);
        var metrics = new MetricResolver(catalog, CustomMetrics(root, problems), problems);
        var selection = root.Section("selection", SelectionKeys);
        var ranking = RankingReader.Read(root, selection, metrics, problems);
        var hysteresis = HysteresisReader.Read(root, selection, metrics, problems);
        var profiles = ProfileReader.Profiles(root);

        var policy = new PolicyDocument
        {
            World = root.Text("world"),
            Version = root.Integer("version", 1),
            Description = root.Text("description"),
            DataCurrency = ReadCurrency(root),
            Thresholds = ThresholdReader.Read(root, selection, metrics, problems),
            Gates = selection?.Node("gates") is { } gates ? GateReader.Read(gates, metrics, problems) : null,
            Ranking = ranking.Expression,
            TopK = ranking.TopK,
            MaxCorrelation = ranking.MaxCorrelation,
            Exposure = ranking.Exposure,
            Levels = hysteresis.Levels,
            Streaks = hysteresis.Streaks,
            Validation = ReadValidation(root),
            ValidationProfiles = profiles,
            DefaultProfileByStage = ProfileReader.ByStage(root, profiles, problems),
            Cohort = LayerReader.Cohort(root),
            Portfolio = LayerReader.Portfolio(root),
            Benchmark = LayerReader.Benchmark(root),
            Stress = LayerReader.Stress(root),
            PaperShadow = LayerReader.PaperShadow(root),
            LiveMonitoring = LayerReader.LiveMonitoring(root),
            Positions = ReadPositions(root),
            Governance = ReadGovernance(root),
            Campaign = ReadCampaign(root),
            CustomMetrics = metrics.Custom,
            Slots = metrics.Slots,
        };
        return problems.Items.Count == 0 ? policy : null;
    }

    private static List<string> CustomMetrics(SectionReader root, ProblemList problems)
    {
        var names = new List<string>();
        foreach (var name in root.Texts("custom_metrics"))
        {
            if (MetricResolver.IsName(name)) names.Add(name);
            else problems.Invalid(root.Node("custom_metrics")!, $"'{name}' is not a metric name: letters, digits, '_' and '.', beginning with a letter");
        }

        return names;
    }

    private static DataCurrencyPolicy? ReadCurrency(SectionReader root) =>
        root.Section("data_currency", "max_lag", "min_history", "bar_alignment") is { } section
            ? new DataCurrencyPolicy(
                section.Duration("max_lag"),
                section.Duration("min_history"),
                section.Word("bar_alignment", [DataCurrencyPolicy.Utc, DataCurrencyPolicy.ExchangeCalendar]))
            : null;

    private static ValidationPolicy ReadValidation(SectionReader root)
    {
        var section = root.Section("validation", "on_error", "on_missing_metric");
        var onError = section?.Word("on_error", ["fail", "warn"]);
        var onMissing = section?.Word("on_missing_metric", ["fail", "warn", "ignore"]) switch
        {
            "warn" => MissingMetric.Warn,
            "ignore" => MissingMetric.Ignore,
            _ => MissingMetric.Fail,
        };
        return new ValidationPolicy(!string.Equals(onError, "warn", StringComparison.Ordinal), onMissing);
    }

    private static PositionPolicy? ReadPositions(SectionReader root) =>
        root.Section("position_policy", "on_promote", "on_demote") is { } section
            ? new PositionPolicy(section.Word("on_promote", ["flat_then_enable", "carry"]), section.Word("on_demote", ["disable_then_flat", "carry"]))
            : null;

    private static GovernancePolicy? ReadGovernance(SectionReader root)
    {
        if (root.Section("governance", "live_promotion")?.Section("live_promotion", "mode", "cooldown", "max_live_slots", "canary_fraction", "approvers") is not { } section) return null;
        return new GovernancePolicy(
            section.Word("mode", ["disabled", "manual_approval", "auto_apply"]) ?? "manual_approval",
            section.Duration("cooldown"),
            section.Integer("max_live_slots", 0),
            section.Number("canary_fraction", 0, 1),
            section.Texts("approvers"));
    }

    private static CampaignPolicy? ReadCampaign(SectionReader root)
    {
        if (root.Section("campaign", "backtest", "paper", "common") is not { } section) return null;
        var common = section.Section("common", "min_sample_days", "min_trades_total");
        return new CampaignPolicy(
            section.Section("backtest", "window")?.Duration("window"),
            section.Section("paper", "window")?.Duration("window"),
            common?.Integer("min_sample_days", 0),
            common?.Integer("min_trades_total", 0));
    }
}
