namespace Qmtl.Statistics;

/// <summary>A statistic with the range in which it lies with some confidence.</summary>
/// <param name="Value">The statistic of the sample.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct ConfidenceInterval(double Value, double Low, double High);

/// <summary>Confidence intervals by drawing the sample again in blocks, which keeps what follows what.</summary>
/// <remarks>
/// The stationary bootstrap of Politis and Romano (1994): blocks begin anywhere, wrap around at the end, and have geometrically distributed lengths. Draws
/// come from a generator of fixed definition (SplitMix64), so a seed gives the same interval on every machine.
/// </remarks>
public static class BlockBootstrap
{
    private const double ToUnit = 1.0 / (1L << 53);

    /// <summary>The percentile interval of a statistic. Null where the statistic of the sample is undefined.</summary>
    /// <param name="returns">Returns, one a bar; they must be finite.</param>
    /// <param name="statistic">The statistic; samples for which it is null are passed over.</param>
    /// <param name="samples">How many samples are drawn, at least 100.</param>
    /// <param name="meanBlock">Mean length of a block in bars, at least 1; null takes the cube root of the number of returns.</param>
    /// <param name="confidence">Between 0 and 1, such as 0.95.</param>
    /// <param name="seed">Where the draws begin.</param>
    public static ConfidenceInterval? Interval(
        ReadOnlyMemory<double> returns, Func<ReadOnlyMemory<double>, double?> statistic, int samples = 2_000, double? meanBlock = null, double confidence = 0.95, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 100);
        if (confidence is not (> 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "The confidence must lie between 0 and 1.");
        var block = meanBlock ?? Math.Max(1, Math.Cbrt(returns.Length));
        if (block is not (>= 1 and < double.PositiveInfinity)) throw new ArgumentOutOfRangeException(nameof(meanBlock), meanBlock, "A block has at least one bar.");
        if (returns.IsEmpty || statistic(returns) is not { } value) return null;

        var drawn = new List<double>(samples);
        var sample = new double[returns.Length];
        for (var i = 0; i < samples; i++)
        {
            Draw(returns.Span, sample, 1 / block, ref seed);
            if (statistic(sample) is { } one && double.IsFinite(one)) drawn.Add(one);
        }

        if (drawn.Count == 0) return null;
        var tail = (1 - confidence) / 2;
        var values = drawn.ToArray();
        return new ConfidenceInterval(value, Moments.Quantile(values, tail)!.Value, Moments.Quantile(values, 1 - tail)!.Value);
    }

    private static void Draw(ReadOnlySpan<double> returns, Span<double> sample, double restart, ref ulong seed)
    {
        var at = 0;
        for (var i = 0; i < sample.Length; i++)
        {
            at = i == 0 || Uniform(ref seed) < restart ? (int)(Uniform(ref seed) * returns.Length) : at + 1;
            if (at == returns.Length) at = 0;
            sample[i] = returns[at];
        }
    }

    private static double Uniform(ref ulong seed)
    {
        seed = unchecked(seed + 0x9E3779B97F4A7C15UL);
        var z = seed;
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return ((z ^ (z >> 31)) >> 11) * ToUnit;
    }
}
