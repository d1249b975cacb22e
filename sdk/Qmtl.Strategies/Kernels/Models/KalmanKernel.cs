namespace Qmtl.Strategies;

/// <summary>The level of a random walk seen through noise, by Kalman's filter (1960).</summary>
/// <remarks>
/// The first value z is the first level x, with variance p0. Then each bar: p += q; k = p / (p + r); x += k (z - x); p *= 1 - k. q is how much
/// the level itself moves a bar, r how noisy an observation is, both variances; only their ratio shapes the line once p has settled. A missing
/// value gives a missing one and changes nothing. Should the level overflow, the filter starts again with the next value.
/// State: [0] x, missing before the first value, [1] p.
/// </remarks>
internal sealed class KalmanKernel(double q, double r, double p0) : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("kalman");

    public override int StateLength => 2;

    public override IReadOnlyDictionary<string, object> Parameters { get; } =
        new Dictionary<string, object>(StringComparer.Ordinal) { ["q"] = q, ["r"] = r, ["p0"] = p0 };

    public override void Start(Span<double> state) => state[0] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var (level, variance) = (state[0], state[1]);
        for (var i = 0; i < output.Length; i++)
        {
            var seen = input[i];
            if (double.IsNaN(seen))
            {
                output[i] = double.NaN;
                continue;
            }

            if (double.IsNaN(level))
            {
                (level, variance) = (seen, p0);
            }
            else
            {
                variance += q;
                var gain = variance / (variance + r);
                level = Missing.UnlessFinite(level + (gain * (seen - level)));
                variance *= 1 - gain;
            }

            output[i] = level;
        }

        (state[0], state[1]) = (level, variance);
    }
}
