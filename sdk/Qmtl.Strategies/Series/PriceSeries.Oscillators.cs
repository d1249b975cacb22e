namespace Qmtl.Strategies;

/// <content>Oscillators that need more than one price of a bar.</content>
public sealed partial class PriceSeries
{
    /// <summary>Lane's stochastic oscillator: where the close stands between the lowest low and the highest high of the last n bars, 0..100.</summary>
    /// <remarks>
    /// Source: G. Lane. K = SMA(smooth) of 100 (close - lowest) / (highest - lowest), D = SMA(signal) of K; smooth 1 is the fast form. A flat
    /// range gives 0, as in TA-Lib.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    /// <param name="smooth">Bars that smooth K, 1..10000.</param>
    /// <param name="signal">Bars of D, 1..10000.</param>
    public StochasticLines Stochastic(int period = 14, int smooth = 3, int signal = 3) =>
        StochasticLines.Of(Close, Low.Min(period), High.Max(period), smooth, signal);

    /// <summary>KDJ: the stochastic oscillator smoothed by Wilder's average, and J = 3 K - 2 D.</summary>
    /// <remarks>
    /// K' = K + (RSV - K) / smooth with RSV the raw stochastic, D the same of K. Both are seeded by the simple mean of their first values as every
    /// average here is; Chinese terminals begin at 50 instead, which is forgotten after some bars.
    /// </remarks>
    /// <param name="period">Bars of the range, 1..10000.</param>
    /// <param name="smooth">Weight 1 / smooth of a new RSV, 1..10000.</param>
    /// <param name="signal">Weight 1 / signal of a new K, 1..10000.</param>
    public KdjLines Kdj(int period = 9, int smooth = 3, int signal = 3)
    {
        var lowest = Low.Min(period);
        var k = Series.Percent(Close - lowest, High.Max(period) - lowest).Wilder(smooth);
        var d = k.Wilder(signal);
        return new KdjLines(k, d, (3.0 * k) - (2.0 * d));
    }

    /// <summary>Lambert's commodity channel index of the typical price (high + low + close) / 3; see <see cref="Series.Cci"/>.</summary>
    /// <param name="period">n, 2..10000.</param>
    public Series Cci(int period = 20) => Hlc3.Cci(period);

    /// <summary>Williams' %R, -100..0: how far the close is below the highest high of the last n bars, in percent of their range.</summary>
    /// <remarks>Source: L. Williams, How I Made One Million Dollars, 1973. A flat range gives 0, as in TA-Lib. First value after n - 1 bars.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series WilliamsR(int period = 14)
    {
        var highest = High.Max(period);
        return Series.Percent(Close - highest, highest - Low.Min(period));
    }

    /// <summary>Williams' ultimate oscillator, 0..100: buying pressure over true range in three windows, weighted 4, 2 and 1.</summary>
    /// <remarks>
    /// Source: L. Williams, The Ultimate Oscillator, TASC 8/1985. Pressure = close - min(low, previous close), range = max(high, previous close) -
    /// min(low, previous close). A window without range counts as 0, as in TA-Lib. First value after <paramref name="slow"/> bars.
    /// </remarks>
    /// <param name="fast">Bars of the short window, 1..10000.</param>
    /// <param name="middle">Bars of the middle window, 1..10000.</param>
    /// <param name="slow">Bars of the long window, 1..10000.</param>
    public Series UltimateOscillator(int fast = 7, int middle = 14, int slow = 28)
    {
        var before = Close.Shift(1);
        var bottom = Low.AtMost(before);
        var pressure = Close - bottom;
        var range = High.AtLeast(before) - bottom;
        Series Share(int period) => Series.Percent(pressure.Sum(period), range.Sum(period));
        return ((4.0 * Share(fast)) + (2.0 * Share(middle)) + Share(slow)) / 7.0;
    }

    /// <summary>Williams' awesome oscillator: the simple average of the bars' middles over <paramref name="fast"/> bars less that over <paramref name="slow"/>.</summary>
    /// <remarks>Source: B. Williams, Trading Chaos, 1995. In units of the price. First value after slow - 1 bars.</remarks>
    /// <param name="fast">Bars of the short average, 1..10000.</param>
    /// <param name="slow">Bars of the long average, 1..10000.</param>
    public Series AwesomeOscillator(int fast = 5, int slow = 34) => Hl2.Sma(fast) - Hl2.Sma(slow);
}

/// <summary>The lines of a KDJ.</summary>
/// <param name="K">The smoothed stochastic, 0..100.</param>
/// <param name="D">K smoothed.</param>
/// <param name="J">3 K - 2 D; leaves 0..100 at turns.</param>
public sealed record KdjLines(Series K, Series D, Series J);
