using System.Globalization;
using Qmtl.Statistics;

namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>Metrics of a strategy's newest live returns. Pure.</summary>
internal static class LiveMeasures
{
    private static readonly int[] Windows = [30, 60, 90];

    /// <summary>
    /// The plain names <c>live_sharpe</c>, <c>live_max_drawdown</c>, their aliases <c>realized_*</c> and <c>live_vs_backtest_sharpe_ratio</c> are
    /// those of <see cref="LiveFigures"/>: annualised, over the policy's look-back. The names that end in <c>_p30</c>, <c>_p60</c> and <c>_p90</c>
    /// are per period: mean over population deviation of one bar, and greatest compounded drawdown, over that many bars and only where there are
    /// that many.
    /// </summary>
    /// <param name="lookbackDays">The policy's look-back in days; null means the standard one.</param>
    /// <param name="backtestSharpe">Annualised Sharpe ratio of the backtest; null when unknown.</param>
    public static Dictionary<string, double> Compute(LiveReturns returns, int? lookbackDays, double? backtestSharpe)
    {
        var values = LiveFigures.Of(returns, lookbackDays, backtestSharpe).ToMetrics();
        foreach (var window in Windows)
        {
            if (returns.Values.Length < window) break;
            var newest = returns.Values.AsSpan(returns.Values.Length - window);
            Add(values, string.Create(CultureInfo.InvariantCulture, $"live_sharpe_p{window}"), ReturnStatistics.SharpePerPeriodPopulation(newest));
            Add(values, string.Create(CultureInfo.InvariantCulture, $"live_max_drawdown_p{window}"), ReturnStatistics.MaxDrawdown(newest));
        }

        return values;
    }

    private static void Add(Dictionary<string, double> values, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number)) values[name] = number;
    }
}
