using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Qmtl.Strategies;

/// <summary>The mean distance from the mean.</summary>
/// <remarks>Taken relative to the newest value, so that a flat window gives exactly 0 at any price.</remarks>
internal readonly struct MeanDeviation : IWindowScan
{
    public static string Name => "mean_deviation";

    public static double Read(ReadOnlySpan<double> window) => FromNewest(window).Distance;

    /// <summary>How far the mean is above the newest value, and the mean distance from the mean.</summary>
    // The order of additions is the same on every machine, and with it the bits: four partial sums, then the rest one by one.
    public static (double Mean, double Distance) FromNewest(ReadOnlySpan<double> window)
    {
        var origin = window[^1];
        var origins = Vector256.Create(origin);
        var vectors = MemoryMarshal.Cast<double, Vector256<double>>(window);
        var rest = window[(vectors.Length * Vector256<double>.Count)..];

        var sums = Vector256<double>.Zero;
        foreach (var vector in vectors) sums += vector - origins;
        var sum = Total(sums);
        foreach (var value in rest) sum += value - origin;
        var mean = sum / window.Length;

        var means = Vector256.Create(mean);
        var distances = Vector256<double>.Zero;
        foreach (var vector in vectors) distances += Vector256.Abs(vector - origins - means);
        var distance = Total(distances);
        foreach (var value in rest) distance += Math.Abs(value - origin - mean);
        return (mean, distance / window.Length);
    }

    // Vector256.Sum may add in another order on other hardware.
    private static double Total(Vector256<double> sums) => sums[0] + sums[1] + (sums[2] + sums[3]);
}

/// <summary>The percentage of the values before the newest that are not above it.</summary>
internal readonly struct PercentRank : IWindowScan
{
    public static string Name => "percent_rank";

    public static double Read(ReadOnlySpan<double> window)
    {
        var newest = window[^1];
        var others = window[..^1];
        var limits = Vector256.Create(newest);
        var vectors = MemoryMarshal.Cast<double, Vector256<double>>(others);

        // A true comparison is all ones, that is -1. A missing value compares as neither.
        var (notAbove, above) = (Vector256<long>.Zero, Vector256<long>.Zero);
        foreach (var vector in vectors)
        {
            notAbove -= Vector256.LessThanOrEqual(vector, limits).AsInt64();
            above -= Vector256.GreaterThan(vector, limits).AsInt64();
        }

        var (count, present) = (Vector256.Sum(notAbove), Vector256.Sum(notAbove + above));
        foreach (var value in others[(vectors.Length * Vector256<double>.Count)..])
        {
            count += value <= newest ? 1 : 0;
            present += double.IsNaN(value) || double.IsNaN(newest) ? 0 : 1;
        }

        return present == others.Length ? 100.0 * count / others.Length : double.NaN;
    }
}
