namespace Qmtl.Strategies;

/// <summary>McGinley's dynamic, y' = y + (x - y) / (n (x / y)^4), seeded by the simple mean of the first n present values.</summary>
/// <remarks>
/// A missing input gives a missing output and leaves the average as it is. Where a step is not finite (an average or a value of 0 has no ratio)
/// the average starts over; a value far below the average cannot throw it further than to the value itself.
/// <para>State: [0] the average, while seeding the sum of the values so far; [1] how many of the n seeding values were there.</para>
/// </remarks>
internal sealed class McGinleyKernel(int period) : Kernel
{
    private const int Average = 0, Seen = 1;

    internal override NodeCode Code => NodeCode.BuiltIn("mcginley");

    public override int Period => period;

    public override int StateLength => 2;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        for (var i = 0; i < output.Length; i++) output[i] = double.IsNaN(input[i]) ? double.NaN : Step(state, input[i]);
    }

    private double Step(Span<double> state, double value)
    {
        if (state[Seen] < period)
        {
            state[Average] += value;
            state[Seen]++;
            if ((int)state[Seen] == period) state[Average] /= period;
        }
        else
        {
            var square = value / state[Average] * (value / state[Average]);
            state[Average] += (value - state[Average]) / Math.Max(period * square * square, 1);
        }

        if (!double.IsFinite(state[Average])) state.Clear();
        return (int)state[Seen] == period ? state[Average] : double.NaN;
    }
}
