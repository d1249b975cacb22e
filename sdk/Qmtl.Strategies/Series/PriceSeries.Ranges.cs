namespace Qmtl.Strategies;

/// <content>Ranges, and what follows the price at a distance of some of them.</content>
public sealed partial class PriceSeries
{
    /// <summary>Wilder's true range: max(high - low, |high - previous close|, |low - previous close|).</summary>
    /// <remarks>
    /// The first bar has no close before it and counts high - low, as in Wilder's own tables, in TradingView's <c>ta.tr(true)</c> and in LEAN;
    /// TA-Lib leaves it out. After missing bars the last known close is the previous one.
    /// </remarks>
    public Series TrueRange() => new(Node.Of(new TrueRangeKernel(), High.Node, Low.Node, Close.Node));

    /// <summary>The average true range: Wilder's smoothing of the true range.</summary>
    /// <remarks>
    /// Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978. Seeded by the simple mean of the first n true ranges, the first
    /// of which is high - low; first value after n - 1 bars. Equal to TradingView's <c>ta.atr</c>, LEAN and StockCharts.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Atr(int period = 14)
    {
        Argument.Period("atr", this, period);
        return TrueRange().Wilder(period);
    }

    /// <summary>The average true range in percent of the close, so that instruments can be compared.</summary>
    /// <param name="period">Bars of the average, 1..10000.</param>
    public Series Natr(int period = 14)
    {
        Argument.Period("natr", this, period);
        return 100.0 * (Atr(period) / Close);
    }

    /// <summary>Keltner's channel: an exponential average of the close, and a band of some average true ranges around it.</summary>
    /// <remarks>Source: L. B. Raschke's form of C. W. Keltner's ten-day moving average rule (1960), as on TradingView and StockCharts; LEAN and Keltner himself centre on the typical price.</remarks>
    /// <param name="emaPeriod">Bars of the middle line, 1..10000.</param>
    /// <param name="multiplier">Average true ranges to the edges, 0..100.</param>
    /// <param name="atrPeriod">Bars of the average true range, 1..10000.</param>
    public Bands Keltner(int emaPeriod = 20, double multiplier = 2, int atrPeriod = 10)
    {
        Argument.Period("keltner", this, emaPeriod, "emaPeriod");
        Argument.Period("keltner", this, atrPeriod, "atrPeriod");
        Argument.Multiplier("keltner", this, multiplier);
        var middle = Close.Ema(emaPeriod);
        var width = multiplier * Atr(atrPeriod);
        return new Bands(middle, middle + width, middle - width);
    }

    /// <summary>Supertrend: a stop that trails the price by some average true ranges, tightens only, and changes sides when the close breaks it.</summary>
    /// <remarks>
    /// Source: O. Seban. Bands (high + low) / 2 +- multiplier x ATR, carried over: the upper one rises, and the lower one falls, only after a close beyond
    /// it. The first bar counts as falling, as on TradingView, from where also the rest agrees (there -1 is rising). First value after n - 1 bars.
    /// </remarks>
    /// <param name="period">Bars of the average true range, 1..10000.</param>
    /// <param name="multiplier">Average true ranges from the middle of the bar, 0..100.</param>
    public SupertrendLines Supertrend(int period = 10, double multiplier = 3)
    {
        Argument.Period("supertrend", this, period);
        Argument.Multiplier("supertrend", this, multiplier);
        var outputs = new SupertrendKernel(multiplier).Over(Hl2, Atr(period), Close);
        return new SupertrendLines(outputs[0], outputs[1]);
    }

    /// <summary>The chandelier exit: a stop hanging some average true ranges below the highest high, and one standing above the lowest low.</summary>
    /// <remarks>Source: C. Le Beau. The window includes the current bar, as in Skender and on StockCharts. First value after n - 1 bars.</remarks>
    /// <param name="period">Bars of the extreme and of the average true range, 1..10000.</param>
    /// <param name="multiplier">Average true ranges from the extreme, 0..100.</param>
    public StopLines Chandelier(int period = 22, double multiplier = 3)
    {
        Argument.Period("chandelier", this, period);
        Argument.Multiplier("chandelier", this, multiplier);
        var distance = multiplier * Atr(period);
        return new StopLines(High.Max(period) - distance, Low.Min(period) + distance);
    }

    /// <summary>Ichimoku Kinko Hyo: five lines, each as it can be known at the bar where it stands.</summary>
    /// <remarks>
    /// Source: G. Hosoda, 1969. A line is the middle of the highest high and the lowest low of its window. On a chart the leading spans are drawn ahead and
    /// the lagging line behind; here a column never holds what was not known: the spans at a bar are those computed <paramref name="displacement"/>
    /// bars before (the cloud that stands under this bar on the chart), and the lagging line is the close of that many bars ago, to compare
    /// with the present close. A displacement of 26 whole bars, as in LEAN and Skender; TradingView draws 25.
    /// </remarks>
    /// <param name="tenkan">Bars of the conversion line, 1..10000.</param>
    /// <param name="kijun">Bars of the base line, 1..10000.</param>
    /// <param name="senkou">Bars of the second leading span, 1..10000.</param>
    /// <param name="displacement">Bars between a span and its computation, 0..9999.</param>
    public IchimokuLines Ichimoku(int tenkan = 9, int kijun = 26, int senkou = 52, int displacement = 26)
    {
        Argument.Period("ichimoku", this, tenkan, "tenkan");
        Argument.Period("ichimoku", this, kijun, "kijun");
        Argument.Period("ichimoku", this, senkou, "senkou");
        Argument.Whole("ichimoku", this, displacement, 0, Kernel.MaxPeriod - 1, "displacement");
        var (conversion, @base) = (MiddleOfRange(tenkan), MiddleOfRange(kijun));
        return new IchimokuLines(
            conversion, @base, ((conversion + @base) / 2.0).Shift(displacement), MiddleOfRange(senkou).Shift(displacement), Close.Shift(displacement));
    }

    private Series MiddleOfRange(int period) => (High.Max(period) + Low.Min(period)) / 2.0;
}

/// <summary>The lines of <see cref="PriceSeries.Supertrend"/>.</summary>
/// <param name="Line">The stop: below the price while rising, above while falling.</param>
/// <param name="Direction">1 rising, -1 falling.</param>
public sealed record SupertrendLines(Series Line, Series Direction);

/// <summary>Two trailing stops: <see cref="PriceSeries.Chandelier"/>, <see cref="PriceSeries.ChandeKroll"/>.</summary>
/// <param name="Long">The stop of a long position.</param>
/// <param name="Short">The stop of a short position.</param>
public sealed record StopLines(Series Long, Series Short);

/// <summary>The lines of <see cref="PriceSeries.Ichimoku"/>.</summary>
/// <param name="Tenkan">The conversion line.</param>
/// <param name="Kijun">The base line.</param>
/// <param name="SenkouA">The first leading span, computed some bars ago.</param>
/// <param name="SenkouB">The second leading span, computed some bars ago.</param>
/// <param name="Chikou">The close of as many bars ago.</param>
public sealed record IchimokuLines(Series Tenkan, Series Kijun, Series SenkouA, Series SenkouB, Series Chikou);
