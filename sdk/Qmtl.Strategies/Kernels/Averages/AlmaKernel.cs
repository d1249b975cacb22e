namespace Qmtl.Strategies;

/// <summary>The Arnaud Legoux average: the last n values weighted by a bell whose peak stands at a share of the window.</summary>
/// <remarks>
/// Weight i (0 the oldest) is exp(-(i - offset (n - 1))² / (2 (n / sigma)²)). Each bar reads the whole window. Missing unless all n values are there.
/// <para>State: [0] the slot to write next, [1] consecutive values without a missing one (up to n), then a ring of the last n values.</para>
/// </remarks>
internal sealed class AlmaKernel : Kernel
{
    private const int At = 0, Unbroken = 1, Slots = 2;

    private readonly double[] _weights;
    private readonly double _offset, _sigma;

    public AlmaKernel(int period, double offset, double sigma)
    {
        Period = period;
        _offset = offset;
        _sigma = sigma;
        var width = period / sigma;
        _weights = [.. Enumerable.Range(0, period).Select(i => Math.Exp(-Math.Pow(i - (offset * (period - 1)), 2) / (2 * width * width)))];
        var sum = _weights.Sum();
        for (var i = 0; i < period; i++) _weights[i] /= sum;
    }

    internal override NodeCode Code => NodeCode.BuiltIn("alma");

    public override int Period { get; }

    public override int StateLength => Slots + Period;

    public override IReadOnlyDictionary<string, object> Parameters =>
        new Dictionary<string, object>(StringComparer.Ordinal) { ["offset"] = _offset, ["sigma"] = _sigma };

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var ring = state.Slice(Slots, Period);
        var at = (int)state[At];
        var unbroken = (int)state[Unbroken];
        for (var i = 0; i < output.Length; i++)
        {
            ring[at] = input[i];
            if (++at == Period) at = 0;
            unbroken = double.IsNaN(input[i]) ? 0 : Math.Min(unbroken + 1, Period);
            output[i] = unbroken == Period ? Missing.UnlessFinite(Dot(ring[at..], ring[..at])) : double.NaN;
        }

        state[At] = at;
        state[Unbroken] = unbroken;
    }

    private double Dot(ReadOnlySpan<double> older, ReadOnlySpan<double> newer)
    {
        var sum = 0.0;
        for (var i = 0; i < older.Length; i++) sum += _weights[i] * older[i];
        for (var i = 0; i < newer.Length; i++) sum += _weights[older.Length + i] * newer[i];
        return sum;
    }
}
