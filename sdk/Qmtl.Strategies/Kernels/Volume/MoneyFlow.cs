using System.Numerics;

namespace Qmtl.Strategies;

/// <summary>Chaikin's money flow volume: volume times where the close lies in the bar, from -1 (at the low) to 1 (at the high). Inputs high, low, close, volume.</summary>
/// <remarks>A bar without a range says nothing about buyers and sellers and counts 0, as everywhere (TA-Lib, TradingView, LEAN).</remarks>
internal sealed class MoneyFlowVolumeKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("money_flow_volume");

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var high = inputs[0];
        var low = inputs[1];
        var close = inputs[2];
        var volume = inputs[3];
        for (var i = 0; i < output.Length; i++)
        {
            var range = high[i] - low[i];
            var position = ((close[i] - low[i]) - (high[i] - close[i])) / range;
            var flow = position * volume[i];
            // Without a range the position is 0/0; what is missing must stay so.
            output[i] = range == 0 && !double.IsNaN(close[i] + volume[i]) ? 0 : Missing.UnlessFinite(flow);
        }
    }
}

/// <summary>Price times volume, split by the price's change since the bar before: what came in on a rise, what went out on a fall. Inputs price, volume.</summary>
/// <remarks>
/// The raw money flow of Quong and Soudack (1989); both are 0 when the price stayed. Missing on the first bar. A missing bar changes nothing.
/// State: [0] the previous price, missing before the first bar.
/// </remarks>
internal sealed class MoneyFlowKernel : PanelKernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("money_flow");

    public override int OutputCount => 2;

    public override int Lookback => 1;

    public override int StateLength => 1;

    public override string OutputName(int index) => index == 0 ? "inflow" : "outflow";

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs)
    {
        var prices = inputs[0];
        var volumes = inputs[1];
        var inflow = outputs[0];
        var outflow = outputs[1];
        var before = state[0];
        for (var i = 0; i < prices.Length; i++)
        {
            var price = prices[i];
            var flow = price * volumes[i];
            inflow[i] = outflow[i] = double.NaN;
            if (double.IsNaN(flow)) continue;
            if (!double.IsNaN(before) && double.IsFinite(flow))
            {
                inflow[i] = price > before ? flow : 0;
                outflow[i] = price < before ? flow : 0;
            }

            before = price;
        }

        state[0] = before;
    }
}

/// <summary>100 a / (a + b): the share of what came in. All of it, 100, where nothing went out.</summary>
internal readonly struct InflowShare : IBinaryFunction
{
    public static string Name => "inflow_share";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => b == 0 ? 100 * Missing.Truth(value: true, a, b) : Missing.UnlessFinite(100 * (a / (a + b)));

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Vector.ConditionalSelect(
        Vector.Equals(b, Vector<double>.Zero),
        100 * Missing.Truth(Vector<long>.AllBitsSet, a, b),
        Missing.UnlessFinite(100 * (a / (a + b))));
}
