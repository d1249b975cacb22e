namespace Qmtl.Strategies;

/// <summary>The deviation that a GARCH(1,1) with given parameters expects of the next bar's log return. Input price.</summary>
/// <remarks>
/// variance = omega + alpha x r^2 + beta x variance (Bollerslev 1986) over log returns r with mean zero. It begins as the sample variance of
/// the first n returns, which is also the first value; so period is n + 1 prices. With omega = 0 and alpha = 1 - beta it is the exponentially
/// weighted variance of RiskMetrics. A missing price, or one not above zero, gives a missing value and changes nothing; the next return
/// spans the gap.
/// State: [0] the previous price, missing before the first bar, [1] returns seen (up to n), [2] their mean, [3] their squared deviations
/// while the first n are collected, then the variance.
/// </remarks>
internal sealed class GarchKernel(double omega, double alpha, double beta, int seedReturns) : Kernel
{
    private const int Before = 0, Count = 1, Mean = 2, Variance = 3;

    internal override NodeCode Code => NodeCode.BuiltIn("garch");

    public override int Period => seedReturns + 1;

    public override int StateLength => 4;

    public override IReadOnlyDictionary<string, object> Parameters { get; } =
        new Dictionary<string, object>(StringComparer.Ordinal) { ["omega"] = omega, ["alpha"] = alpha, ["beta"] = beta };

    public override void Start(Span<double> state) => state[Before] = double.NaN;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var prices = inputs[0];
        for (var i = 0; i < output.Length; i++)
        {
            output[i] = double.NaN;
            var price = prices[i];
            if (!(price > 0)) continue;
            var change = Math.Log(price / state[Before]);
            state[Before] = price;
            // Not finite on the first bar, and when a ratio leaves the range of a double.
            if (!double.IsFinite(change)) continue;
            if (state[Count] < seedReturns)
            {
                if (Collect(state, change)) output[i] = Math.Sqrt(state[Variance]);
                continue;
            }

            state[Variance] = omega + (alpha * change * change) + (beta * state[Variance]);
            output[i] = Math.Sqrt(state[Variance]);
        }
    }

    // Welford's mean and squared deviations of the first returns; true when the last of them makes the variance.
    private bool Collect(Span<double> state, double change)
    {
        state[Count]++;
        var off = change - state[Mean];
        state[Mean] += off / state[Count];
        state[Variance] += off * (change - state[Mean]);
        if (state[Count] < seedReturns) return false;
        state[Variance] /= seedReturns - 1;
        return true;
    }
}
