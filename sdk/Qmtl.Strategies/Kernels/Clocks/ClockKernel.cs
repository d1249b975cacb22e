namespace Qmtl.Strategies;

/// <summary>An operator whose output comes on another clock than its input, or that looks at the clock itself.</summary>
internal abstract class ClockKernel : Kernel
{
    public sealed override void Process(Span<double> state, in KernelInputs inputs, Span<double> output) =>
        throw new InvalidOperationException($"{GetType().Name} needs the times of the bars; the engine calls the Process that has them.");

    /// <summary>Computes what a block of the run adds on the output's clock, which may be nothing, from what it adds on the input's.</summary>
    /// <param name="state">What the kernel remembers.</param>
    /// <param name="input">The input's values at the bars of <paramref name="read"/>; empty when the input is a bar stream, which has none.</param>
    /// <param name="read">The input's bars of this block.</param>
    /// <param name="written">The output's bars of this block.</param>
    /// <param name="output">The output's values, as many as there are bars in <paramref name="written"/>.</param>
    public abstract void Process(Span<double> state, ReadOnlySpan<double> input, ClockBars read, ClockBars written, Span<double> output);
}

/// <summary>The bars of one clock in one block: nanoseconds UTC at which they open, and how long they last.</summary>
internal readonly ref struct ClockBars(ReadOnlySpan<long> starts, long length)
{
    public ReadOnlySpan<long> Starts { get; } = starts;

    public int Count => Starts.Length;

    /// <summary>Nanoseconds a bar lasts.</summary>
    public long Length { get; } = length;

    /// <summary>When bar <paramref name="index"/> is complete.</summary>
    public long EndOf(int index) => Starts[index] + Length;
}
