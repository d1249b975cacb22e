using System.Numerics;

namespace Qmtl.Strategies;

/// <summary>Wilder's true range: how far a bar reaches, counted from the close before it. Inputs high, low, close.</summary>
/// <remarks>
/// max(high - low, |high - previous close|, |low - previous close|); the first bar, which has no close before it, counts high - low. After
/// missing bars the previous close is the last one known, so a gap over them is part of the range.
/// State: [0] the previous close, missing before the first bar.
/// </remarks>
internal sealed class TrueRangeKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("true_range");

    public override int StateLength => 1;

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var high = inputs[0];
        var low = inputs[1];
        var close = inputs[2];
        var before = state[0];
        for (var i = 0; i < output.Length;)
        {
            // Where no bar is missing the previous closes are the closes themselves, one place back.
            if (i > 0 && before == close[i - 1] && i + Vector<double>.Count <= output.Length && Whole(high[i..], low[i..], close[i..]))
            {
                Range(new(high[i..]), new(low[i..]), new(close[(i - 1)..])).CopyTo(output[i..]);
                i += Vector<double>.Count;
                before = close[i - 1];
                continue;
            }

            output[i] = Range(high[i], low[i], close[i], ref before);
            i++;
        }

        state[0] = before;
    }

    private static double Range(double high, double low, double close, ref double before)
    {
        if (double.IsNaN(high) || double.IsNaN(low) || double.IsNaN(close)) return double.NaN;
        var range = high - low;
        // Both comparisons are false while there is no previous close.
        var above = Math.Abs(high - before);
        var below = Math.Abs(low - before);
        if (above > range) range = above;
        if (below > range) range = below;
        before = close;
        return Missing.UnlessFinite(range);
    }

    private static Vector<double> Range(Vector<double> high, Vector<double> low, Vector<double> before)
    {
        var range = high - low;
        var above = Vector.Abs(high - before);
        var below = Vector.Abs(low - before);
        range = Vector.ConditionalSelect(Vector.GreaterThan(above, range), above, range);
        range = Vector.ConditionalSelect(Vector.GreaterThan(below, range), below, range);
        return Missing.UnlessFinite(range);
    }

    private static bool Whole(ReadOnlySpan<double> high, ReadOnlySpan<double> low, ReadOnlySpan<double> close)
    {
        var sum = new Vector<double>(high) + new Vector<double>(low) + new Vector<double>(close);
        return Vector.EqualsAll(sum, sum);
    }
}
