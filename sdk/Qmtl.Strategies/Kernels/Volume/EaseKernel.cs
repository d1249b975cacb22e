namespace Qmtl.Strategies;

/// <summary>Arms' one-bar ease of movement: change of the bar's middle x its range / its volume. Inputs high, low, volume.</summary>
/// <remarks>
/// Missing on the first bar. A bar without volume counts 0: it took no effort, but says nothing about how much a move would take.
/// State: [0] the middle of the bar before, missing before the first.
/// </remarks>
internal sealed class EaseKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("ease");

    public override int Lookback => 1;

    public override int StateLength => 1;

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var high = inputs[0];
        var low = inputs[1];
        var volume = inputs[2];
        var before = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            output[i] = double.NaN;
            var middle = (high[i] / 2) + (low[i] / 2);
            if (double.IsNaN(middle) || double.IsNaN(volume[i])) continue;
            var ease = (middle - before) * (high[i] - low[i]) / volume[i];
            if (!double.IsNaN(before)) output[i] = volume[i] == 0 ? 0 : Missing.UnlessFinite(ease);
            before = middle;
        }

        state[0] = before;
    }
}
