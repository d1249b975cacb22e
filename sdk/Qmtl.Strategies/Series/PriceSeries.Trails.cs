namespace Qmtl.Strategies;

/// <content>More bands and stops.</content>
public sealed partial class PriceSeries
{
    /// <summary>Headley's acceleration bands: averages of highs and lows pushed outwards by four times the bar's relative range.</summary>
    /// <remarks>Source: P. Headley, Big Trends in Trading, 2002. high x (1 + 4 (high - low) / (high + low)), and low likewise downwards; equal to TA-Lib's ACCBANDS. First value after n - 1 bars.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Bands AccelerationBands(int period = 20)
    {
        Argument.Period("acceleration_bands", this, period);
        var push = 4.0 * ((High - Low) / (High + Low));
        return new Bands(Close.Sma(period), (High * (1.0 + push)).Sma(period), (Low * (1.0 - push)).Sma(period));
    }

    /// <summary>Chande's and Kroll's stop: stops some average true ranges from the extremes of p bars, held at their own extreme of q bars.</summary>
    /// <remarks>
    /// Source: T. Chande and S. Kroll, The New Technical Trader, 1994, as on TradingView: the stop of a short is the highest over q bars of (highest high of p - x ATR(p)), that of a
    /// long the lowest of (lowest low of p + x ATR(p)). First value after p + q - 2 bars.
    /// </remarks>
    /// <param name="period">p, 1..10000.</param>
    /// <param name="multiplier">x, 0..100.</param>
    /// <param name="hold">q, 1..10000.</param>
    public StopLines ChandeKroll(int period = 10, double multiplier = 1, int hold = 9)
    {
        Argument.Period("chande_kroll", this, period);
        Argument.Multiplier("chande_kroll", this, multiplier);
        Argument.Period("chande_kroll", this, hold, "hold");
        var distance = multiplier * Atr(period);
        return new StopLines((Low.Min(period) + distance).Min(hold), (High.Max(period) - distance).Max(hold));
    }
}
