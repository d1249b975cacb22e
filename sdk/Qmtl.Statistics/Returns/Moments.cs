using System.Buffers;
namespace Qmtl.Statistics;

/// <summary>Means, deviations and quantiles of a series. Undefined values are null.</summary>
public static class Moments
{
    /// <summary>The values without NaN and infinities; the series itself when it has none.</summary>
    public static ReadOnlyMemory<double> Finite(ReadOnlyMemory<double> values)
    {
        foreach (var value in values.Span)
        {
            if (!double.IsFinite(value)) return values.ToArray().Where(double.IsFinite).ToArray();
        }

        return values;
    }

    /// <summary>Σx / n.</summary>
    public static double? Mean(ReadOnlySpan<double> values) => values.IsEmpty ? null : Sum(values) / values.Length;

    /// <summary>Sample standard deviation, √(Σ(x − mean)² / (n − 1)); null below two values.</summary>
    public static double? SampleDeviation(ReadOnlySpan<double> values) => values.Length < 2 ? null : Math.Sqrt(SquaredDeviations(values) / (values.Length - 1));

    /// <summary>Population standard deviation, √(Σ(x − mean)² / n); null without values.</summary>
    public static double? PopulationDeviation(ReadOnlySpan<double> values) => values.IsEmpty ? null : Math.Sqrt(SquaredDeviations(values) / values.Length);

    /// <summary>Population skewness, m₃ / m₂^1.5; null when the series is constant.</summary>
    public static double? Skewness(ReadOnlySpan<double> values) => Standardised(values, 3);

    /// <summary>Population kurtosis, m₄ / m₂² (3 for a normal distribution, not excess); null when the series is constant.</summary>
    public static double? Kurtosis(ReadOnlySpan<double> values) => Standardised(values, 4);

    /// <summary>The quantile at <paramref name="p"/> (0 to 1), interpolated linearly at (n − 1)·p of the sorted values.</summary>
    public static double? Quantile(ReadOnlySpan<double> values, double p)
    {
        if (values.IsEmpty) return null;
        ArgumentOutOfRangeException.ThrowIfLessThan(p, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(p, 1);
        var at = (values.Length - 1) * p;
        var below = (int)at;
        var copy = ArrayPool<double>.Shared.Rent(values.Length);
        try
        {
            values.CopyTo(copy);
            var (low, high) = Selection.NeighboursAt(copy.AsSpan(0, values.Length), below);
            return low + ((high - low) * (at - below));
        }
        finally
        {
            ArrayPool<double>.Shared.Return(copy);
        }
    }

    // Compensated (Neumaier), so that a sum does not depend on how large an equity its small changes are added to.
    internal static double Sum(ReadOnlySpan<double> values)
    {
        double sum = 0, lost = 0;
        foreach (var value in values)
        {
            var next = sum + value;
            lost += Math.Abs(sum) >= Math.Abs(value) ? sum - next + value : value - next + sum;
            sum = next;
        }

        return sum + lost;
    }

    // A constant series has no deviation, even where its computed mean misses its value by a bit.
    private static bool IsConstant(ReadOnlySpan<double> values) => !values.ContainsAnyExcept(values[0]);

    private static double SquaredDeviations(ReadOnlySpan<double> values)
    {
        if (IsConstant(values)) return 0;
        var mean = Sum(values) / values.Length;
        double squares = 0, rest = 0;
        foreach (var value in values)
        {
            squares += (value - mean) * (value - mean);
            rest += value - mean;
        }

        return squares - (rest * rest / values.Length);
    }

    private static double? Standardised(ReadOnlySpan<double> values, int power)
    {
        if (values.IsEmpty || IsConstant(values)) return null;
        var mean = Sum(values) / values.Length;
        double second = 0, sum = 0;
        foreach (var value in values)
        {
            var deviation = value - mean;
            second += deviation * deviation;
            sum += power == 3 ? deviation * deviation * deviation : deviation * deviation * deviation * deviation;
        }

        second /= values.Length;
        return sum / values.Length / (power == 3 ? second * Math.Sqrt(second) : second * second);
    }
}
