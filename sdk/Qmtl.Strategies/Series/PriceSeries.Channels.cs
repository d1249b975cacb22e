namespace Qmtl.Strategies;

/// <content>Channels around a price.</content>
public sealed partial class PriceSeries
{
    /// <summary>Bollinger's bands of the close: see <see cref="Series.Bollinger"/>.</summary>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <param name="k">Deviations, a positive number.</param>
    /// <exception cref="Identity.RefusalException">An argument is outside its range.</exception>
    public Bands Bollinger(int period = 20, double k = 2.0) => Close.Bollinger(period, k);

    /// <summary>Richard Donchian's channel: the highest high and the lowest low of the last <paramref name="period"/> bars, and their middle.</summary>
    /// <remarks>
    /// The present bar is among them, so no price is ever outside; TradingView's Donchian Channels and pandas-ta agree, LEAN leaves it out. A breakout
    /// compares with the channel of the bar before: <c>price.Close &gt; price.Donchian(20).Upper[-1]</c>.
    /// </remarks>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Bands Donchian(int period = 20)
    {
        var upper = High.Max(period);
        var lower = Low.Min(period);
        return new Bands((upper + lower) / 2.0, upper, lower);
    }
}
