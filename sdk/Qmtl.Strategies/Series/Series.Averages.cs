namespace Qmtl.Strategies;

/// <content>Moving averages.</content>
public sealed partial class Series
{
    /// <summary>The exponential moving average, y' = y + 2 / (n + 1) (x - y), seeded by the simple mean of the first <paramref name="period"/> values.</summary>
    /// <remarks>First value after n - 1 bars. Seeded as in TA-Lib, LEAN and Skender; pandas' <c>ewm(adjust=False)</c> begins with the first price instead.</remarks>
    /// <param name="period">Bars that the weight stands for, 1..10000.</param>
    public Series Ema(int period)
    {
        Check("ema", period, Kernel.MaxPeriod, "period");
        return new Series(Node.Of(ExponentialKernel.Ema(period), Node));
    }

    /// <summary>Wilder's smoothing, y' = y + (x - y) / n, seeded by the simple mean of the first <paramref name="period"/> values.</summary>
    /// <remarks>
    /// Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978. Also known as RMA or SMMA; it is an EMA of 2n - 1 bars but
    /// for its seed. First value after n - 1 bars. As in TA-Lib's RSI and ATR and in TradingView's <c>ta.rma</c>.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Wilder(int period)
    {
        Check("wilder", period, Kernel.MaxPeriod, "period");
        return new Series(Node.Of(ExponentialKernel.Wilder(period), Node));
    }

    /// <summary>The linearly weighted moving average: weight n for the latest value down to 1 for the oldest.</summary>
    /// <remarks>First value after n - 1 bars; constant cost per bar, and an error bounded by the window however long the history.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Wma(int period)
    {
        Check("wma", period, Kernel.MaxPeriod, "period");
        return new Series(Node.Of(new WmaKernel(period), Node));
    }

    /// <summary>Hull's moving average: WMA(sqrt n) of 2 WMA(n / 2) - WMA(n), both lengths rounded down.</summary>
    /// <remarks>Source: A. Hull, 2005. First value after n - 1 + floor(sqrt n) - 1 bars. Rounded as in TradingView and pandas-ta.</remarks>
    /// <param name="period">n, 2..10000.</param>
    public Series Hma(int period)
    {
        CheckWindow("hma", period, 2);
        return ((2.0 * Wma(period / 2)) - Wma(period)).Wma((int)Math.Sqrt(period));
    }

    /// <summary>Mulloy's double exponential average: 2 EMA - EMA of EMA.</summary>
    /// <remarks>
    /// Source: P. Mulloy, Smoothing Data with Faster Moving Averages, TASC 1/1994. Each average is seeded by the mean of its own first n
    /// inputs, so the first value comes after 2 (n - 1) bars, as in TA-Lib.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Dema(int period)
    {
        Check("dema", period, Kernel.MaxPeriod, "period");
        var once = Ema(period);
        return (2.0 * once) - once.Ema(period);
    }

    /// <summary>Mulloy's triple exponential average: 3 EMA - 3 EMA² + EMA³.</summary>
    /// <remarks>
    /// Source: P. Mulloy, TASC 2/1994. Each average is seeded by the mean of its own first n inputs, so the first value comes after
    /// 3 (n - 1) bars, as in TA-Lib.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Tema(int period)
    {
        Check("tema", period, Kernel.MaxPeriod, "period");
        var once = Ema(period);
        var twice = once.Ema(period);
        return (3.0 * (once - twice)) + twice.Ema(period);
    }

    /// <summary>The triangular moving average: a simple average of a simple average, weights rising to the middle of the window.</summary>
    /// <remarks>First value after n - 1 bars. An even n has two equal weights in the middle, as in TA-Lib.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Trima(int period)
    {
        Check("trima", period, Kernel.MaxPeriod, "period");
        return Sma((period + 1) / 2).Sma((period / 2) + 1);
    }

    /// <summary>The zero-lag exponential average: the EMA of x + (x - x of (n - 1) / 2 bars ago).</summary>
    /// <remarks>Source: J. Ehlers and R. Way, Zero Lag (Well, Almost), TASC 11/2010. The lag is rounded down, as in pandas-ta.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Zlema(int period)
    {
        Check("zlema", period, Kernel.MaxPeriod, "period");
        return ((2.0 * this) - Shift((period - 1) / 2)).Ema(period);
    }

    /// <summary>Tillson's T3: three passes of (1 + v) EMA - v EMA of EMA.</summary>
    /// <remarks>
    /// Source: T. Tillson, Better Moving Averages, TASC 1/1998. With e3..e6 for the third to sixth EMA of EMA it is
    /// -v³ e6 + (3v² + 3v³) e5 - (6v² + 3v + 3v³) e4 + (1 + 3v + v³ + 3v²) e3. First value after 6 (n - 1) bars, as in TA-Lib.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    /// <param name="volumeFactor">v, 0 (a triple EMA) to 1.</param>
    public Series T3(int period, double volumeFactor = 0.7)
    {
        Check("t3", period, Kernel.MaxPeriod, "period");
        CheckNumber("t3", volumeFactor, 0, 1, "volumeFactor");
        var third = Ema(period).Ema(period).Ema(period);
        var fourth = third.Ema(period);
        var fifth = fourth.Ema(period);
        var sixth = fifth.Ema(period);
        var v = volumeFactor;
        var (square, cube) = (v * v, v * v * v);
        return (-cube * sixth) + (3 * (square + cube) * fifth) - (3 * ((2 * square) + v + cube) * fourth) + ((1 + (3 * v) + cube + (3 * square)) * third);
    }

    private void CheckNumber(string name, double value, double min, double max, string argument)
    {
        if (!(value >= min && value <= max)) throw Refuse.Argument(name, Node, argument, FormattableString.Invariant($"must be a number {min}..{max}, was {value}"));
    }
}
