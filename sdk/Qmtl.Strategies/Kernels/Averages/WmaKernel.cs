namespace Qmtl.Strategies;

/// <summary>The linearly weighted mean of the last n values: weight n for the latest down to 1; missing unless all n are there.</summary>
/// <remarks>
/// The window is cut into chunks as in <see cref="WindowKernel{TSum, TReading}"/>. Its weighted sum is that of the finished chunk's tail of m values (weights
/// 1..m, computed once a chunk from the back: prepending a value moves all others up by one weight, which adds their sum) plus that of the
/// current chunk's head (weights 1..h) plus m times the head's sum. Nothing is subtracted, so the error is bounded by the window.
/// <para>
/// State: [0] phase in the chunk, [1] sum and [2] weighted sum of the chunk so far, [3] consecutive values without a missing one (up to n),
/// then n slots: those before the phase hold the current chunk's values, those from it on the finished chunk's weighted tail sums, and a
/// last slot that stays zero.
/// </para>
/// </remarks>
internal sealed class WmaKernel(int period) : Kernel
{
    private const int Phase = 0, Head = 1, Weighted = 2, Unbroken = 3, Slots = 4;

    private readonly double _scale = 2.0 / ((double)period * (period + 1));

    internal override NodeCode Code => NodeCode.BuiltIn("wma");

    public override int Period => period;

    public override int StateLength => Slots + period + 1;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var slots = state.Slice(Slots, period + 1);
        var phase = (int)state[Phase];
        var (head, weighted) = (state[Head], state[Weighted]);
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

            slots[phase] = value;
            phase++;
            head += value;
            weighted += phase * value;
            output[i] = unbroken == period ? Missing.UnlessFinite((slots[phase] + weighted + ((period - phase) * head)) * _scale) : double.NaN;
            if (phase != period) continue;
            WeighTails(slots);
            phase = 0;
            head = 0;
            weighted = 0;
        }

        state[Phase] = phase;
        state[Head] = head;
        state[Weighted] = weighted;
        state[Unbroken] = unbroken;
    }

    private static void WeighTails(Span<double> slots)
    {
        var sum = 0.0;
        var weighted = 0.0;
        for (var i = slots.Length - 2; i >= 0; i--)
        {
            sum += slots[i];
            weighted += sum;
            slots[i] = weighted;
        }
    }
}
