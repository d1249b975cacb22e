using Qmtl.V1;
using Qmtl.WorldService.Policies.Layers;

namespace Qmtl.WorldService.Evaluation.Layers;

/// <summary>What the strategies judged together are as a group, and where each of them stands in it. Pure.</summary>
internal sealed class CohortLayer
{
    private readonly Dictionary<string, int> _rankBySharpe;

    private CohortLayer(double? sharpe, double? deflated, Dictionary<string, int> ranks)
    {
        MedianSharpe = sharpe;
        MedianDeflatedSharpe = deflated;
        _rankBySharpe = ranks;
    }

    /// <summary>Median of the annualised Sharpe ratios that are known.</summary>
    public double? MedianSharpe { get; }

    /// <summary>Median of the deflated Sharpe ratios that are known.</summary>
    public double? MedianDeflatedSharpe { get; }

    public static CohortLayer Of(IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> metrics)
    {
        var sharpes = Known(metrics, "sharpe");
        var ranked = sharpes.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).ToArray();
        var ranks = new Dictionary<string, int>(ranked.Length, StringComparer.Ordinal);
        for (var i = 0; i < ranked.Length; i++) ranks[ranked[i].Key] = i + 1;
        return new CohortLayer(Median(sharpes), Median(Known(metrics, "dsr")), ranks);
    }

    public RuleResult Judge(CohortPolicy policy, string strategyId, bool missingFails) => LayerRule.Judge(
        LayerKind.Cohort,
        policy,
        [
            LayerCheck.Min("median_sharpe", MedianSharpe, policy.SharpeMedianMin, "cohort_median_sharpe_below_min", "median_sharpe_missing"),
            LayerCheck.Min("median_dsr", MedianDeflatedSharpe, policy.DsrMedianMin, "cohort_median_dsr_below_min", "median_dsr_missing"),
            LayerCheck.Max("sharpe_rank", _rankBySharpe.TryGetValue(strategyId, out var rank) ? rank : null, policy.TopK, "cohort_top_k_exceeded", "top_k_unavailable"),
        ],
        missingFails);

    private static List<KeyValuePair<string, double>> Known(IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> metrics, string name)
    {
        var known = new List<KeyValuePair<string, double>>(metrics.Count);
        foreach (var (strategy, values) in metrics)
        {
            if (values.TryGetValue(name, out var value) && double.IsFinite(value)) known.Add(new(strategy, value));
        }

        return known;
    }

    private static double? Median(List<KeyValuePair<string, double>> values)
    {
        if (values.Count == 0) return null;
        var sorted = values.Select(pair => pair.Value).Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
