using System.Globalization;
using Qmtl.Statistics;

namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>What the newest returns say. Pure.</summary>
internal static class LiveMeasures
{
    private static readonly int[] Windows = [30, 60, 90];

    /// <summary>
    /// Sharpe ratio of one bar (mean / population deviation) and greatest compounded drawdown over the last 30, 60 and 90 returns,
    /// each only where that many exist; <c>live_sharpe</c> and <c>live_max_drawdown</c> are those of the smallest window.
    /// </summary>
    /// <param name="backtestSharpe">Sharpe ratio of one bar in the backtest, for <c>live_vs_backtest_sharpe_ratio</c>.</param>
    public static Dictionary<string, double> Compute(ReadOnlySpan<double> returns, double? backtestSharpe)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var window in Windows)
        {
            if (returns.Length < window) break;
            var newest = returns[^window..];
            Add(values, string.Create(CultureInfo.InvariantCulture, $"live_sharpe_p{window}"), ReturnStatistics.SharpePerPeriodPopulation(newest));
            Add(values, string.Create(CultureInfo.InvariantCulture, $"live_max_drawdown_p{window}"), ReturnStatistics.MaxDrawdown(newest));
        }

        Alias(values, "sharpe");
        Alias(values, "max_drawdown");
        if (values.TryGetValue("live_sharpe", out var sharpe)) Add(values, "live_vs_backtest_sharpe_ratio", BaselineRatios.Ratio(sharpe, backtestSharpe));
        return values;
    }

    private static void Alias(Dictionary<string, double> values, string name)
    {
        if (!values.TryGetValue($"live_{name}_p{Windows[0]}", out var value)) return;
        values["live_" + name] = value;
        values["realized_" + name] = value;
    }

    private static void Add(Dictionary<string, double> values, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number)) values[name] = number;
    }
}
