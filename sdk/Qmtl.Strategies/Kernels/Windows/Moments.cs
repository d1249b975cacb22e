using System.Runtime.CompilerServices;

namespace Qmtl.Strategies;

/// <summary>Sums of the first and second powers about the pivot.</summary>
internal readonly struct Moments(double first, double second) : IWindowSum<Moments>
{
    private readonly double _first = first;
    private readonly double _second = second;

    public static int Inputs => 1;

    public static bool Pivoted => true;

    public static Moments Empty => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Moments Append(Moments sum, double x, double y, int index) => Prepend(sum, x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Moments Prepend(Moments sum, double x, double y) => new(sum._first + x, Math.FusedMultiplyAdd(x, x, sum._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Moments Join(Moments older, Moments newer, int olderLength, int newerLength) =>
        new(older._first + newer._first, older._second + newer._second);

    /// <summary>The mean, less the pivot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Mean(WindowFacts facts) => _first * facts.Reciprocal;

    /// <summary>The sum of squares about the mean; never negative, and 0 when all values are equal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Squares(WindowFacts facts) => Math.Max(Math.FusedMultiplyAdd(-_first * facts.Reciprocal, _first, _second), 0.0);
}

/// <summary>The mean square distance from the mean.</summary>
internal readonly struct Variance : IWindowReading<Moments>
{
    public static string Name => "variance";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in Moments sum, in WindowEnd end, WindowFacts facts) => sum.Squares(facts) * facts.Reciprocal;
}

/// <summary>The same with n - 1 in place of n.</summary>
internal readonly struct SampleVariance : IWindowReading<Moments>
{
    public static string Name => "sample_variance";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in Moments sum, in WindowEnd end, WindowFacts facts) => sum.Squares(facts) * facts.SampleReciprocal;
}

/// <summary>The root of the variance.</summary>
internal readonly struct StandardDeviation : IWindowReading<Moments>
{
    public static string Name => "stddev";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in Moments sum, in WindowEnd end, WindowFacts facts) => Math.Sqrt(sum.Squares(facts) * facts.Reciprocal);
}

/// <summary>The root of the sample variance.</summary>
internal readonly struct SampleStandardDeviation : IWindowReading<Moments>
{
    public static string Name => "sample_stddev";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in Moments sum, in WindowEnd end, WindowFacts facts) => Math.Sqrt(sum.Squares(facts) * facts.SampleReciprocal);
}

/// <summary>How many standard deviations the newest value is from the mean; 0 / 0 in a flat window, hence missing.</summary>
internal readonly struct StandardScore : IWindowReading<Moments>
{
    public static string Name => "rolling_zscore";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in Moments sum, in WindowEnd end, WindowFacts facts) =>
        (end.X - sum.Mean(facts)) / Math.Sqrt(sum.Squares(facts) * facts.Reciprocal);
}

/// <summary>The same by the sample deviation.</summary>
internal readonly struct SampleStandardScore : IWindowReading<Moments>
{
    public static string Name => "sample_zscore";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in Moments sum, in WindowEnd end, WindowFacts facts) =>
        (end.X - sum.Mean(facts)) / Math.Sqrt(sum.Squares(facts) * facts.SampleReciprocal);
}
