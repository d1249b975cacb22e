namespace Qmtl.Strategies;

/// <summary>A column of numbers that will be computed bar by bar: a field of a price, an average of it, a sum of two of them, a constant.</summary>
/// <remarks>
/// Building an expression computes nothing; it describes a node. Equal expressions are the same node with the same identity, however often
/// they are written. A value is a finite number or missing (NaN); missing in gives missing out, as does a result that is not finite.
/// </remarks>
public sealed partial class Series
{
    internal Series(Node node) => Node = node;

    internal Node Node { get; }

    /// <summary>The canonical identity of the node behind this expression; null for a constant.</summary>
    public string? NodeId => Node.Id;

    /// <summary>The value of n bars ago: <c>x[-1]</c> is the previous bar. Looking forward is refused.</summary>
    public Series this[int offset] => offset <= 0
        ? Shift(-offset)
        : throw Refuse.Graph(Node.Text, $"[+{offset}] would read the future; use [-{offset}] for the value of {offset} bar{(offset == 1 ? "" : "s")} ago");

    /// <summary>The value of <paramref name="bars"/> bars ago.</summary>
    public Series Shift(int bars)
    {
        if (bars < 0) throw Refuse.Argument("shift", Node, "bars", $"must not look into the future, was {bars}");
        if (bars == 0) return this;
        Check("shift", bars, Kernel.MaxPeriod - 1, "bars");
        return new Series(Node.Of(new ShiftKernel(bars), Node));
    }

    /// <summary>The simple moving average of the last <paramref name="period"/> values; missing until there are that many.</summary>
    public Series Sma(int period) => Rolling<PlainSum, Mean>(period);

    /// <summary>The magnitude.</summary>
    public Series Abs() => new(Node.Of(new VectorKernel<Magnitude>(), Node));

    /// <summary>Above <paramref name="other"/> by more than rounding: a - b &gt; 1e-12 x |b|. Equal up to rounding is not above.</summary>
    /// <remarks>Two averages of the same constant price may differ in their last bit; <c>&gt;</c> would see a signal there, this does not.</remarks>
    public Signal Above(Series other) => new(Binary<Above>(this, other));

    /// <summary>Below <paramref name="other"/> by more than rounding.</summary>
    public Signal Below(Series other) => other.Above(this);

    /// <summary>True on the bar where this is above <paramref name="other"/> and on the bar before was not.</summary>
    public Signal CrossesAbove(Series other)
    {
        var above = Above(other);
        return above & !above.Shift(1);
    }

    /// <summary>True on the bar where this is below <paramref name="other"/> and on the bar before was not.</summary>
    public Signal CrossesBelow(Series other) => other.CrossesAbove(this);

    /// <summary>Missing until this first differs from its own value of the bar before; from then on this.</summary>
    public Series AfterFirstChange() => new(Node.Of(new AfterFirstChangeKernel(), Node));

    /// <summary>The same series under a name that people see. Names are no part of the identity.</summary>
    public Series Named(string name) => new(Node.Named(name));

    /// <summary>A constant.</summary>
    public static implicit operator Series(double value) => new(Node.Constant(value));

    /// <summary>Adds bar by bar.</summary>
    public static Series operator +(Series left, Series right) => new(Binary<Add>(left, right));

    /// <summary>Subtracts bar by bar.</summary>
    public static Series operator -(Series left, Series right) => new(Binary<Subtract>(left, right));

    /// <summary>Multiplies bar by bar.</summary>
    public static Series operator *(Series left, Series right) => new(Binary<Multiply>(left, right));

    /// <summary>Divides bar by bar; a division by zero is missing.</summary>
    public static Series operator /(Series left, Series right) => new(Binary<Divide>(left, right));

    /// <summary>The opposite, bar by bar.</summary>
    public static Series operator -(Series value) => new(Binary<Subtract>(0.0, value));

    /// <summary>Greater, exactly; see <see cref="Above"/> for averages and other rounded values.</summary>
    public static Signal operator >(Series left, Series right) => new(Binary<Greater>(left, right));

    /// <summary>Less, exactly.</summary>
    public static Signal operator <(Series left, Series right) => new(Binary<Greater>(right, left));

    /// <summary>Greater or equal, exactly.</summary>
    public static Signal operator >=(Series left, Series right) => new(Binary<GreaterOrEqual>(left, right));

    /// <summary>Less or equal, exactly.</summary>
    public static Signal operator <=(Series left, Series right) => new(Binary<GreaterOrEqual>(right, left));

    /// <summary>The expression as text.</summary>
    public override string ToString() => Node.Text;

    private static Node Binary<TFunction>(Series left, Series right)
        where TFunction : struct, IBinaryFunction => Node.Of(new BinaryKernel<TFunction>(), left.Node, right.Node);

    private void Check(string name, int value, int max, string argument)
    {
        if (value < 1 || value > max) throw Refuse.Argument(name, Node, argument, $"must be a whole number 1..{max}, was {value}");
    }
}
