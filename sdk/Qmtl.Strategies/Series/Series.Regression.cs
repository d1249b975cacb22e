namespace Qmtl.Strategies;

/// <content>How the last n values move with another series, and the straight line through them.</content>
public sealed partial class Series
{
    /// <summary>Pearson's correlation of this with <paramref name="other"/> over the last <paramref name="period"/> bars, -1..1.</summary>
    /// <remarks>Missing while either is flat. TA-Lib's CORREL gives 0 there; pandas agrees with missing.</remarks>
    /// <param name="other">The other series.</param>
    /// <param name="period">Bars of the window, 2..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Correlation(Series other, int period) => Rolling<Correlation>(other, period, min: 2);

    /// <summary>The covariance of this with <paramref name="other"/>: sum((x - mean x)(y - mean y)) / n, or / (n - 1) for a <paramref name="sample"/>.</summary>
    /// <param name="other">The other series.</param>
    /// <param name="period">Bars of the window, 1..10000; at least 2 for a sample.</param>
    /// <param name="sample">False: of the population. True: of a sample, as pandas has it.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Covariance(Series other, int period, bool sample = false) =>
        sample ? Rolling<SampleCovariance>(other, period, min: 2) : Rolling<Covariance>(other, period, min: 1);

    /// <summary>The slope of this on <paramref name="other"/>: covariance / variance of the other; missing while the other is flat.</summary>
    /// <remarks>
    /// Of the values as they are: a hedge ratio when both are prices. For a market beta give it returns, as TA-Lib's BETA takes them itself.
    /// </remarks>
    /// <param name="other">What this is explained by, such as a benchmark.</param>
    /// <param name="period">Bars of the window, 2..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Beta(Series other, int period) => Rolling<Beta>(other, period, min: 2);

    /// <summary>The rise a bar of the least-squares line through the last <paramref name="period"/> values.</summary>
    /// <remarks>TA-Lib's LINEARREG_SLOPE.</remarks>
    /// <param name="period">Bars of the window, 2..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Slope(int period) => Rolling<TimeSums, Slope>(period, min: 2);

    /// <summary>The height of that line on the oldest bar of the window.</summary>
    /// <remarks>TA-Lib's LINEARREG_INTERCEPT.</remarks>
    /// <param name="period">Bars of the window, 2..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Intercept(int period) => Rolling<TimeSums, Intercept>(period, min: 2);

    /// <summary>The height of that line on the present bar: an average that follows a straight move without lag.</summary>
    /// <remarks>TA-Lib's LINEARREG, also known as the least-squares moving average.</remarks>
    /// <param name="period">Bars of the window, 2..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series LinearRegression(int period) => Rolling<TimeSums, LineEnd>(period, min: 2);

    /// <summary>The height of that line one bar ahead: what the present trend says of the next bar, from past bars only.</summary>
    /// <remarks>TA-Lib's TSF, the time series forecast.</remarks>
    /// <param name="period">Bars of the window, 2..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series TimeSeriesForecast(int period) => Rolling<TimeSums, LineForecast>(period, min: 2);

    /// <summary>The share of the variance of the last <paramref name="period"/> values that the line explains, 0..1; missing in a flat window.</summary>
    /// <param name="period">Bars of the window, 2..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series RSquared(int period) => Rolling<TimeSums, RSquared>(period, min: 2);

    private Series Rolling<TReading>(Series other, int period, int min)
        where TReading : struct, IWindowReading<CoMoments>
    {
        CheckWindow(TReading.Name, period, min);
        return new Series(Node.Of(new WindowKernel<CoMoments, TReading>(period), Node, other.Node));
    }
}
