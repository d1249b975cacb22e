namespace Qmtl.WorldService.Policies.Expressions;

/// <summary>Which of a run's rules a metric belongs to.</summary>
internal enum MetricClass
{
    DataCurrency,
    Sample,
    Risk,
    Robustness,
    Performance,
}

internal static class MetricClasses
{
    private static readonly string[] Currency = ["lag", "stale", "fresh", "as_of", "coverage"];
    private static readonly string[] Sample = ["sample", "history", "effective_history", "n_trades", "num_trades"];
    private static readonly string[] Risk = ["adv_", "participation_rate", "exposure", "var", "es", "beta", "correlation", "leverage", "tail"];
    private static readonly string[] Robustness = ["dsr", "psr", "deflated_sharpe", "probabilistic_sharpe", "cv_sharpe"];

    /// <summary>By the name's beginning, first match; a dotted name is judged by its last part.</summary>
    public static MetricClass Of(string metric)
    {
        var name = metric[(metric.LastIndexOf('.') + 1)..].ToLowerInvariant();
        if (StartsWithAny(name, Currency)) return MetricClass.DataCurrency;
        if (StartsWithAny(name, Sample) || name.Contains("trade", StringComparison.Ordinal)) return MetricClass.Sample;
        if (StartsWithAny(name, Risk)) return MetricClass.Risk;
        return StartsWithAny(name, Robustness) ? MetricClass.Robustness : MetricClass.Performance;
    }

    private static bool StartsWithAny(string name, string[] prefixes) => Array.Exists(prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}
