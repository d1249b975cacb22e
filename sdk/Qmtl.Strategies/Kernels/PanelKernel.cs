namespace Qmtl.Strategies;

/// <summary>An operator with several outputs, computed together because they share their work: the lines of an indicator, the ranks of a universe.</summary>
/// <remarks>
/// In the graph it is one node, and each output in use is a node of its own that only picks: no value is copied. The rules of
/// <see cref="Kernel"/> hold for every output.
/// </remarks>
public abstract class PanelKernel : Kernel
{
    /// <summary>How many outputs there are: at least one.</summary>
    public abstract int OutputCount { get; }

    /// <summary>What people call output <paramref name="index"/>, such as "upper". Names are no part of the identity.</summary>
    public virtual string OutputName(int index) => index.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>How many bars beyond its inputs' own warm-up pass before the first value of output <paramref name="index"/>.</summary>
    public virtual int LookbackOf(int index) => Lookback;

    /// <summary>Computes one block: reads <paramref name="inputs"/>, advances <paramref name="state"/>, fills every one of <paramref name="outputs"/>.</summary>
    public abstract void Process(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs);

    /// <summary>Not for panels: they fill several outputs.</summary>
    public sealed override void Process(Span<double> state, in KernelInputs inputs, Span<double> output) =>
        throw new InvalidOperationException($"{GetType().Name} has {OutputCount} outputs; the engine calls the Process that takes all of them.");

    /// <summary>The outputs of this kernel over <paramref name="inputs"/>, in order.</summary>
    internal Series[] Over(params ReadOnlySpan<Series> inputs)
    {
        var nodes = new Node[inputs.Length];
        for (var i = 0; i < nodes.Length; i++) nodes[i] = inputs[i].Node;
        var panel = Node.Of(this, nodes);
        var outputs = new Series[OutputCount];
        for (var i = 0; i < outputs.Length; i++) outputs[i] = new Series(Node.Output(panel, i));
        return outputs;
    }
}

/// <summary>The output blocks of a kernel that has several, all of one length.</summary>
public readonly ref struct KernelOutputs
{
    private readonly Span<double> _arena;
    private readonly ReadOnlySpan<int> _offsets;

    internal KernelOutputs(Span<double> arena, ReadOnlySpan<int> offsets, int length)
    {
        _arena = arena;
        _offsets = offsets;
        Length = length;
    }

    /// <summary>How many outputs there are.</summary>
    public int Count => _offsets.Length;

    /// <summary>Bars in this block.</summary>
    public int Length { get; }

    /// <summary>Where the values of output <paramref name="index"/> go.</summary>
    public Span<double> this[int index] => _arena.Slice(_offsets[index], Length);
}
