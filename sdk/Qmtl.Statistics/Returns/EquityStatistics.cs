using System.Numerics;
using System.Runtime.InteropServices;

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
        var returns = GC.AllocateUninitializedArray<double>(equity.Length - 1);
        Returns(equity, returns);
        return returns;
    }

    /// <summary>The report of a curve.</summary>
    /// <param name="equity">Equity at each bar's close.</param>
    /// <param name="barsPerYear">Bars in a year.</param>
    /// <param name="timestamps">Times of the bars since 1970, for durations; may be empty.</param>
    /// <param name="unitsPerSecond">Units of those times in a second: 1 for seconds, 1,000,000,000 for nanoseconds.</param>
    public static EquityReport Of(ReadOnlySpan<double> equity, double barsPerYear, ReadOnlySpan<long> timestamps = default, long unitsPerSecond = 1)
    {
        if (equity.IsEmpty) return new EquityReport(null, null, null, null, null, null, null, null, null);
        var (mean, deviation, downside, drawdown) = Scan(equity);
        var cagr = Cagr(equity[0], equity[^1], equity.Length - 1, barsPerYear);
        var year = Math.Sqrt(barsPerYear);
        return new EquityReport(
            ReturnStatistics.Ratio(equity[^1] - equity[0], equity[0]),
            cagr,
            ReturnStatistics.Finite(deviation * year),
            ReturnStatistics.Finite(ReturnStatistics.Ratio(mean, deviation) * year),
            ReturnStatistics.Finite(ReturnStatistics.Ratio(mean, downside) * year),
            ReturnStatistics.Ratio(cagr, drawdown.MaxDrawdown),
            drawdown.MaxDrawdown,
            Span(drawdown, timestamps, unitsPerSecond),
            drawdown.Ulcer);
    }

    internal static void Returns(ReadOnlySpan<double> equity, Span<double> returns)
    {
        var now = MemoryMarshal.Cast<double, Vector<double>>(equity[..returns.Length]);
        var next = MemoryMarshal.Cast<double, Vector<double>>(equity[1..]);
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(returns);
        for (var i = 0; i < vectors.Length; i++)
            vectors[i] = Vector.ConditionalSelect(Vector.GreaterThan(now[i], Vector<double>.Zero), (next[i] / now[i]) - Vector<double>.One, new Vector<double>(double.NaN));
        for (var i = vectors.Length * Vector<double>.Count; i < returns.Length; i++) returns[i] = equity[i] > 0 ? (equity[i + 1] / equity[i]) - 1 : double.NaN;
    }

    // One walk over the curve: each stretch of it is measured in every way while it is in the cache.
    private static (double? Mean, double? Deviation, double? Downside, DrawdownSummary Drawdown) Scan(ReadOnlySpan<double> equity)
    {
        var returns = default(ReturnScan);
        var drawdowns = new DrawdownScan(peak: double.NegativeInfinity);
        for (var start = 0; start < equity.Length; start += ReturnScan.Stretch)
        {
            var points = Math.Min(ReturnScan.Stretch, equity.Length - start);
            returns.Add(equity.Slice(start, Math.Min(points + 1, equity.Length - start)));
            drawdowns.Add(equity.Slice(start, points));
        }

        if (returns.IsFinite) return (returns.Mean, returns.SampleDeviation, returns.DownsideDeviation, drawdowns.Summary);

        // Undefined returns are left out, wherever they are.
        var finite = Moments.Finite(Returns(equity)).Span;
        return (Moments.Mean(finite), Moments.SampleDeviation(finite), ReturnStatistics.DownsideDeviation(finite), drawdowns.Summary);
    }

    /// <summary>(final / initial)^(bars per year / periods) − 1. Null without periods, or when more than everything was lost.</summary>
    internal static double? Cagr(double initial, double? final, int periods, double barsPerYear) =>
        periods > 0 && initial > 0 && final is >= 0 ? ReturnStatistics.Finite(Math.Pow(final.Value / initial, barsPerYear / periods) - 1) : null;

    private static TimeSpan? Span(DrawdownSummary drawdown, ReadOnlySpan<long> timestamps, long unitsPerSecond)
    {
        if (timestamps.IsEmpty || drawdown.TroughIndex < 0) return null;
        var units = timestamps[drawdown.RecoveryIndex ?? timestamps.Length - 1] - timestamps[Math.Max(drawdown.PeakIndex, 0)];
        return TimeSpan.FromSeconds(units / unitsPerSecond);
    }
}
