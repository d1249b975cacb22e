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
        for (var i = 0; i < output.Length; i++)
        {
            var (top, bottom, last) = (high[i], low[i], close[i]);
            if (double.IsNaN(top + bottom) || double.IsNaN(last))
            {
                output[i] = double.NaN;
                continue;
            }

            var range = top - bottom;
            // Both comparisons are false while there is no previous close.
            var above = Math.Abs(top - before);
            var below = Math.Abs(bottom - before);
            if (above > range) range = above;
            if (below > range) range = below;
            output[i] = Missing.UnlessFinite(range);
            before = last;
        }

        state[0] = before;
    }
}
