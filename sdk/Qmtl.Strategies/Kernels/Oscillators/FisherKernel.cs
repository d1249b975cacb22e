namespace Qmtl.Strategies;

/// <summary>Ehlers' Fisher transform of a place in a range, given as -0.5 (lowest) .. 0.5 (highest).</summary>
/// <remarks>
/// x' = 0.66 place + 0.67 x, kept within 0.999 of zero; y' = 0.5 ln((1 + x) / (1 - x)) + 0.5 y. Both begin at 0. A missing input gives a
/// missing output and leaves the state as it is. Both recursions forget, and x is bounded, so nothing can overflow.
/// <para>State: [0] x, [1] y.</para>
/// </remarks>
internal sealed class FisherKernel : Kernel
{
    private const double Limit = 0.999;

    internal override NodeCode Code => NodeCode.BuiltIn("fisher");

    public override int StateLength => 2;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var place = inputs[0];
        for (var i = 0; i < output.Length; i++)
        {
            output[i] = double.NaN;
            if (double.IsNaN(place[i])) continue;
            state[0] = Math.Clamp((0.66 * place[i]) + (0.67 * state[0]), -Limit, Limit);
            output[i] = state[1] = Math.Atanh(state[0]) + (0.5 * state[1]);
        }
    }
}
