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
