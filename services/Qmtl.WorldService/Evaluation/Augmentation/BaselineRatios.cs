namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>How results compare with those of the strategy's own backtest. Pure.</summary>
internal static class BaselineRatios
{
    private static readonly (string Name, string Metric)[] Ratios =
    [
        ("paper_vs_backtest_sharpe_ratio", "sharpe"),
        ("paper_vs_backtest_dd_ratio", "max_dd"),
        ("paper_vs_backtest_var_p01_ratio", "var"),
        ("paper_vs_backtest_es_p01_ratio", "es"),
    ];

    /// <summary>Each metric over its value in the backtest, where both are known and the latter is above zero.</summary>
    public static Dictionary<string, double> Compute(IReadOnlyDictionary<string, double> paper, IReadOnlyDictionary<string, double> backtest)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, metric) in Ratios)
        {
            if (paper.TryGetValue(metric, out var now) && backtest.TryGetValue(metric, out var then) && Ratio(now, then) is { } ratio) values[name] = ratio;
        }

        return values;
    }

    /// <summary>Null unless the base is above zero: two losses would divide to something that looks like a success.</summary>
    public static double? Ratio(double value, double? baseline) => baseline is > 0 && double.IsFinite(value / baseline.Value) ? value / baseline.Value : null;
}
