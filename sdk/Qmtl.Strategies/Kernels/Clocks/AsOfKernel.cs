namespace Qmtl.Strategies;

/// <summary>A series of longer bars as it is known at shorter ones: the value of the last longer bar that is complete when the shorter one ends.</summary>
/// <remarks>State: [0] the value of the last complete longer bar.</remarks>
internal sealed class AsOfKernel : ClockKernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("as_of");

    public override int StateLength => 1;

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, ReadOnlySpan<double> input, ClockBars read, ClockBars written, Span<double> output)
    {
        var known = state[0];
        var next = 0;
        for (var i = 0; i < output.Length; i++)
        {
            while (next < input.Length && read.EndOf(next) <= written.EndOf(i)) known = input[next++];
            output[i] = known;
        }

        // What completes after the last shorter bar of this block completes before the first of the next.
        state[0] = input.Length > 0 ? input[^1] : known;
    }
}
