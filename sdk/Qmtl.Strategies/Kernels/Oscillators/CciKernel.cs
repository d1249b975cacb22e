using System.Runtime.Intrinsics;

namespace Qmtl.Strategies;

/// <summary>Lambert's commodity channel index of the last n values: (x - mean) / (0.015 x mean absolute deviation).</summary>
/// <remarks>
/// The mean absolute deviation has no form that can be updated, because every deviation changes with the mean; so each bar reads the whole
/// window, four values at a time, in a fixed order (the same bits on every machine). A window of equal values gives 0.
/// <para>State: [0] the slot to write next, [1] consecutive values without a missing one (up to n), then a ring of the last n values.</para>
/// </remarks>
internal sealed class CciKernel(int period) : Kernel
{
    private const int At = 0, Unbroken = 1, Slots = 2;
    private const double Lambert = 0.015;

    internal override NodeCode Code => NodeCode.BuiltIn("cci");

    public override int Period => period;

    public override int StateLength => Slots + period;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var ring = state.Slice(Slots, period);
        var at = (int)state[At];
        var unbroken = (int)state[Unbroken];
        for (var i = 0; i < output.Length; i++)
        {
            var value = input[i];
            ring[at] = value;
            if (++at == period) at = 0;
            unbroken = double.IsNaN(value) ? 0 : Math.Min(unbroken + 1, period);
            output[i] = unbroken == period ? Missing.UnlessFinite(Index(ring, value)) : double.NaN;
        }

        state[At] = at;
        state[Unbroken] = unbroken;
    }

    private static double Index(ReadOnlySpan<double> window, double value)
    {
        // The rounded mean of equal values may differ from them in its last bit, and a ratio of two such rests is anything.
        if (window.IndexOfAnyExcept(value) < 0) return 0;
        var mean = Sum(window) / window.Length;
        return (value - mean) / (Lambert * (Deviation(window, mean) / window.Length));
    }

    private static double Sum(ReadOnlySpan<double> window)
    {
        var sums = Vector256<double>.Zero;
        var i = 0;
        for (; i <= window.Length - Vector256<double>.Count; i += Vector256<double>.Count) sums += Vector256.Create(window[i..]);
        var sum = Vector256.Sum(sums);
        for (; i < window.Length; i++) sum += window[i];
        return sum;
    }

    private static double Deviation(ReadOnlySpan<double> window, double mean)
    {
        var sums = Vector256<double>.Zero;
        var i = 0;
        for (; i <= window.Length - Vector256<double>.Count; i += Vector256<double>.Count)
            sums += Vector256.Abs(Vector256.Create(window[i..]) - Vector256.Create(mean));
        var sum = Vector256.Sum(sums);
        for (; i < window.Length; i++) sum += Math.Abs(window[i] - mean);
        return sum;
    }
}
