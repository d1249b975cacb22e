namespace Qmtl.Strategies;

/// <summary>An exponentially weighted mean, y' = (1 - w) y + w x, seeded by the simple mean of the first n present values.</summary>
/// <remarks>
/// A missing input gives a missing output and leaves the mean as it is. The mean lies between its inputs, so it can only overflow where
/// they are at the end of the number range already; then it starts over from a new seed.
/// A mean that fades towards 0 is 0 from 2.2e-308 on: rounding would hold a denormal number for ever, and processors are slow with those.
/// <para>
/// One fused multiply-add per bar is the whole chain from one mean to the next; y + w (x - y) would need two operations in sequence
/// and takes twice as long.
/// </para>
/// <para>State: [0] the mean, while seeding the sum of the values so far; [1] how many of the n seeding values were there.</para>
/// </remarks>
internal sealed class ExponentialKernel : Kernel
{
    private const int Mean = 0, Seen = 1;

    private readonly double _weight, _keep;

    private ExponentialKernel(NodeCode code, int period, double weight)
    {
        Code = code;
        Period = period;
        _weight = weight;
        _keep = 1 - weight;
    }

    internal override NodeCode Code { get; }

    public override int Period { get; }

    public override int StateLength => 2;

    /// <summary>The exponential moving average: weight 2 / (n + 1).</summary>
    public static ExponentialKernel Ema(int period) => new(NodeCode.BuiltIn("ema"), period, 2.0 / (period + 1));

    /// <summary>Wilder's smoothing: weight 1 / n.</summary>
    public static ExponentialKernel Wilder(int period) => new(NodeCode.BuiltIn("wilder"), period, 1.0 / period);

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        for (var i = 0; i < output.Length;)
            i = (int)state[Seen] < Period ? Seed(state, input, output, i) : Smooth(state, input, output, i);
    }

    private int Seed(Span<double> state, ReadOnlySpan<double> input, Span<double> output, int i)
    {
        for (; i < output.Length && state[Seen] < Period; i++)
        {
            output[i] = double.NaN;
            if (double.IsNaN(input[i])) continue;
            state[Mean] += input[i];
            state[Seen]++;
            if (!double.IsFinite(state[Mean])) state.Clear();
            else if ((int)state[Seen] == Period) output[i] = state[Mean] /= Period;
        }

        return i;
    }

    private int Smooth(Span<double> state, ReadOnlySpan<double> input, Span<double> output, int i)
    {
        var mean = state[Mean];
        for (; i < output.Length; i++)
        {
            var next = Math.FusedMultiplyAdd(_keep, mean, _weight * input[i]);
            if (double.IsNormal(next))
            {
                output[i] = mean = next;
                continue;
            }

            output[i] = double.NaN;
            if (double.IsNaN(input[i])) continue;
            if (double.IsFinite(next))
            {
                output[i] = mean = 0;
                continue;
            }

            state.Clear();
            return i + 1;
        }

        state[Mean] = mean;
        return i;
    }
}
