namespace Qmtl.Strategies;

/// <content>Direction and strength of a trend.</content>
public sealed partial class PriceSeries
{
    /// <summary>Wilder's directional movement: +DI and -DI, and the average ADX of how far they are apart, each 0..100.</summary>
    /// <remarks>
    /// Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978. DI = 100 smoothed directional movement / smoothed true range, both
    /// from the second bar on; DX = 100 |+DI - -DI| / (+DI + -DI), 0 where neither moves; ADX = DX smoothed. Smoothing is Wilder's, seeded by
    /// the simple mean of n values as in StockCharts and Skender; TA-Lib seeds DI with one bar less. DI after n bars, ADX after 2n - 1.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public DirectionalMovement Adx(int period = 14)
    {
        var di = new DirectionalKernel(Checked("adx", period, Kernel.MaxPeriod)).Over(High, Low, Close);
        var dx = Series.Percent((di[0] - di[1]).Abs(), di[0] + di[1]);
        return new DirectionalMovement(dx.Wilder(period), di[0], di[1]);
    }

    /// <summary>Wilder's directional movement rating: the mean of the ADX and of what it was n - 1 bars ago.</summary>
    /// <remarks>Source: J. W. Wilder, 1978; counted as in TA-Lib. First value after 3 (n - 1) + 1 bars.</remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series Adxr(int period = 14)
    {
        var adx = Adx(period).Adx;
        return (adx + adx.Shift(period - 1)) / 2.0;
    }

    /// <summary>Williams' alligator: three smoothed averages of the bars' middles, each shown some bars later.</summary>
    /// <remarks>
    /// Source: B. Williams, Trading Chaos, 2nd edition. Wilder's smoothing of 13, 8 and 5 bars, displaced by 8, 5 and 3: a line's value on a bar is what it
    /// was that many bars ago, so nothing looks ahead.
    /// </remarks>
    public AlligatorLines Alligator() => new(Hl2.Wilder(13).Shift(8), Hl2.Wilder(8).Shift(5), Hl2.Wilder(5).Shift(3));

    /// <summary>Heikin-Ashi bars: smoothed candles that keep their colour through a trend.</summary>
    /// <remarks>
    /// Source: D. Valcu, Using the Heikin-Ashi Technique, TASC 2/2004. Close = mean of the four prices; open = middle of the previous open and close,
    /// on the first bar of its own; high and low include both. These are not prices that anybody paid: fills use the real bars.
    /// </remarks>
    public HeikinAshiBars HeikinAshi()
    {
        var close = Ohlc4;
        var open = new Series(Node.Of(new HeikinAshiOpenKernel(), Open.Node, Close.Node, close.Node));
        return new HeikinAshiBars(open, High.AtLeast(open).AtLeast(close), Low.AtMost(open).AtMost(close), close);
    }

    /// <summary>Chande's Aroon: how recent the highest high and the lowest low of the last n + 1 bars are, 100 for this bar down to 0.</summary>
    /// <remarks>
    /// Source: T. Chande, TASC 9/1995. Up = 100 (n - bars since the highest high) / n; of equal highs or lows the newest counts, as in TA-Lib.
    /// First value after n bars.
    /// </remarks>
    /// <param name="period">n, 1..9999.</param>
    public AroonLines Aroon(int period = 25)
    {
        var window = Checked("aroon", period, Kernel.MaxPeriod - 1) + 1;
        Series Recency(Series age) => (period - age) * 100.0 / period;
        var up = Recency(High.ArgMax(window));
        var down = Recency(Low.ArgMin(window));
        return new AroonLines(up, down, up - down);
    }

    /// <summary>Wilder's parabolic stop and reverse: where the stop of the present trend stands on this bar.</summary>
    /// <remarks>
    /// Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978. The first trend is that of the larger directional movement of the
    /// first two bars, rising if there is none; its first stop is the low (falling: the high) of the first bar. A low that touches the stop
    /// turns the trend. Start, clamping and turns as in TA-Lib's SAR. First value after one bar.
    /// </remarks>
    /// <param name="step">What each new extreme adds to the acceleration, 0..1.</param>
    /// <param name="max">The largest acceleration, at least <paramref name="step"/>, at most 1.</param>
    public Series ParabolicSar(double step = 0.02, double max = 0.2)
    {
        if (!(step is >= 0 and <= 1)) throw Refuse.Argument("parabolic_sar", _stream, "step", FormattableString.Invariant($"must be a number 0..1, was {step}"));
        if (!(max >= step && max <= 1)) throw Refuse.Argument("parabolic_sar", _stream, "max", FormattableString.Invariant($"must be a number {step} (the step) .. 1, was {max}"));
        return new Series(Node.Of(new ParabolicSarKernel(step, max), High.Node, Low.Node));
    }

    private int Checked(string name, int value, int max) =>
        value >= 1 && value <= max ? value : throw Refuse.Argument(name, _stream, "period", $"must be a whole number 1..{max}, was {value}");
}

/// <summary>The lines of the directional movement system, each 0..100.</summary>
/// <param name="Adx">How strong the trend is, up or down.</param>
/// <param name="PlusDi">Upward movement in percent of the range.</param>
/// <param name="MinusDi">Downward movement in percent of the range.</param>
public sealed record DirectionalMovement(Series Adx, Series PlusDi, Series MinusDi);

/// <summary>The lines of the alligator.</summary>
/// <param name="Jaw">13 bars, 8 bars ago.</param>
/// <param name="Teeth">8 bars, 5 bars ago.</param>
/// <param name="Lips">5 bars, 3 bars ago.</param>
public sealed record AlligatorLines(Series Jaw, Series Teeth, Series Lips);

/// <summary>Heikin-Ashi bars.</summary>
/// <param name="Open">The middle of the previous bar's open and close.</param>
/// <param name="High">The highest of the bar's high, Open and Close.</param>
/// <param name="Low">The lowest of the bar's low, Open and Close.</param>
/// <param name="Close">The mean of the bar's four prices.</param>
public sealed record HeikinAshiBars(Series Open, Series High, Series Low, Series Close);

/// <summary>The lines of the Aroon indicator.</summary>
/// <param name="Up">How recent the highest high is, 0..100.</param>
/// <param name="Down">How recent the lowest low is, 0..100.</param>
/// <param name="Oscillator">Up - down, -100..100.</param>
public sealed record AroonLines(Series Up, Series Down, Series Oscillator);
