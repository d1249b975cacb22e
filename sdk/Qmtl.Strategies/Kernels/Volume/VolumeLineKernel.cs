namespace Qmtl.Strategies;

/// <summary>How much of a bar's volume a cumulative line takes in, judged by the change of price since the bar before.</summary>
internal interface IVolumeRule
{
    static abstract string Name { get; }

    static abstract double Take(double price, double before, double volume);
}

/// <summary>A line that goes up and down with volume, for ever: on-balance volume, price-volume trend. Inputs price, volume.</summary>
/// <remarks>
/// The first bar has no change and the line starts there at 0. A missing bar leaves everything as it was. A bar whose share is no finite
/// number (a previous price of 0, an overflow) is missing and adds nothing; its price is the one the next bar is compared with.
/// State: [0], [1] the compensated sum, [2] the previous price, missing before the first bar.
/// </remarks>
internal sealed class VolumeLineKernel<TRule> : Kernel
    where TRule : struct, IVolumeRule
{
    private const int High = 0, Low = 1, Before = 2;

    internal override NodeCode Code => NodeCode.BuiltIn(TRule.Name);

    public override int StateLength => 3;

    public override void Start(Span<double> state) => state[Before] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var prices = inputs[0];
        var volumes = inputs[1];
        var sum = new CompensatedSum(state[High], state[Low]);
        var before = state[Before];
        for (var i = 0; i < output.Length; i++)
        {
            var (price, volume) = (prices[i], volumes[i]);
            output[i] = double.NaN;
            if (double.IsNaN(price) || double.IsNaN(volume)) continue;
            var share = double.IsNaN(before) ? 0 : TRule.Take(price, before, volume);
            before = price;
            var next = sum.Plus(share);
            if (!double.IsFinite(next.Value)) continue;
            sum = next;
            output[i] = sum.Value;
        }

        (state[High], state[Low], state[Before]) = (sum.High, sum.Low, before);
    }
}

/// <summary>Granville (1963): all of the volume with the sign of the change; nothing when the price stayed.</summary>
internal readonly struct OnBalance : IVolumeRule
{
    public static string Name => "obv";

    public static double Take(double price, double before, double volume) => price > before ? volume : price < before ? -volume : 0;
}

/// <summary>The volume times the relative change of the price.</summary>
internal readonly struct PriceTrend : IVolumeRule
{
    public static string Name => "pvt";

    public static double Take(double price, double before, double volume) => volume * ((price - before) / before);
}
