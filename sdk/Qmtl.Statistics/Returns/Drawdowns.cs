namespace Qmtl.Statistics;

/// <summary>How an equity curve fell below its peaks.</summary>
/// <param name="MaxDrawdown">Largest fall from a peak, positive.</param>
/// <param name="Ulcer">√(mean of squared falls).</param>
/// <param name="UnderWaterShare">Share of points below the peak.</param>
/// <param name="LongestUnderWater">Longest streak of points below the peak.</param>
/// <param name="PeakIndex">The point the largest fall started from; −1 is the start before the first return.</param>
/// <param name="TroughIndex">The point the largest fall ended at; −1 without a fall.</param>
/// <param name="RecoveryIndex">The first point at or above that peak again; null while it is not reached.</param>
public readonly record struct DrawdownSummary(
    double MaxDrawdown, double Ulcer, double UnderWaterShare, int LongestUnderWater, int PeakIndex, int TroughIndex, int? RecoveryIndex);

/// <summary>Drawdowns of returns and equity curves.</summary>
public static class Drawdowns
{
    /// <summary>Of compounded returns, starting from equity 1; falls are fractions of the peak.</summary>
    public static DrawdownSummary Compounded(ReadOnlySpan<double> returns)
    {
        var scan = new DrawdownScan(peak: 1);
        var level = 1.0;
        foreach (var r in returns)
        {
            level *= 1 + r;
            scan.Add(level);
        }

        return scan.Summary;
    }

    /// <summary>Of the running sum of returns, starting from 0; falls are in units of return.</summary>
    public static DrawdownSummary Additive(ReadOnlySpan<double> returns)
    {
        var scan = new DrawdownScan(peak: 0, relative: false);
        var level = 0.0;
        foreach (var r in returns)
        {
            level += r;
            scan.Add(level);
        }

        return scan.Summary;
    }

    /// <summary>Of an equity curve; falls are fractions of the peak, the first point being the first peak.</summary>
    public static DrawdownSummary Equity(ReadOnlySpan<double> equity)
    {
        var scan = new DrawdownScan(peak: double.NegativeInfinity);
        scan.Add(equity);
        return scan.Summary;
    }
}
