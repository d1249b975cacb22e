namespace Qmtl.Strategies;

/// <summary>Kaufman's adaptive average of input 0, whose weight follows the efficiency ratio in input 1.</summary>
/// <remarks>
/// It starts at the last price before the first efficiency ratio. A bar on which either input is missing gives a missing output and leaves
/// the average as it is. If a step overflows the average starts over.
/// <para>State: [0] the average, before it has begun the latest price; [1] 0 no price yet, 1 a price, 2 begun.</para>
/// </remarks>
internal sealed class KamaKernel(int fast, int slow) : Kernel
{
    private const int Average = 0, Phase = 1;
    private const double Priced = 1, Begun = 2;

    private readonly double _slowest = 2.0 / (slow + 1), _span = (2.0 / (fast + 1)) - (2.0 / (slow + 1));

    internal override NodeCode Code => NodeCode.BuiltIn("kama");

    public override int StateLength => 2;

    public override IReadOnlyDictionary<string, object> Parameters => new Dictionary<string, object>(StringComparer.Ordinal) { ["fast"] = fast, ["slow"] = slow };

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var price = inputs[0];
        var efficiency = inputs[1];
        for (var i = 0; i < output.Length; i++) output[i] = Step(state, price[i], efficiency[i]);
    }

    private double Step(Span<double> state, double price, double efficiency)
    {
        if (double.IsNaN(price)) return double.NaN;
        if (double.IsNaN(efficiency) || state[Phase] == 0)
        {
            if (state[Phase] == Begun) return double.NaN;
            state[Average] = price;
            state[Phase] = Priced;
            return double.NaN;
        }

        var root = _slowest + (efficiency * _span);
        var next = state[Average] + (root * root * (price - state[Average]));
        if (!double.IsFinite(next))
        {
            state.Clear();
            return double.NaN;
        }

        state[Phase] = Begun;
        return state[Average] = next;
    }
}
