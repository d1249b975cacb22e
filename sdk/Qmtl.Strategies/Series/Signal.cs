namespace Qmtl.Strategies;

/// <summary>A column of yes, no or missing.</summary>
/// <remarks>
/// Combine with <c>&amp;</c>, <c>|</c>, <c>!</c> and turn into numbers with <see cref="Then"/>. There is deliberately no conversion to
/// bool: <c>if (fast &gt; slow)</c> in a strategy's Build would ask for a value that does not exist yet, and does not compile.
/// </remarks>
public sealed partial class Signal
{
    internal Signal(Node node) => Node = node;

    internal Node Node { get; }

    /// <summary>The canonical identity of the node behind this signal.</summary>
    public string? NodeId => Node.Id;

    /// <summary>condition ? then : otherwise, bar by bar; missing while this is.</summary>
    public Series Then(Series then, Series otherwise) => new(Node.Of(new WhenKernel(), Node, then.Node, otherwise.Node));

    /// <summary>The signal of <paramref name="bars"/> bars ago.</summary>
    public Signal Shift(int bars) => new(AsSeries().Shift(bars).Node);

    /// <summary>1 for yes, 0 for no.</summary>
    public Series AsSeries() => new(Node);

    /// <summary>The same signal under a name that people see.</summary>
    public Signal Named(string name) => new(Node.Named(name));

    /// <summary>Both.</summary>
    public static Signal operator &(Signal left, Signal right) => new(Node.Of(new BinaryKernel<And>(), left.Node, right.Node));

    /// <summary>At least one.</summary>
    public static Signal operator |(Signal left, Signal right) => new(Node.Of(new BinaryKernel<Or>(), left.Node, right.Node));

    /// <summary>The opposite; missing stays missing.</summary>
    public static Signal operator !(Signal value) => new(Node.Of(new VectorKernel<Not>(), value.Node));

    /// <summary>The expression as text.</summary>
    public override string ToString() => Node.Text;
}
