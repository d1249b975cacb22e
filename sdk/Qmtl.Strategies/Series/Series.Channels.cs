using System.Globalization;

namespace Qmtl.Strategies;

/// <content>Channels around one series, and what is measured from its recent high.</content>
public sealed partial class Series
{
    /// <summary>John Bollinger's bands: the mean of the last <paramref name="period"/> values, and <paramref name="k"/> deviations above and below it.</summary>
    /// <remarks>Deviation of the population, as Bollinger has it; TA-Lib's BBANDS and TradingView's ta.bb agree.</remarks>
    /// <param name="period">Bars of the window, 1..10000.</param>
    /// <param name="k">Deviations, a positive number.</param>
    /// <exception cref="Identity.RefusalException">An argument is outside its range.</exception>
    public Bands Bollinger(int period = 20, double k = 2.0)
    {
        if (!(k > 0 && double.IsFinite(k))) throw Refuse.Argument("bollinger", Node, "k", $"must be a positive number, was {k.ToString(CultureInfo.InvariantCulture)}");
        var middle = Sma(period);
        var reach = StdDev(period) * k;
        return new Bands(middle, middle + reach, middle - reach);
    }

    /// <summary>Peter Martin's ulcer index: the quadratic mean of the last <paramref name="period"/> percentage distances below the highest of the last <paramref name="period"/> values.</summary>
    /// <remarks>
    /// sqrt(sum(d^2) / n) with d = 100 (x - max) / max. StockCharts and pandas-ta agree; the first value comes on bar 2 (period - 1), counted from 0.
    /// </remarks>
    /// <param name="period">Bars of both windows, 1..10000.</param>
    /// <exception cref="Identity.RefusalException">The period is outside its range.</exception>
    public Series Ulcer(int period = 14)
    {
        var high = Max(period);
        return ((this - high) / high * 100.0).RootMeanSquare(period);
    }
}
