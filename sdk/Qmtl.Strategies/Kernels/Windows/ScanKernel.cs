namespace Qmtl.Strategies;

/// <summary>A statistic that has to look at the whole window on every bar.</summary>
internal interface IWindowScan
{
    /// <summary>The name of the operator.</summary>
    static abstract string Name { get; }

    /// <summary>The statistic of <paramref name="window"/>, oldest value first; NaN if one of its values is, anything not finite becomes missing.</summary>
    static abstract double Read(ReadOnlySpan<double> window);
}

/// <summary>Hands every window to a scan: O(n) a bar, four values at a time. Missing unless all n values are there.</summary>
/// <remarks>
/// Values before the block come from a ring that is written twice, one period apart, so that any n of them lie side by side. Windows that lie in
/// the block are read where they are: a vector read of a ring slot that has just been written would wait for that write on every bar.
/// <para>State: [0] the ring's next slot, then two periods of values, missing until written.</para>
/// </remarks>
internal sealed class ScanKernel<TScan>(int period) : Kernel
    where TScan : struct, IWindowScan
{
    internal override NodeCode Code => NodeCode.BuiltIn(TScan.Name);

    public override int Period => period;

    public override int StateLength => 1 + (2 * period);

    public override void Start(Span<double> state) => state[1..].Fill(double.NaN);

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0][..output.Length];
        var inRing = Math.Min(period - 1, input.Length);
        for (var i = 0; i < inRing; i++)
        {
            Write(state, input[i]);
            output[i] = Missing.UnlessFinite(TScan.Read(state.Slice(1 + (int)state[0], period)));
        }

        for (var i = inRing; i < input.Length; i++) output[i] = Missing.UnlessFinite(TScan.Read(input.Slice(i + 1 - period, period)));

        // Only the last values of the block can be asked for again, but each takes its own slot: the state must not depend on the blocks.
        var unwritten = input[inRing..];
        var skipped = Math.Max(unwritten.Length - period, 0);
        state[0] = ((int)state[0] + skipped) % period;
        foreach (var value in unwritten[skipped..]) Write(state, value);
    }

    private void Write(Span<double> state, double value)
    {
        var slot = (int)state[0];
        state[1 + slot] = value;
        state[1 + slot + period] = value;
        state[0] = slot + 1 == period ? 0 : slot + 1;
    }
}
