using System.Runtime.CompilerServices;

namespace Qmtl.Strategies;

/// <summary>Sums of the first four powers about the pivot.</summary>
internal readonly struct HigherMoments(double first, double second, double third, double fourth) : IWindowSum<HigherMoments>
{
    private readonly double _first = first;
    private readonly double _second = second;
    private readonly double _third = third;
    private readonly double _fourth = fourth;

    public static int Inputs => 1;

    public static bool Pivoted => true;

    public static HigherMoments Empty => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static HigherMoments Append(HigherMoments sum, double x, double y, int index) => Prepend(sum, x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static HigherMoments Prepend(HigherMoments sum, double x, double y)
    {
        var square = x * x;
        return new(sum._first + x, sum._second + square, Math.FusedMultiplyAdd(square, x, sum._third), Math.FusedMultiplyAdd(square, square, sum._fourth));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static HigherMoments Join(HigherMoments older, HigherMoments newer, int olderLength, int newerLength) =>
        new(older._first + newer._first, older._second + newer._second, older._third + newer._third, older._fourth + newer._fourth);

    /// <summary>m3 / m2^1.5 with the mean powers m about the mean.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Skewness(WindowFacts facts)
    {
        var mean = _first * facts.Reciprocal;
        var square = _second * facts.Reciprocal;
        var variance = square - (mean * mean);
        var cubes = (_third * facts.Reciprocal) - (mean * ((3 * square) - (2 * mean * mean)));
        return cubes / (variance * Math.Sqrt(variance));
    }

    /// <summary>m4 / m2^2 - 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double ExcessKurtosis(WindowFacts facts)
    {
        var mean = _first * facts.Reciprocal;
        var square = _second * facts.Reciprocal;
        var meanSquare = mean * mean;
        var variance = square - meanSquare;
        var quartics = (_fourth * facts.Reciprocal) - (4 * mean * _third * facts.Reciprocal) + (3 * meanSquare * ((2 * square) - meanSquare));
        return (quartics / (variance * variance)) - 3;
    }
}

/// <summary>Skewness of the population.</summary>
internal readonly struct Skewness : IWindowReading<HigherMoments>
{
    public static string Name => "skew";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in HigherMoments sum, in WindowEnd end, WindowFacts facts) => sum.Skewness(facts);
}

/// <summary>Skewness estimated from a sample: g1 sqrt(n (n - 1)) / (n - 2).</summary>
internal readonly struct SampleSkewness : IWindowReading<HigherMoments>
{
    public static string Name => "sample_skew";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in HigherMoments sum, in WindowEnd end, WindowFacts facts) =>
        sum.Skewness(facts) * Math.Sqrt(facts.Count * (facts.Count - 1)) / (facts.Count - 2);
}

/// <summary>Excess kurtosis of the population.</summary>
internal readonly struct Kurtosis : IWindowReading<HigherMoments>
{
    public static string Name => "kurt";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in HigherMoments sum, in WindowEnd end, WindowFacts facts) => sum.ExcessKurtosis(facts);
}

/// <summary>Excess kurtosis estimated from a sample: (n - 1) ((n + 1) g2 + 6) / ((n - 2) (n - 3)).</summary>
internal readonly struct SampleKurtosis : IWindowReading<HigherMoments>
{
    public static string Name => "sample_kurt";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in HigherMoments sum, in WindowEnd end, WindowFacts facts) =>
        (facts.Count - 1) * (((facts.Count + 1) * sum.ExcessKurtosis(facts)) + 6) / ((facts.Count - 2) * (facts.Count - 3));
}
