using System.Reflection;

namespace Qmtl.Strategies;

/// <summary>One operator: how a node turns the values of its inputs into its own, block by block.</summary>
/// <remarks>
/// A kernel is immutable and holds only its parameters; everything it remembers between bars lives in the state span that the engine
/// passes in. A live stream is a block of length one, so batch and stream run the same code and agree to the last bit: for every way
/// of cutting a series into blocks, <see cref="Process"/> must produce the same output and the same state.
/// <para>
/// NaN is the only marker of a missing value. A kernel reads finite numbers or NaN and writes finite numbers or NaN; an infinity never leaves it.
/// </para>
/// </remarks>
public abstract class Kernel
{
    /// <summary>The largest window an operator may have, in bars.</summary>
    public const int MaxPeriod = 10_000;

    /// <summary>The name and version that stand for this operator's code in a node's identity.</summary>
    internal virtual NodeCode Code => NodeCode.DeclaredBy(GetType());

    /// <summary>Where its code is written: what an author's <see cref="NodeCodeAttribute"/> speaks of.</summary>
    internal virtual MemberInfo Source => GetType();

    /// <summary>The operator's own window in bars, counting the current one.</summary>
    public virtual int Period => 1;

    /// <summary>How many bars beyond its inputs' own warm-up pass before the first value.</summary>
    public virtual int Lookback => Period - 1;

    /// <summary>True when exchanging the inputs changes nothing, so that a + b and b + a are one node.</summary>
    public virtual bool Commutative => false;

    /// <summary>True when a value speaks of an earlier bar that could not be known then, as labels do. No order may depend on it.</summary>
    public virtual bool IsDelayed => false;

    /// <summary>True when the inputs are the members of one panel, so that those of a tag query may meet here.</summary>
    internal virtual bool CrossesMembers => false;

    /// <summary>How many doubles of state the kernel needs. Counters are stored in them exactly: they stay below 2^53.</summary>
    public virtual int StateLength => 0;

    /// <summary>Parameters beside <see cref="Period"/> that change the result; part of the node's identity.</summary>
    public virtual IReadOnlyDictionary<string, object> Parameters => EmptyParameters;

    /// <summary>Brings <paramref name="state"/> (all zero) to what it is before the first bar.</summary>
    public virtual void Start(Span<double> state)
    {
    }

    /// <summary>Computes one block: reads <paramref name="inputs"/>, advances <paramref name="state"/>, fills <paramref name="output"/>.</summary>
    public abstract void Process(Span<double> state, in KernelInputs inputs, Span<double> output);

    private static readonly IReadOnlyDictionary<string, object> EmptyParameters = new Dictionary<string, object>(StringComparer.Ordinal);
}

/// <summary>The input blocks of a kernel, all of the output's length.</summary>
public readonly ref struct KernelInputs
{
    private readonly ReadOnlySpan<BlockView> _views;
    private readonly int _length;

    internal KernelInputs(ReadOnlySpan<BlockView> views, int length)
    {
        _views = views;
        _length = length;
    }

    /// <summary>How many inputs there are.</summary>
    public int Count => _views.Length;

    /// <summary>The values of input <paramref name="index"/>.</summary>
    public ReadOnlySpan<double> this[int index]
    {
        get
        {
            ref readonly var view = ref _views[index];
            return new ReadOnlySpan<double>(view.Values, view.Start, _length);
        }
    }
}
