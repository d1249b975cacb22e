namespace Qmtl.Strategies;

/// <content>What volume says about price.</content>
public sealed partial class PriceSeries
{
    /// <summary>On-balance volume: volume added on bars that close higher, taken away on bars that close lower.</summary>
    /// <remarks>
    /// Source: J. Granville, New Key to Stock Market Profits, 1963. The first bar has no direction, so the line starts at 0, as in TradingView
    /// and Skender (TA-Lib starts at the first volume; only changes of the line mean anything). The sum is compensated: it does not drift.
    /// </remarks>
    public Series Obv() => new(Node.Of(new VolumeLineKernel<OnBalance>(), Close.Node, Volume.Node));

    /// <summary>The price-volume trend: volume times the relative change of the close, summed up from 0.</summary>
    public Series Pvt() => new(Node.Of(new VolumeLineKernel<PriceTrend>(), Close.Node, Volume.Node));

    /// <summary>The positive volume index: follows the close only on bars with more volume than the bar before. Starts at 1000.</summary>
    /// <remarks>Source: P. Dysart; N. Fosback, Stock Market Logic, 1976.</remarks>
    public Series Pvi() => new(Node.Of(new VolumeIndexKernel(rising: true), Close.Node, Volume.Node));

    /// <summary>The negative volume index: follows the close only on bars with less volume than the bar before. Starts at 1000.</summary>
    /// <remarks>Source: P. Dysart; N. Fosback, Stock Market Logic, 1976.</remarks>
    public Series Nvi() => new(Node.Of(new VolumeIndexKernel(rising: false), Close.Node, Volume.Node));

    /// <summary>Chaikin's accumulation/distribution line: each bar's volume times where its close lies in its range (-1 to 1), summed up.</summary>
    /// <remarks>Source: M. Chaikin. A bar without a range counts 0. Equal to TA-Lib's AD; the sum is compensated and does not drift.</remarks>
    public Series AccumulationDistribution() => MoneyFlowVolume().CumulativeSum();

    /// <summary>Chaikin's oscillator: a fast less a slow exponential average of the accumulation/distribution line.</summary>
    /// <remarks>
    /// Source: M. Chaikin. The averages are seeded by simple means, as all here; TA-Lib's ADOSC begins both with the first value and agrees once that has
    /// faded. First value after max(fast, slow) - 1 bars.
    /// </remarks>
    /// <param name="fast">Bars of the fast average, 1..10000.</param>
    /// <param name="slow">Bars of the slow average, 1..10000.</param>
    public Series ChaikinOscillator(int fast = 3, int slow = 10)
    {
        Argument.Period("adosc", this, fast, "fast");
        Argument.Period("adosc", this, slow, "slow");
        var line = AccumulationDistribution();
        return line.Ema(fast) - line.Ema(slow);
    }

    /// <summary>Elder's force index: the exponential average of the change of the close times volume.</summary>
    /// <remarks>Source: A. Elder, Trading for a Living, 1993. First value after n bars: one for the change, n - 1 for the average.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series ForceIndex(int period = 13)
    {
        Argument.Period("force_index", this, period);
        return (Close.Momentum(1) * Volume).Ema(period);
    }

    /// <summary>Klinger's volume oscillator: a fast less a slow average of volume with the sign of the typical price's change, and its signal.</summary>
    /// <remarks>
    /// Source: S. Klinger, in the short form of TradingView and pandas-ta, where volume counts whole, with a plus where the typical price did not fall. First value after
    /// max(fast, slow) bars.
    /// </remarks>
    /// <param name="fast">Bars of the fast average, 1..10000.</param>
    /// <param name="slow">Bars of the slow average, 1..10000.</param>
    /// <param name="signal">Bars of the signal, 1..10000.</param>
    public SignalLines Klinger(int fast = 34, int slow = 55, int signal = 13)
    {
        Argument.Period("kvo", this, fast, "fast");
        Argument.Period("kvo", this, slow, "slow");
        Argument.Period("kvo", this, signal, "signal");
        var force = (Hlc3.Diff() >= 0.0).Then(Volume, -Volume);
        return SignalLines.Of(force.Ema(fast) - force.Ema(slow), signal);
    }

    /// <summary>Arms' ease of movement: how far the middle of the bar moved per volume that it took, averaged over n bars.</summary>
    /// <remarks>
    /// Source: R. Arms. Per bar it is the change of (high + low) / 2, times high - low, times <paramref name="divisor"/>, over volume. A bar without
    /// volume counts 0, as in LEAN. First value after n bars.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    /// <param name="divisor">What volume is counted in, 1..1e12: 10,000 in Arms' book, TradingView and LEAN, 100,000,000 on StockCharts and in pandas-ta.</param>
    public Series EaseOfMovement(int period = 14, double divisor = 10_000)
    {
        Argument.Period("eom", this, period);
        Argument.Number("eom", this, divisor, 1, 1e12, "divisor");
        return (divisor * new Series(Node.Of(new EaseKernel(), High.Node, Low.Node, Volume.Node))).Sma(period);
    }

    /// <summary>The volume-weighted mean price of the last n bars.</summary>
    /// <remarks>Missing until there are n bars, and where none of them has volume. See <see cref="VwapSince"/> for one that begins at an event.</remarks>
    /// <param name="period">n, 1..10000.</param>
    /// <param name="price">The price that counts; the mean of high, low and close by default.</param>
    public Series Vwap(int period = 20, Series? price = null)
    {
        Argument.Period("vwap", this, period);
        return ((price ?? Hlc3) * Volume).Sum(period) / Volume.Sum(period);
    }

    /// <summary>The volume-weighted moving average: <see cref="Vwap"/> of closes.</summary>
    /// <param name="period">n, 1..10000.</param>
    public Series Vwma(int period = 20)
    {
        Argument.Period("vwma", this, period);
        return Vwap(period, Close);
    }

    /// <summary>The time-weighted mean price of the last n bars: bars of one interval last equally long, so each counts the same.</summary>
    /// <param name="period">n, 1..10000.</param>
    /// <param name="price">The price that stands for a bar; the mean of all four by default.</param>
    public Series Twap(int period = 20, Series? price = null)
    {
        Argument.Period("twap", this, period);
        return (price ?? Ohlc4).Sma(period);
    }

    /// <summary>The money flow index, 0..100: the share of money that changed hands on rising typical prices in the last n changes.</summary>
    /// <remarks>
    /// Source: G. Quong and A. Soudack, Volume-Weighted RSI: Money Flow, TASC 3/1989. 100 where nothing changed hands on falling prices, nothing at
    /// all included, as in LEAN and Skender. First value after n bars.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Mfi(int period = 14)
    {
        Argument.Period("mfi", this, period);
        var flow = new MoneyFlowKernel().Over(Hlc3, Volume);
        return new Series(Node.Of(new BinaryKernel<InflowShare>(), flow[0].Sum(period).Node, flow[1].Sum(period).Node));
    }

    /// <summary>Chaikin's money flow, -1..1: where the closes of the last n bars lay in their ranges, weighted by volume.</summary>
    /// <remarks>Source: M. Chaikin. A bar without a range counts 0; missing where no bar has volume.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Cmf(int period = 20)
    {
        Argument.Period("cmf", this, period);
        return MoneyFlowVolume().Sum(period) / Volume.Sum(period);
    }

    // From -volume, a close at the low, to volume, a close at the high.
    private Series MoneyFlowVolume() => new(Node.Of(new MoneyFlowVolumeKernel(), High.Node, Low.Node, Close.Node, Volume.Node));
}
