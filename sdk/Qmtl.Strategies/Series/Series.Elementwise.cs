namespace Qmtl.Strategies;

public sealed partial class Series
{
    /// <summary>The remainder of a division, with the sign of the dividend; by zero it is missing.</summary>
    public static Series operator %(Series left, Series right) => new(Binary<Remainder>(left, right));

    /// <summary>The larger of the two, bar by bar: at least <paramref name="floor"/>.</summary>
    public Series AtLeast(Series floor) => new(Binary<Maximum>(this, floor));

    /// <summary>The smaller of the two, bar by bar: at most <paramref name="ceiling"/>.</summary>
    public Series AtMost(Series ceiling) => new(Binary<Minimum>(this, ceiling));

    /// <summary>No less than <paramref name="low"/> and no more than <paramref name="high"/>.</summary>
    public Series Clamp(double low, double high) => low <= high
        ? AtLeast(low).AtMost(high)
        : throw Refuse.Argument("clamp", Node, "low", FormattableString.Invariant($"must not be above high, was {low} > {high}"));

    /// <summary>This raised to <paramref name="exponent"/>; missing where that is no finite number.</summary>
    /// <remarks>Power, <see cref="Log"/> and <see cref="Exp"/> come from the platform's library: their last bit may differ between processor families.</remarks>
    public Series Pow(Series exponent) => new(Binary<Power>(this, exponent));

    /// <summary>The natural logarithm; missing for zero and below.</summary>
    public Series Log() => Unary<Logarithm>();

    /// <summary>e raised to this; missing where that overflows.</summary>
    public Series Exp() => Unary<Exponential>();

    /// <summary>The square root; missing below zero.</summary>
    public Series Sqrt() => Unary<SquareRoot>();

    /// <summary>1 above zero, -1 below, 0 at zero.</summary>
    public Series Sign() => Unary<SignOf>();

    /// <summary>The relative change over <paramref name="bars"/> bars: 0.01 is one percent.</summary>
    public Series PercentChange(int bars = 1) => (this / Shift(bars)) - 1.0;

    /// <summary>The difference to the value of <paramref name="bars"/> bars ago.</summary>
    public Series Diff(int bars = 1) => this - Shift(bars);

    /// <summary>The logarithm of the ratio to the value of <paramref name="bars"/> bars ago.</summary>
    public Series LogReturn(int bars = 1) => (this / Shift(bars)).Log();

    /// <summary>True where this is missing. Never missing itself.</summary>
    public Signal IsMissing() => new(Unary<IsMissing>().Node);

    /// <summary>This, or <paramref name="other"/> where this is missing.</summary>
    public Series FillMissing(Series other) => new(Binary<FirstPresent>(this, other));

    /// <summary>This, or where it is missing the last value that was there.</summary>
    /// <param name="maxBars">For how many bars in a row a value may stand in; 0 for as many as it takes.</param>
    public Series ForwardFill(int maxBars = 0)
    {
        if (maxBars != 0) Check("forward_fill", maxBars, Kernel.MaxPeriod, "maxBars");
        return new Series(Node.Of(new ForwardFillKernel(maxBars), Node));
    }

    /// <summary>This where <paramref name="condition"/> is true, missing elsewhere. As a target, missing means "as before".</summary>
    public Series Where(Signal condition) => new(Node.Of(new BinaryKernel<Where>(), Node, condition.Node));

    /// <summary>The value at the last bar on which <paramref name="signal"/> was true; missing before the first.</summary>
    public Series ValueWhen(Signal signal) => new(Node.Of(new ValueWhenKernel(), Node, signal.Node));

    /// <summary>True on the first bar on which this is present, and on every <paramref name="bars"/>-th bar from there: when to decide anew.</summary>
    public Signal EveryBars(int bars)
    {
        Check("every_bars", bars, Kernel.MaxPeriod, "bars");
        return new Signal(Node.Of(new EveryBarsKernel(bars), Node));
    }

    private Series Unary<TFunction>()
        where TFunction : struct, IUnaryFunction => new(Node.Of(new UnaryKernel<TFunction>(), Node));
}
