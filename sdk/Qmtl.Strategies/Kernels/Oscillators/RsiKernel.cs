namespace Qmtl.Strategies;

/// <summary>Wilder's relative strength index: 100 x smoothed gains / (smoothed gains + smoothed losses).</summary>
/// <remarks>
/// It smooths the gains and the whole movement |change| (gains and losses together); gain is (|change| + change) / 2, so nothing branches
/// on the sign of a change, which no processor can predict. A rise without a loss gives both the same bits, hence exactly 100.
/// <para>
/// A missing input gives a missing output and leaves the state as it is: the next change counts from the last value known. Where a change
/// overflows, the index starts over from there. Movement that has faded below 2.2e-308, as after some 10,000 flat bars, is none.
/// </para>
/// <para>State: [0] the previous value, [1] values seen, up to n + 1, [2] smoothed gain and [3] movement; while seeding their sums.</para>
/// </remarks>
internal sealed class RsiKernel(int period) : Kernel
{
    private const int Previous = 0, Seen = 1, Gain = 2, Movement = 3;
    private const double Flat = 50;

    private readonly double _weight = 1.0 / period, _keep = 1 - (1.0 / period);

    internal override NodeCode Code => NodeCode.BuiltIn("rsi");

    public override int Period => period;

    public override int Lookback => period;

    public override int StateLength => 4;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        for (var i = 0; i < output.Length;)
            i = (int)state[Seen] <= period ? Seed(state, input, output, i) : Smooth(state, input, output, i);
    }

    private int Seed(Span<double> state, ReadOnlySpan<double> input, Span<double> output, int i)
    {
        for (; i < output.Length && state[Seen] <= period; i++)
        {
            output[i] = double.NaN;
            var value = input[i];
            if (double.IsNaN(value)) continue;
            if (state[Seen] > 0)
            {
                var change = value - state[Previous];
                state[Gain] += 0.5 * (Math.Abs(change) + change);
                state[Movement] += Math.Abs(change);
            }

            state[Previous] = value;
            state[Seen]++;
            if (!double.IsFinite(state[Gain] + state[Movement])) Restart(state, value);
            if (state[Seen] <= period) continue;
            state[Gain] /= period;
            state[Movement] /= period;
            output[i] = state[Movement] == 0 ? Flat : 100 * (state[Gain] / state[Movement]);
        }

        return i;
    }

    private int Smooth(Span<double> state, ReadOnlySpan<double> input, Span<double> output, int i)
    {
        var previous = state[Previous];
        var gain = state[Gain];
        var movement = state[Movement];
        var half = 0.5 * _weight;
        for (; i < output.Length; i++)
        {
            var change = input[i] - previous;
            var size = Math.Abs(change);
            var nextGain = Math.FusedMultiplyAdd(_keep, gain, half * (size + change));
            var nextMovement = Math.FusedMultiplyAdd(_keep, movement, _weight * size);
            var value = 100 * (nextGain / nextMovement);
            if (!double.IsNormal(nextMovement) || !double.IsFinite(value))
            {
                output[i] = double.NaN;
                if (double.IsNaN(input[i])) continue;
                if (double.IsNormal(nextMovement) || !double.IsFinite(nextMovement))
                {
                    Restart(state, input[i]);
                    return i + 1;
                }

                nextGain = nextMovement = 0;
                value = Flat;
            }

            output[i] = value;
            previous = input[i];
            gain = nextGain;
            movement = nextMovement;
        }

        state[Previous] = previous;
        state[Gain] = gain;
        state[Movement] = movement;
        return i;
    }

    private static void Restart(Span<double> state, double value)
    {
        state.Clear();
        state[Previous] = value;
        state[Seen] = 1;
    }
}
