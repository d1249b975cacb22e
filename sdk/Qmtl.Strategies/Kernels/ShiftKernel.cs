namespace Qmtl.Strategies;

/// <summary>The input of n bars ago.</summary>
/// <remarks>State: the write position, then a ring of the last n inputs, missing until written.</remarks>
internal sealed class ShiftKernel(int bars) : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("shift");

    public override int Period => bars + 1;

    public override int StateLength => bars + 1;

    public override void Start(Span<double> state) => state[1..].Fill(double.NaN);

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var ring = state[1..];
        var at = (int)state[0];
        for (var i = 0; i < output.Length; i++)
        {
            output[i] = ring[at];
            ring[at] = input[i];
            if (++at == ring.Length) at = 0;
        }

        state[0] = at;
    }
}
