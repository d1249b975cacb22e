namespace Qmtl.Strategies;

/// <content>Oscillators built from rates of change and from places in a range.</content>
public sealed partial class Series
{
    /// <summary>How many bars in a row this has risen (positive) or fallen (negative); 0 on a bar without a change.</summary>
    public Series Streak() => new(Node.Of(new StreakKernel(), Node));

    /// <summary>Connors' RSI, 0..100: the mean of a short RSI, the RSI of the streak, and the rank of the last change.</summary>
    /// <remarks>
    /// Source: L. Connors and C. Alvarez, An Introduction to ConnorsRSI, 2012. The rank is that of the change in percent among the
    /// <paramref name="rank"/> changes before it, as in TradingView. First value after rank + 1 bars by default.
    /// </remarks>
    /// <param name="rsi">Bars of the RSI of this, 1..10000.</param>
    /// <param name="streak">Bars of the RSI of the streak, 1..10000.</param>
    /// <param name="rank">Changes to compare with, 1..9999.</param>
    public Series ConnorsRsi(int rsi = 3, int streak = 2, int rank = 100) => (Rsi(rsi) + Streak().Rsi(streak) + Roc(1).PercentRank(rank)) / 3.0;

    /// <summary>Ehlers' Laguerre RSI, 0..100: the relative strength of four filters that delay slow moves more than fast ones.</summary>
    /// <remarks>Source: J. Ehlers, Time Warp - Without Space Travel, 2004. Filters begin at the first value; without any movement it is 50.</remarks>
    /// <param name="gamma">Damping, 0 (none) to below 1.</param>
    public Series LaguerreRsi(double gamma = 0.5)
    {
        CheckNumber("laguerre_rsi", gamma, 0, 0.999, "gamma");
        return new Series(Node.Of(new LaguerreRsiKernel(gamma), Node));
    }

    /// <summary>The Coppock curve: WMA of the sum of two rates of change.</summary>
    /// <remarks>Source: E. Coppock, Barron's, 10/1962, for months. In percent. First value after max(slow, fast) + wma - 1 bars.</remarks>
    /// <param name="slow">Bars of the long rate of change, 1..9999.</param>
    /// <param name="fast">Bars of the short one, 1..9999.</param>
    /// <param name="average">Bars of the average, 1..10000.</param>
    public Series Coppock(int slow = 14, int fast = 11, int average = 10) => (Roc(slow) + Roc(fast)).Wma(average);

    /// <summary>Pring's "know sure thing": four smoothed rates of change, weighted 1 to 4; and its simple average.</summary>
    /// <remarks>Source: M. Pring, Summed Rate of Change, TASC 9/1992. Rates of 10, 15, 20 and 30 bars smoothed by 10, 10, 10 and 15, as in StockCharts.</remarks>
    /// <param name="signal">Bars of the signal, 1..10000.</param>
    public SignalLines Kst(int signal = 9)
    {
        var line = Roc(10).Sma(10) + (2.0 * Roc(15).Sma(10)) + (3.0 * Roc(20).Sma(10)) + (4.0 * Roc(30).Sma(15));
        return new SignalLines(line, line.Sma(signal));
    }

    /// <summary>Schaff's trend cycle, 0..100: the MACD's place in its range, smoothed, and the same of that again.</summary>
    /// <remarks>
    /// Source: D. Schaff, 1999. Smoothing takes half of each new value: an EMA of three bars. While a range is flat the last place is kept, as in
    /// TradingView's common script, so that a long trend stays at 100 or 0; missing until both ranges have first opened.
    /// </remarks>
    /// <param name="fast">Bars of the MACD's fast average, 1..10000.</param>
    /// <param name="slow">Bars of its slow average, 1..10000.</param>
    /// <param name="cycle">Bars of both ranges, 2..10000.</param>
    public Series SchaffCycle(int fast = 23, int slow = 50, int cycle = 10)
    {
        CheckWindow("schaff_cycle", cycle, 2);
        return KeptPlace(KeptPlace(Ema(fast) - Ema(slow)).Ema(3)).Ema(3);

        Series KeptPlace(Series value)
        {
            var lowest = value.Min(cycle);
            var range = value.Max(cycle) - lowest;
            var place = 100 * ((value - lowest) / range);
            return (range > 0.0).Then(place, place.ForwardFill());
        }
    }

    /// <summary>Ehlers' Fisher transform of the place in the range of n bars; its signal is its value of the bar before.</summary>
    /// <remarks>
    /// Source: J. Ehlers, Using the Fisher Transform, TASC 11/2002. Usually of the middle of high and low. A flat range counts as its middle.
    /// First value after n - 1 bars, signal one later.
    /// </remarks>
    /// <param name="period">n, 2..10000.</param>
    public SignalLines Fisher(int period = 9)
    {
        CheckWindow("fisher", period, 2);
        var lowest = Min(period);
        var highest = Max(period);
        // -0.5 at the lowest, 0.5 at the highest; the 0 of a flat range is the middle.
        var place = Percent((this - lowest) - (highest - this), highest - lowest) / 200.0;
        var line = new Series(Node.Of(new FisherKernel(), place.Node));
        return new SignalLines(line, line.Shift(1));
    }
}
