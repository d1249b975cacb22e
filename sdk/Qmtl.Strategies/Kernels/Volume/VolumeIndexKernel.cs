namespace Qmtl.Strategies;

/// <summary>An index that follows the price only on bars of rising volume (positive), or only on bars of falling volume (negative). Inputs price, volume.</summary>
/// <remarks>
/// Dysart's and Fosback's indices, from 1000. A bar of the other kind, or with the same volume, leaves the index where it is. A price that is
/// not above zero has no relative change: such a bar is missing, and nothing is compared with it.
/// State: [0] the index, [1] the previous price, [2] the previous volume, both missing before the first bar.
/// </remarks>
internal sealed class VolumeIndexKernel(bool rising) : Kernel
{
    private const int Index = 0, Price = 1, Volume = 2;
    private const double Base = 1000;

    internal override NodeCode Code => NodeCode.BuiltIn(rising ? "pvi" : "nvi");

    public override int StateLength => 3;

    public override void Start(Span<double> state)
    {
        state[Index] = Base;
        state[Price] = double.NaN;
        state[Volume] = double.NaN;
    }

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var prices = inputs[0];
        var volumes = inputs[1];
        for (var i = 0; i < output.Length; i++)
        {
            var (price, volume) = (prices[i], volumes[i]);
            output[i] = double.NaN;
            if (!(price > 0) || double.IsNaN(volume)) continue;
            // Against a missing volume neither comparison holds, so the first bar only says where to start from.
            var counts = rising ? volume > state[Volume] : volume < state[Volume];
            var next = counts ? state[Index] * (price / state[Price]) : state[Index];
            (state[Price], state[Volume]) = (price, volume);
            if (!double.IsFinite(next) || next == 0) continue;
            state[Index] = next;
            output[i] = next;
        }
    }
}
