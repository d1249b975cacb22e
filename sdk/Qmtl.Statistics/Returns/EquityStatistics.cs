namespace Qmtl.Statistics;

/// <summary>Performance of an equity curve that is marked at the close of every bar, from bar 0 on.</summary>
/// <param name="TotalReturn">final / initial − 1.</param>
/// <param name="Cagr">(final / initial)^(bars per year / (bars − 1)) − 1.</param>
/// <param name="Volatility">Sample deviation of the returns between bars × √(bars per year).</param>
/// <param name="Sharpe">Mean / sample deviation of those returns × √(bars per year).</param>
/// <param name="Sortino">Mean / √(Σ min(r, 0)² / n) × √(bars per year).</param>
/// <param name="Calmar"><paramref name="Cagr"/> / <paramref name="MaxDrawdown"/>.</param>
/// <param name="MaxDrawdown">max(1 − equity / peak), positive.</param>
/// <param name="MaxDrawdownSpan">Time from the peak of the largest drawdown to its recovery, or to the last bar. Null without time stamps or drawdown.</param>
/// <param name="Ulcer">√(mean of squared drawdowns), as a fraction.</param>
public sealed record EquityReport(
    double? TotalReturn,
    double? Cagr,
    double? Volatility,
    double? Sharpe,
    double? Sortino,
    double? Calmar,
    double? MaxDrawdown,
    TimeSpan? MaxDrawdownSpan,
    double? Ulcer);

/// <summary>Statistics of equity curves.</summary>
public static class EquityStatistics
{
    /// <summary>The returns between successive points: n points give n − 1 returns. From an equity of zero or less there is no return (NaN).</summary>
    public static double[] Returns(ReadOnlySpan<double> equity)
    {
        if (equity.Length < 2) return [];
        var returns = new double[equity.Length - 1];
        for (var i = 0; i < returns.Length; i++) returns[i] = equity[i] > 0 ? (equity[i + 1] / equity[i]) - 1 : double.NaN;
        return returns;
    }

    /// <summary>The report of a curve.</summary>
    /// <param name="equity">Equity at each bar's close.</param>
    /// <param name="barsPerYear">Bars in a year.</param>
    /// <param name="timestamps">Epoch seconds of the bars, for durations; may be empty.</param>
    public static EquityReport Of(ReadOnlySpan<double> equity, double barsPerYear, ReadOnlySpan<long> timestamps = default)
    {
        var returns = Moments.Finite(Returns(equity)).Span;
        double? cagr = equity.IsEmpty ? null : Cagr(equity[0], equity[^1], equity.Length - 1, barsPerYear);
        var drawdown = Drawdowns.Equity(equity);
        return new EquityReport(
            equity.IsEmpty ? null : ReturnStatistics.Ratio(equity[^1] - equity[0], equity[0]),
            cagr,
            ReturnStatistics.Volatility(returns, barsPerYear),
            ReturnStatistics.Sharpe(returns, barsPerYear),
            ReturnStatistics.Sortino(returns, barsPerYear),
            ReturnStatistics.Ratio(cagr, drawdown.MaxDrawdown),
            equity.IsEmpty ? null : drawdown.MaxDrawdown,
            Span(drawdown, timestamps),
            equity.IsEmpty ? null : drawdown.Ulcer);
    }

    /// <summary>(final / initial)^(bars per year / periods) − 1. Null without periods, or when more than everything was lost.</summary>
    internal static double? Cagr(double initial, double? final, int periods, double barsPerYear) =>
        periods > 0 && initial > 0 && final is >= 0 ? ReturnStatistics.Finite(Math.Pow(final.Value / initial, barsPerYear / periods) - 1) : null;

    private static TimeSpan? Span(DrawdownSummary drawdown, ReadOnlySpan<long> timestamps)
    {
        if (timestamps.IsEmpty || drawdown.TroughIndex < 0) return null;
        return TimeSpan.FromSeconds(timestamps[drawdown.RecoveryIndex ?? timestamps.Length - 1] - timestamps[Math.Max(drawdown.PeakIndex, 0)]);
    }
}
