using System.Globalization;

namespace Qmtl.Strategies;

/// <content>Statistics of the last n values. All are missing until n values are there, and again while one of the last n is missing.</content>
public sealed partial class Series
{
    /// <summary>The sum of the last <paramref name="period"/> values.</summary>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Sum(int period) => Rolling<PlainSum, PlainSum>(period);

    /// <summary>The largest of the last <paramref name="period"/> values, the present one among them.</summary>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Max(int period) => Rolling<Extreme<Largest>, Extreme<Largest>>(period);

    /// <summary>The smallest of the last <paramref name="period"/> values, the present one among them.</summary>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Min(int period) => Rolling<Extreme<Smallest>, Extreme<Smallest>>(period);

    /// <summary>How many bars ago the largest of the last <paramref name="period"/> values was: 0 is the present bar; of equal values the newest counts.</summary>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series ArgMax(int period) => Rolling<ExtremeAge<Largest>, ExtremeAge<Largest>>(period);

    /// <summary>How many bars ago the smallest of the last <paramref name="period"/> values was: 0 is the present bar; of equal values the newest counts.</summary>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series ArgMin(int period) => Rolling<ExtremeAge<Smallest>, ExtremeAge<Smallest>>(period);

    /// <summary>The variance of the last <paramref name="period"/> values: sum((x - mean)^2) / n, or / (n - 1) for a <paramref name="sample"/>.</summary>
    /// <param name="period">Bars of the window, 1..10000; at least 2 for a sample.</param>
    /// <param name="sample">False: of the population, as TA-Lib's VAR and numpy have it. True: of a sample, as pandas has it.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Variance(int period, bool sample = false) =>
        sample ? Rolling<Moments, SampleVariance>(period, min: 2) : Rolling<Moments, Variance>(period);

    /// <summary>The standard deviation of the last <paramref name="period"/> values: the root of <see cref="Variance"/>; exactly 0 when all are equal.</summary>
    /// <param name="period">Bars of the window, 1..10000; at least 2 for a sample.</param>
    /// <param name="sample">False: of the population, as in Bollinger's bands and TA-Lib's STDDEV. True: of a sample, as pandas has it.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series StdDev(int period, bool sample = false) =>
        sample ? Rolling<Moments, SampleStandardDeviation>(period, min: 2) : Rolling<Moments, StandardDeviation>(period);

    /// <summary>How many standard deviations the present value is above the mean of the last <paramref name="period"/>: (x - mean) / deviation.</summary>
    /// <remarks>Missing while all values are equal: 0 / 0 says nothing. scipy.stats.zscore agrees (population); pandas-ta divides by the sample's deviation.</remarks>
    /// <param name="period">Bars of the window, 2..10000.</param>
    /// <param name="sample">Divides by the deviation of a sample instead of the population's.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series ZScore(int period, bool sample = false) =>
        sample ? Rolling<Moments, SampleStandardScore>(period, min: 2) : Rolling<Moments, StandardScore>(period, min: 2);

    /// <summary>The quadratic mean of the last <paramref name="period"/> values: sqrt(sum(x^2) / n), about zero and not about the mean.</summary>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series RootMeanSquare(int period) => Rolling<SquareSum, SquareSum>(period);

    /// <summary>The skewness of the last <paramref name="period"/> values: m3 / m2^1.5 with m the mean powers of the distances from the mean.</summary>
    /// <remarks>Missing in a flat window. Fisher and Pearson's g1 (scipy.stats.skew); of a sample G1 = g1 sqrt(n (n - 1)) / (n - 2) (pandas, pandas-ta).</remarks>
    /// <param name="period">Bars of the window, 3..10000.</param>
    /// <param name="sample">The estimate from a sample, G1.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Skewness(int period, bool sample = false) =>
        sample ? Rolling<HigherMoments, SampleSkewness>(period, min: 3) : Rolling<HigherMoments, Skewness>(period, min: 3);

    /// <summary>The excess kurtosis of the last <paramref name="period"/> values: m4 / m2^2 - 3, which is 0 for a normal distribution.</summary>
    /// <remarks>
    /// Missing in a flat window. Fisher's g2 (scipy.stats.kurtosis); of a sample G2 = (n - 1) ((n + 1) g2 + 6) / ((n - 2) (n - 3)) (pandas, pandas-ta).
    /// </remarks>
    /// <param name="period">Bars of the window, 4..10000.</param>
    /// <param name="sample">The estimate from a sample, G2.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Kurtosis(int period, bool sample = false) =>
        sample ? Rolling<HigherMoments, SampleKurtosis>(period, min: 4) : Rolling<HigherMoments, Kurtosis>(period, min: 4);

    /// <summary>The mean distance of the last <paramref name="period"/> values from their mean: sum(|x - mean|) / n, as in Lambert's CCI.</summary>
    /// <remarks>Looks at the whole window on every bar: the cost grows with the period.</remarks>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series MeanAbsoluteDeviation(int period)
    {
        CheckWindow("mean_deviation", period, min: 1);
        return new Series(Node.Of(new ScanKernel<MeanDeviation>(period), Node));
    }

    /// <summary>The value that a share <paramref name="q"/> of the last <paramref name="period"/> values does not exceed, interpolated between the nearest two.</summary>
    /// <remarks>
    /// Place (n - 1) q of the sorted window, type 7 of Hyndman and Fan: numpy.quantile and pandas agree. The window is kept sorted; a bar costs two
    /// binary searches and one move of about n / 3 values.
    /// </remarks>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <param name="q">The share, 0..1: 0 is the smallest value, 0.5 the median, 1 the largest.</param>
    /// <exception cref="Identity.RefusalException">The period or the share is outside its range.</exception>
    public Series Quantile(int period, double q)
    {
        CheckWindow("rolling_quantile", period, min: 1);
        if (!(q is >= 0 and <= 1)) throw Refuse.Argument("rolling_quantile", Node, "q", $"must be a number 0..1, was {q.ToString(CultureInfo.InvariantCulture)}");
        return new Series(Node.Of(new QuantileKernel(period, q), Node));
    }

    /// <summary>The middle one of the last <paramref name="period"/> values, or the mean of the middle two: <see cref="Quantile"/> at 0.5.</summary>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Median(int period) => Quantile(period, 0.5);

    /// <summary>The percentage, 0..100, of the <paramref name="period"/> values before the present one that are not above it.</summary>
    /// <remarks>TradingView's ta.percentrank agrees. The first value comes on bar <paramref name="period"/>, counted from 0.</remarks>
    /// <param name="period">Bars to compare with, 1..9999.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series PercentRank(int period)
    {
        Check("percent_rank", period, Kernel.MaxPeriod - 1, "period");
        return new Series(Node.Of(new ScanKernel<PercentRank>(period + 1), Node));
    }

    private Series Rolling<TSum, TReading>(int period, int min = 1)
        where TSum : unmanaged, IWindowSum<TSum>
        where TReading : struct, IWindowReading<TSum>
    {
        CheckWindow(TReading.Name, period, min);
        return new Series(Node.Of(new WindowKernel<TSum, TReading>(period), Node));
    }

    private void CheckWindow(string name, int period, int min)
    {
        if (period < min || period > Kernel.MaxPeriod)
            throw Refuse.Argument(name, Node, "period", $"must be a whole number {min}..{Kernel.MaxPeriod}, was {period}");
    }
}
