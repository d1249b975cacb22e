namespace Qmtl.Strategies;

/// <content>Oscillators of one series.</content>
public sealed partial class Series
{
    /// <summary>The change over <paramref name="period"/> bars, in units of the series.</summary>
    /// <param name="period">Bars, 1..9999.</param>
    public Series Momentum(int period)
    {
        Check("momentum", period, Kernel.MaxPeriod - 1, "period");
        return this - Shift(period);
    }

    /// <summary>The rate of change over <paramref name="period"/> bars, in percent: 100 (x / x of n bars ago - 1).</summary>
    /// <param name="period">n, 1..9999.</param>
    public Series Roc(int period)
    {
        Check("roc", period, Kernel.MaxPeriod - 1, "period");
        return 100 * (Momentum(period) / Shift(period));
    }

    /// <summary>Wilder's relative strength index, 0..100.</summary>
    /// <remarks>
    /// Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978. 100 U / (U + D) with U and D the gains and losses smoothed by
    /// weight 1 / n and seeded by their simple means over the first n changes, as in TA-Lib, TradingView and StockCharts. First value after n
    /// bars. Without any movement it is 50, as in MetaTrader (Skender says 100, TA-Lib 0); with gains only 100.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Rsi(int period = 14)
    {
        Check("rsi", period, Kernel.MaxPeriod, "period");
        return new Series(Node.Of(new RsiKernel(period), Node));
    }

    /// <summary>The stochastic of the RSI: where it stands in its own range of the last bars, 0..100, and that smoothed.</summary>
    /// <remarks>
    /// Source: T. Chande and S. Kroll, The New Technical Trader, 1994. K = SMA(smooth) of 100 (RSI - lowest) / (highest - lowest), D = SMA(signal)
    /// of K, as in TradingView and pandas-ta. A flat range gives 0.
    /// </remarks>
    /// <param name="rsiPeriod">Bars of the RSI, 1..10000.</param>
    /// <param name="stochPeriod">Bars of its range, 1..10000.</param>
    /// <param name="signal">Bars of D, 1..10000.</param>
    /// <param name="smooth">Bars that smooth K; 1 leaves it as it is.</param>
    public StochasticLines StochRsi(int rsiPeriod = 14, int stochPeriod = 14, int signal = 3, int smooth = 3)
    {
        var rsi = Rsi(rsiPeriod);
        return StochasticLines.Of(rsi, rsi.Min(stochPeriod), rsi.Max(stochPeriod), smooth, signal);
    }

    /// <summary>Appel's moving average convergence and divergence.</summary>
    /// <remarks>
    /// Source: G. Appel, 1979. Line = EMA(fast) - EMA(slow), signal = EMA(signal) of the line, histogram = line - signal. Every EMA is seeded
    /// by its own first bars, as in LEAN and Skender (TA-Lib lets the fast one begin later). Line after slow - 1 bars,
    /// signal after slow + signal - 2.
    /// </remarks>
    /// <param name="fast">Bars of the fast average, 1..10000.</param>
    /// <param name="slow">Bars of the slow average, 1..10000.</param>
    /// <param name="signal">Bars of the signal, 1..10000.</param>
    public MacdLines Macd(int fast = 12, int slow = 26, int signal = 9) => MacdLines.Of(Ema(fast) - Ema(slow), signal);

    /// <summary>The percentage price oscillator: the MACD in percent of the slow average.</summary>
    /// <param name="fast">Bars of the fast average, 1..10000.</param>
    /// <param name="slow">Bars of the slow average, 1..10000.</param>
    /// <param name="signal">Bars of the signal, 1..10000.</param>
    public MacdLines Ppo(int fast = 12, int slow = 26, int signal = 9) => MacdLines.Of(100 * ((Ema(fast) - Ema(slow)) / Ema(slow)), signal);

    /// <summary>Hutson's TRIX: the change per bar, in percent, of a triple exponential average; and its signal.</summary>
    /// <remarks>
    /// Source: J. Hutson, Good TRIX, TASC 7/1983. Of the price itself, as in TA-Lib and StockCharts (TradingView takes its logarithm). Every EMA is
    /// seeded by the mean of its own first inputs. Line after 3 (n - 1) + 1 bars.
    /// </remarks>
    /// <param name="period">Bars of each of the three averages, 1..10000.</param>
    /// <param name="signal">Bars of the signal, 1..10000.</param>
    public SignalLines Trix(int period = 15, int signal = 9) => SignalLines.Of(Ema(period).Ema(period).Ema(period).Roc(1), signal);

    /// <summary>Chande's momentum oscillator, -100..100: the net move of n bars in percent of the path.</summary>
    /// <remarks>
    /// Source: T. Chande and S. Kroll, The New Technical Trader, 1994. 100 (gains - losses) / (gains + losses), plain sums of n changes as in
    /// TradingView and Skender (TA-Lib smooths them as Wilder does). A window without movement gives 0. First value after n bars.
    /// </remarks>
    /// <param name="period">n, 1..9999.</param>
    public Series Cmo(int period = 14)
    {
        Check("cmo", period, Kernel.MaxPeriod - 1, "period");
        return Percent(Momentum(1).Sum(period), Path(period));
    }

    /// <summary>Blau's true strength index, -100..100: momentum smoothed twice in percent of its size smoothed twice; and its signal.</summary>
    /// <remarks>
    /// Source: W. Blau, True Strength Index, TASC 11/1991. 100 EMA(short) of EMA(long) of the change over the same of its magnitude, as in
    /// pandas-ta. Without any movement it is 0.
    /// </remarks>
    /// <param name="slow">Bars of the first smoothing, 1..10000.</param>
    /// <param name="fast">Bars of the second, 1..10000.</param>
    /// <param name="signal">Bars of the signal, 1..10000.</param>
    public SignalLines Tsi(int slow = 25, int fast = 13, int signal = 7)
    {
        var change = Momentum(1);
        return SignalLines.Of(Percent(change.Ema(slow).Ema(fast), change.Abs().Ema(slow).Ema(fast)), signal);
    }

    /// <summary>The detrended price oscillator: the value of n / 2 + 1 bars ago less the simple average of the last n.</summary>
    /// <remarks>Uses only what is known on its bar, as in StockCharts; pandas-ta by default moves the line back in time, which looks ahead.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Dpo(int period = 20) => Shift((period / 2) + 1) - Sma(period);

    /// <summary>Lambert's commodity channel index: the distance from the mean in units of 0.015 mean absolute deviations.</summary>
    /// <remarks>
    /// Source: D. Lambert, Commodity Channel Index, Commodities 10/1980. The mean absolute deviation has no updating form: each bar reads the
    /// whole window. Equal values give 0, as in TA-Lib. First value after n - 1 bars.
    /// </remarks>
    /// <param name="period">n, 2..10000.</param>
    public Series Cci(int period = 20)
    {
        CheckWindow("cci", period, 2);
        return new Series(Node.Of(new ScanKernel<ChannelIndex>(period), Node));
    }

    /// <summary>100 a / b, and 0 where b is 0.</summary>
    internal static Series Percent(Series a, Series b) => new(Binary<PercentOrZero>(a, b));
}

/// <summary>A line, the exponential average of it, and their difference.</summary>
/// <param name="Line">The line.</param>
/// <param name="Signal">Its average.</param>
/// <param name="Histogram">Line - signal.</param>
public sealed record MacdLines(Series Line, Series Signal, Series Histogram)
{
    internal static MacdLines Of(Series line, int signal) => new(line, line.Ema(signal), line - line.Ema(signal));
}

/// <summary>A line and the exponential average of it.</summary>
/// <param name="Line">The line.</param>
/// <param name="Signal">Its average.</param>
public sealed record SignalLines(Series Line, Series Signal)
{
    internal static SignalLines Of(Series line, int signal) => new(line, line.Ema(signal));
}

/// <summary>The lines of a stochastic oscillator, 0..100.</summary>
/// <param name="K">Where the price stands in its range, smoothed.</param>
/// <param name="D">The average of K.</param>
public sealed record StochasticLines(Series K, Series D)
{
    internal static StochasticLines Of(Series value, Series lowest, Series highest, int smooth, int signal)
    {
        var k = Series.Percent(value - lowest, highest - lowest).Sma(smooth);
        return new StochasticLines(k, k.Sma(signal));
    }
}
