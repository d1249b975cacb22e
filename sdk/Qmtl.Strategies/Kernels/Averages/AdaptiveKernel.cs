namespace Qmtl.Strategies;

/// <summary>An average of input 0 whose weight changes from bar to bar and is given by input 1: y' = y + w (x - y).</summary>
/// <remarks>
/// It starts at the last value before the first weight, or at the value beside it if there is none before. A bar on which either input is missing gives a missing output and leaves the average
/// as it is. If a step overflows the average starts over.
/// <para>State: [0] the average, before it has begun the latest value; [1] 0 no value yet, 1 a value, 2 begun.</para>
/// </remarks>
internal sealed class AdaptiveKernel : Kernel
{
    private const int Average = 0, Phase = 1;
    private const double Priced = 1, Begun = 2;

    internal override NodeCode Code => NodeCode.BuiltIn("adaptive_average");

    public override int StateLength => 2;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var weight = inputs[1];
        for (var i = 0; i < output.Length;)
            i = state[Phase] == Begun ? Follow(state, input, weight, output, i) : Begin(state, input, weight, output, i);
    }

    private static int Begin(Span<double> state, ReadOnlySpan<double> input, ReadOnlySpan<double> weight, Span<double> output, int i)
    {
        for (; i < output.Length; i++)
        {
            output[i] = double.NaN;
            if (double.IsNaN(input[i])) continue;
            var ready = !double.IsNaN(weight[i]);
            if (!ready || state[Phase] != Priced) state[Average] = input[i];
            state[Phase] = ready ? Begun : Priced;
            if (ready) return i;
        }

        return i;
    }

    private static int Follow(Span<double> state, ReadOnlySpan<double> input, ReadOnlySpan<double> weight, Span<double> output, int i)
    {
        var average = state[Average];
        for (; i < output.Length; i++)
        {
            var next = Math.FusedMultiplyAdd(weight[i], input[i] - average, average);
            if (double.IsFinite(next))
            {
                output[i] = average = next;
                continue;
            }

            output[i] = double.NaN;
            if (double.IsNaN(input[i]) || double.IsNaN(weight[i])) continue;
            state.Clear();
            return i + 1;
        }

        state[Average] = average;
        return i;
    }
}
