namespace Qmtl.Strategies;

/// <summary>The mean of the last n values; missing unless all n are there.</summary>
/// <remarks>
/// A running sum (add the new, subtract the old) drifts: every bar leaves a rounding error behind, for ever. Here the window is cut at
/// every n-th bar instead. Its sum is the tail of the finished chunk (sums from the back, computed once a chunk) plus the head of the
/// current one (summed from the front), so each value is only ever added, at most n - 1 times, and nothing survives the chunk it is in.
/// The error is at most (n - 1) x 2^-53 x the mean magnitude of the n values, after ten bars or ten million, at about two additions a bar.
/// <para>
/// State: [0] phase in the chunk, [1] sum of the chunk so far, [2] consecutive values without a missing one (up to n), then n slots: those
/// before the phase hold the current chunk's values, those from it on the finished chunk's tail sums, and a last slot that stays zero.
/// </para>
/// </remarks>
internal sealed class SmaKernel(int period) : Kernel
{
    private const int Phase = 0, Head = 1, Unbroken = 2, Slots = 3;

    internal override NodeCode Code => NodeCode.BuiltIn("sma");

    public override int Period => period;

    public override int StateLength => Slots + period + 1;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var slots = state.Slice(Slots, period + 1);
        var phase = (int)state[Phase];
        var head = state[Head];
        var unbroken = (int)state[Unbroken];
        for (var i = 0; i < output.Length; i++)
        {
            var value = input[i];
            if (double.IsNaN(value))
            {
                value = 0;
                unbroken = 0;
            }
            else if (unbroken < period)
            {
                unbroken++;
            }

            head += value;
            slots[phase] = value;
            phase++;
            output[i] = unbroken == period ? (head + slots[phase]) / period : double.NaN;
            if (phase != period) continue;
            SumTails(slots);
            phase = 0;
            head = 0;
        }

        state[Phase] = phase;
        state[Head] = head;
        state[Unbroken] = unbroken;
    }

    private static void SumTails(Span<double> slots)
    {
        var sum = 0.0;
        for (var i = slots.Length - 2; i >= 0; i--)
        {
            sum += slots[i];
            slots[i] = sum;
        }
    }
}
