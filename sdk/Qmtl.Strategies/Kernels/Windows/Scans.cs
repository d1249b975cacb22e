using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Qmtl.Strategies;

/// <summary>The mean distance of the last n values from their mean; missing unless all n are there.</summary>
/// <remarks>
/// The distances are about a mean that moves with every bar, so each bar looks at the whole window: O(n), four values at a time. They are taken
/// relative to the newest value, so that a flat window gives exactly 0 at any price.
/// <para>State: [0] place in the ring, then a ring of the last n values, missing until written; a missing value makes every sum over it NaN.</para>
/// </remarks>
internal sealed class MeanDeviationKernel(int period) : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("mean_deviation");

    public override int Period => period;

    public override int StateLength => 1 + period;

    public override void Start(Span<double> state) => state[1..].Fill(double.NaN);

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var ring = state[1..];
        var place = (int)state[0];
        for (var i = 0; i < output.Length; i++)
        {
            var newest = input[i];
            ring[place] = newest;
            if (++place == period) place = 0;
            var mean = WindowScan.Sum(ring, newest) / period;
            output[i] = Missing.UnlessFinite(WindowScan.SumOfDistances(ring, newest, mean) / period);
        }

        state[0] = place;
    }
}

/// <summary>The percentage of the n values before the present one that are not above it; missing unless all of them are there.</summary>
/// <remarks>
/// Counting takes O(n), four comparisons at a time; up to some hundred bars that is faster than any sorted structure.
/// <para>State: [0] place in the ring, [1] values without a missing one up to the bar before (at most n), then a ring of those n values.</para>
/// </remarks>
internal sealed class PercentRankKernel(int period) : Kernel
{
    private const int Place = 0, Unbroken = 1, Header = 2;

    internal override NodeCode Code => NodeCode.BuiltIn("percent_rank");

    public override int Period => period + 1;

    public override int StateLength => Header + period;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var ring = state[Header..];
        var place = (int)state[Place];
        var unbroken = (int)state[Unbroken];
        for (var i = 0; i < output.Length; i++)
        {
            var value = input[i];
            var missing = double.IsNaN(value);
            output[i] = missing || unbroken < period ? double.NaN : 100.0 * WindowScan.CountUpTo(ring, value) / period;
            unbroken = missing ? 0 : Math.Min(unbroken + 1, period);
            ring[place] = value;
            if (++place == period) place = 0;
        }

        state[Place] = place;
        state[Unbroken] = unbroken;
    }
}

/// <summary>Looks at a whole window, four values at a time on every machine, so that the order of additions and with it the bits are the same everywhere.</summary>
internal static class WindowScan
{
    /// <summary>sum(x - origin).</summary>
    public static double Sum(ReadOnlySpan<double> window, double origin)
    {
        var vectors = MemoryMarshal.Cast<double, Vector256<double>>(window);
        var origins = Vector256.Create(origin);
        var sums = Vector256<double>.Zero;
        foreach (var vector in vectors) sums += vector - origins;
        var sum = Total(sums);
        foreach (var value in window[(vectors.Length * Vector256<double>.Count)..]) sum += value - origin;
        return sum;
    }

    /// <summary>sum(|(x - origin) - mean|).</summary>
    public static double SumOfDistances(ReadOnlySpan<double> window, double origin, double mean)
    {
        var vectors = MemoryMarshal.Cast<double, Vector256<double>>(window);
        var origins = Vector256.Create(origin);
        var means = Vector256.Create(mean);
        var sums = Vector256<double>.Zero;
        foreach (var vector in vectors) sums += Vector256.Abs(vector - origins - means);
        var sum = Total(sums);
        foreach (var value in window[(vectors.Length * Vector256<double>.Count)..]) sum += Math.Abs(value - origin - mean);
        return sum;
    }

    /// <summary>How many values are at most <paramref name="limit"/>.</summary>
    public static int CountUpTo(ReadOnlySpan<double> window, double limit)
    {
        var vectors = MemoryMarshal.Cast<double, Vector256<double>>(window);
        var limits = Vector256.Create(limit);
        var counts = Vector256<long>.Zero;

        // A true comparison is all ones, that is -1.
        foreach (var vector in vectors) counts -= Vector256.LessThanOrEqual(vector, limits).AsInt64();
        var count = (int)Vector256.Sum(counts);
        foreach (var value in window[(vectors.Length * Vector256<double>.Count)..]) count += value <= limit ? 1 : 0;
        return count;
    }

    // Vector256.Sum may add in another order on other hardware.
    private static double Total(Vector256<double> sums) => sums[0] + sums[1] + (sums[2] + sums[3]);
}
