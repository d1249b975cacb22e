namespace Qmtl.Strategies;

/// <summary>The volume-weighted mean price since an anchor was last set. Inputs price, volume, anchor.</summary>
/// <remarks>
/// The bar whose anchor is true is the first that counts. Missing before the first anchor, while nothing has been traded since it, and on bars
/// where an input is missing; those add nothing, but an anchor among them still counts. Sums are compensated: an anchor may be years ago.
/// State: [0], [1] price x volume, [2], [3] volume, [4] 1 once an anchor has been seen.
/// </remarks>
internal sealed class VwapSinceKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("vwap_since");

    public override int StateLength => 5;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var prices = inputs[0];
        var volumes = inputs[1];
        var anchors = inputs[2];
        for (var i = 0; i < output.Length; i++)
        {
            var (price, volume, anchor) = (prices[i], volumes[i], anchors[i]);
            output[i] = double.NaN;
            if (double.IsNaN(anchor)) continue;
            if (anchor != 0)
            {
                state.Clear();
                state[4] = 1;
            }

            var traded = price * volume;
            if (double.IsNaN(traded)) continue;
            var (money, size) = (new CompensatedSum(state[0], state[1]).Plus(traded), new CompensatedSum(state[2], state[3]).Plus(volume));
            if (state[4] == 0 || !double.IsFinite(money.Value) || !double.IsFinite(size.Value)) continue;
            (state[0], state[1], state[2], state[3]) = (money.High, money.Low, size.High, size.Low);
            output[i] = Missing.UnlessFinite(money.Value / size.Value);
        }
    }
}
