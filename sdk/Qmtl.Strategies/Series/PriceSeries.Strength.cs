namespace Qmtl.Strategies;

/// <content>Who had the upper hand within the bars, and how orderly they were.</content>
public sealed partial class PriceSeries
{
    /// <summary>Balance of power, -1..1: (close - open) / (high - low), 0 for a bar without range.</summary>
    /// <remarks>Source: I. Livshin, Balance of Market Power, TASC 8/2001. Not smoothed, as in TA-Lib.</remarks>
    public Series BalanceOfPower() => Series.Percent(Close - Open, High - Low) / 100.0;

    /// <summary>Elder's ray: how far the high and the low are above the exponential average of the close.</summary>
    /// <remarks>Source: A. Elder, Trading for a Living, 1993. First values after n - 1 bars.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public ElderRay ElderRay(int period = 13)
    {
        var average = Close.Ema(period);
        return new ElderRay(High - average, Low - average);
    }

    /// <summary>The vortex: upward and downward reach from bar to bar over the true range.</summary>
    /// <remarks>
    /// Source: E. Botes and D. Siepman, The Vortex Indicator, TASC 1/2010. Plus = sum |high - previous low| / sum of true ranges, minus with the
    /// low and the previous high. First values after n bars.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public VortexLines Vortex(int period = 14)
    {
        var range = TrueRange().Sum(period);
        return new VortexLines((High - Low.Shift(1)).Abs().Sum(period) / range, (Low - High.Shift(1)).Abs().Sum(period) / range);
    }

    /// <summary>The choppiness index, 0 (a straight trend) to 100 (nothing but back and forth).</summary>
    /// <remarks>
    /// Source: E. W. Dreiss, 1993. 100 log(sum of true ranges / (highest high - lowest low)) / log n. Missing while the range is 0. First value after
    /// n - 1 bars.
    /// </remarks>
    /// <param name="period">n, 2..10000.</param>
    public Series Choppiness(int period = 14)
    {
        if (period is < 2 or > Kernel.MaxPeriod) throw Refuse.Argument("choppiness", _stream, "period", $"must be a whole number 2..{Kernel.MaxPeriod}, was {period}");
        var range = High.Max(period) - Low.Min(period);
        return (TrueRange().Sum(period) / range).Log() * (100 / Math.Log(period));
    }

    /// <summary>Dorsey's mass index: the sum of EMA(range) / EMA of EMA(range); a bulge over 27 warns of a reversal.</summary>
    /// <remarks>Source: D. Dorsey, The Mass Index, TASC 6/1992. First value after 2 (ema - 1) + n - 1 bars.</remarks>
    /// <param name="emaPeriod">Bars of both averages, 1..10000.</param>
    /// <param name="period">n, the bars that are summed, 1..10000.</param>
    public Series MassIndex(int emaPeriod = 9, int period = 25)
    {
        var range = (High - Low).Ema(emaPeriod);
        return (range / range.Ema(emaPeriod)).Sum(period);
    }

    /// <summary>DeMark's DeMarker, 0..1: rises of the high over rises of the high and falls of the low, each a simple average. Without either it is 0.</summary>
    /// <remarks>Source: T. DeMark, The New Science of Technical Analysis, 1994; as in MetaTrader. First value after n bars.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series DeMarker(int period = 14)
    {
        var rise = High.Momentum(1).AtLeast(0.0).Sma(period);
        var fall = (-Low.Momentum(1)).AtLeast(0.0).Sma(period);
        return Series.Percent(rise, rise + fall) / 100.0;
    }

    /// <summary>Ehlers' relative vigor index: smoothed close - open over smoothed high - low; and its signal.</summary>
    /// <remarks>
    /// Source: J. Ehlers, Relative Vigor Index, TASC 1/2002. Both are weighted 1, 2, 2, 1 over four bars and summed over n; the signal weights the
    /// line the same way, as in TradingView. Without range it is 0. First value after n + 2 bars.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public SignalLines RelativeVigor(int period = 10)
    {
        var line = Series.Percent(Symmetric(Close - Open).Sum(period), Symmetric(High - Low).Sum(period)) / 100.0;
        return new SignalLines(line, Symmetric(line));

        static Series Symmetric(Series x) => (x + (2.0 * (x.Shift(1) + x.Shift(2))) + x.Shift(3)) / 6.0;
    }

    /// <summary>Blau's stochastic momentum index, -100..100: the distance from the middle of the range over half of it, both smoothed twice; and its signal.</summary>
    /// <remarks>Source: W. Blau, Stochastic Momentum, TASC 1/1993. Averages are EMAs of <paramref name="smooth"/> bars. Without range it is 0.</remarks>
    /// <param name="period">Bars of the range, 1..10000.</param>
    /// <param name="smooth">Bars of each of the two averages, 1..10000.</param>
    /// <param name="signal">Bars of the signal, 1..10000.</param>
    public SignalLines StochasticMomentum(int period = 10, int smooth = 3, int signal = 3)
    {
        var (highest, lowest) = (High.Max(period), Low.Min(period));
        var distance = Close - ((highest + lowest) / 2.0);
        return SignalLines.Of(Series.Percent(distance.Ema(smooth).Ema(smooth), ((highest - lowest) / 2.0).Ema(smooth).Ema(smooth)), signal);
    }

    /// <summary>Chande's Qstick: the simple average of close - open.</summary>
    /// <param name="period">Bars of the average, 1..10000.</param>
    public Series Qstick(int period = 10) => (Close - Open).Sma(period);
}

/// <summary>Elder's ray, in units of the price.</summary>
/// <param name="Bull">High less the average.</param>
/// <param name="Bear">Low less the average.</param>
public sealed record ElderRay(Series Bull, Series Bear);

/// <summary>The lines of the vortex, near 1.</summary>
/// <param name="Plus">Upward reach over range.</param>
/// <param name="Minus">Downward reach over range.</param>
public sealed record VortexLines(Series Plus, Series Minus);
