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
    private enum Curve
    {
        Compounded,
        Additive,
        Equity,
    }

    /// <summary>Of compounded returns, starting from equity 1; falls are fractions of the peak.</summary>
    public static DrawdownSummary Compounded(ReadOnlySpan<double> returns) => Scan(returns, Curve.Compounded, start: 1);

    /// <summary>Of the running sum of returns, starting from 0; falls are in units of return.</summary>
    public static DrawdownSummary Additive(ReadOnlySpan<double> returns) => Scan(returns, Curve.Additive, start: 0);

    /// <summary>Of an equity curve; falls are fractions of the peak, the first point being the first peak.</summary>
    public static DrawdownSummary Equity(ReadOnlySpan<double> equity) => Scan(equity, Curve.Equity, start: double.NegativeInfinity);

    private static DrawdownSummary Scan(ReadOnlySpan<double> values, Curve curve, double start)
    {
        double level = start, peak = start, worst = 0, squares = 0;
        int peakAt = -1, worstPeak = -1, worstTrough = -1, below = 0, streak = 0, longest = 0;
        int? recovery = null;
        for (var i = 0; i < values.Length; i++)
        {
            level = curve switch
            {
                Curve.Compounded => level * (1 + values[i]),
                Curve.Additive => level + values[i],
                _ => values[i],
            };
            if (level >= peak)
            {
                if (worstTrough >= 0 && recovery is null && peakAt == worstPeak) recovery = i;
                (peak, peakAt, streak) = (level, i, 0);
                continue;
            }

            below++;
            longest = Math.Max(longest, ++streak);
            var fall = curve == Curve.Additive ? peak - level : 1 - (level / peak);
            squares += fall * fall;
            if (fall > worst) (worst, worstPeak, worstTrough, recovery) = (fall, peakAt, i, null);
        }

        return values.IsEmpty
            ? new DrawdownSummary(0, 0, 0, 0, -1, -1, null)
            : new DrawdownSummary(worst, Math.Sqrt(squares / values.Length), (double)below / values.Length, longest, worstPeak, worstTrough, recovery);
    }
}
