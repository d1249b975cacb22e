namespace Qmtl.Strategies;

/// <summary>Ehlers' Laguerre RSI, 0..100: the relative strength of four Laguerre filters of the input.</summary>
/// <remarks>
/// The filters begin at the first value. Where all four agree there is no movement, which is 50. A missing input gives a missing output and
/// leaves the filters as they are; if one overflows they start over.
/// <para>State: [0..3] the filters, [4] 1 once they have begun.</para>
/// </remarks>
internal sealed class LaguerreRsiKernel(double gamma) : Kernel
{
    private const int Begun = 4;

    internal override NodeCode Code => NodeCode.BuiltIn("laguerre_rsi");

    public override int StateLength => 5;

    public override IReadOnlyDictionary<string, object> Parameters => new Dictionary<string, object>(StringComparer.Ordinal) { ["gamma"] = gamma };

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        for (var i = 0; i < output.Length; i++) output[i] = double.IsNaN(input[i]) ? double.NaN : Step(state, input[i]);
    }

    private double Step(Span<double> filters, double value)
    {
        if (filters[Begun] == 0)
        {
            filters[..Begun].Fill(value);
            filters[Begun] = 1;
        }

        var (a, b, c, d) = (filters[0], filters[1], filters[2], filters[3]);
        filters[0] = value + (gamma * (a - value));
        filters[1] = a + (gamma * (b - filters[0]));
        filters[2] = b + (gamma * (c - filters[1]));
        filters[3] = c + (gamma * (d - filters[2]));
        var up = 0.0;
        var movement = 0.0;
        for (var i = 0; i < 3; i++)
        {
            var change = filters[i] - filters[i + 1];
            up += Math.Max(change, 0);
            movement += Math.Abs(change);
        }

        if (double.IsFinite(movement)) return movement == 0 ? 50 : 100 * (up / movement);
        filters.Clear();
        return double.NaN;
    }
}
