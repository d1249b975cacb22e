namespace Qmtl.Strategies;

/// <content>How much a price moves, as the standard deviation of a bar's log return, estimated from the last n bars.</content>
/// <remarks>
/// All are fractions: 0.01 is one percent a bar. With the number of bars in a year they are annual, by its square root. Estimators that use the
/// range need fewer bars for the same precision, but take prices to move without gaps (all but Yang-Zhang) or without drift (Parkinson,
/// Garman-Klass). Prices must be above zero; a bar where they are not is missing.
/// </remarks>
public sealed partial class PriceSeries
{
    // The expected squared range of Brownian motion over its variance.
    private static readonly double RangeFactor = 4 * Math.Log(2);

    /// <summary>From close to close: the sample standard deviation of n log returns, about their mean.</summary>
    /// <remarks>First value after n bars.</remarks>
    /// <param name="period">n, 2..10000.</param>
    /// <param name="barsPerYear">1 for a bar's own deviation; 252 for annual figures from days of shares.</param>
    public Series HistoricalVolatility(int period = 20, double barsPerYear = 1)
    {
        CheckVolatility("historical_volatility", period, barsPerYear, min: 2);
        return Annual(Close.LogReturn().StdDev(period, sample: true), barsPerYear);
    }

    /// <summary>From the range: sqrt(mean(ln(high / low)²) / (4 ln 2)).</summary>
    /// <remarks>Source: M. Parkinson, The Extreme Value Method for Estimating the Variance of the Rate of Return, 1980. First value after n - 1 bars.</remarks>
    /// <param name="period">n, 1..10000.</param>
    /// <param name="barsPerYear">1 for a bar's own deviation.</param>
    public Series Parkinson(int period = 20, double barsPerYear = 1)
    {
        CheckVolatility("parkinson", period, barsPerYear);
        return (High / Low).Log().RootMeanSquare(period) * Math.Sqrt(barsPerYear / RangeFactor);
    }

    /// <summary>From range and body: sqrt(mean(ln(high / low)² / 2 - (2 ln 2 - 1) ln(close / open)²)).</summary>
    /// <remarks>Source: M. Garman and M. Klass, On the Estimation of Security Price Volatilities from Historical Data, 1980. First value after n - 1 bars.</remarks>
    /// <param name="period">n, 1..10000.</param>
    /// <param name="barsPerYear">1 for a bar's own deviation.</param>
    public Series GarmanKlass(int period = 20, double barsPerYear = 1)
    {
        CheckVolatility("garman_klass", period, barsPerYear);
        var (range, body) = ((High / Low).Log(), (Close / Open).Log());
        var variance = (range * range * 0.5) - (body * body * ((RangeFactor / 2) - 1));
        return Annual(variance.Sma(period).Sqrt(), barsPerYear);
    }

    /// <summary>From all four prices, whatever the drift: sqrt(mean(ln(h / c) ln(h / o) + ln(l / c) ln(l / o))).</summary>
    /// <remarks>Source: L. C. G. Rogers and S. Satchell, Estimating Variance from High, Low and Closing Prices, 1991. First value after n - 1 bars.</remarks>
    /// <param name="period">n, 1..10000.</param>
    /// <param name="barsPerYear">1 for a bar's own deviation.</param>
    public Series RogersSatchell(int period = 20, double barsPerYear = 1)
    {
        CheckVolatility("rogers_satchell", period, barsPerYear);
        return Annual(RogersSatchellVariance(period).Sqrt(), barsPerYear);
    }

    /// <summary>From all four prices and the gaps between bars, whatever the drift.</summary>
    /// <remarks>
    /// Source: D. Yang and Q. Zhang, Drift-Independent Volatility Estimation Based on High, Low, Open and Close Prices, 2000. variance = sample variance of
    /// ln(open / previous close) + k x that of ln(close / open) + (1 - k) x Rogers-Satchell, k = 0.34 / (1.34 + (n + 1) / (n - 1)). First value after n bars.
    /// </remarks>
    /// <param name="period">n, 2..10000.</param>
    /// <param name="barsPerYear">1 for a bar's own deviation.</param>
    public Series YangZhang(int period = 20, double barsPerYear = 1)
    {
        CheckVolatility("yang_zhang", period, barsPerYear, min: 2);
        var k = 0.34 / (1.34 + ((period + 1.0) / (period - 1)));
        var gap = (Open / Close.Shift(1)).Log().Variance(period, sample: true);
        var body = (Close / Open).Log().Variance(period, sample: true);
        return Annual((gap + (k * body) + ((1 - k) * RogersSatchellVariance(period))).Sqrt(), barsPerYear);
    }

    private Series RogersSatchellVariance(int period)
    {
        var up = (High / Close).Log() * (High / Open).Log();
        var down = (Low / Close).Log() * (Low / Open).Log();
        return (up + down).Sma(period);
    }

    private static Series Annual(Series deviation, double barsPerYear) => barsPerYear == 1 ? deviation : deviation * Math.Sqrt(barsPerYear);

    private void CheckVolatility(string operation, int period, double barsPerYear, int min = 1)
    {
        Argument.Whole(operation, this, period, min, Kernel.MaxPeriod, "period");
        Argument.Number(operation, this, barsPerYear, 1, 1e9, "barsPerYear");
    }
}
