namespace Qmtl.Strategies;

/// <summary>The open of Heikin-Ashi bars: the middle of the previous one's open and close. Inputs open, close, and the mean of all four prices.</summary>
/// <remarks>
/// The first is the middle of the bar's own open and close. A bar on which an input is missing gives a missing output and leaves the state as
/// it is. It lies between the prices, so halves are summed and nothing can overflow.
/// <para>State: [0] the next open, missing before the first bar.</para>
/// </remarks>
internal sealed class HeikinAshiOpenKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("heikin_ashi_open");

    public override int StateLength => 1;

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var open = inputs[0];
        var close = inputs[1];
        var mean = inputs[2];
        for (var i = 0; i < output.Length; i++)
        {
            output[i] = double.NaN;
            if (double.IsNaN(mean[i]) || double.IsNaN(open[i]) || double.IsNaN(close[i])) continue;
            output[i] = double.IsNaN(state[0]) ? (0.5 * open[i]) + (0.5 * close[i]) : state[0];
            state[0] = (0.5 * output[i]) + (0.5 * mean[i]);
        }
    }
}
