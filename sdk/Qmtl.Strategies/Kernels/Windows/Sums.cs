using System.Runtime.CompilerServices;

namespace Qmtl.Strategies;

/// <summary>The plain sum.</summary>
internal readonly struct PlainSum(double value) : IWindowSum<PlainSum>, IWindowReading<PlainSum>
{
    private readonly double _value = value;

    /// <summary>The sum.</summary>
    public double Value => _value;

    public static string Name => "rolling_sum";

    public static int Inputs => 1;

    public static bool Pivoted => false;

    public static PlainSum Empty => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PlainSum Append(PlainSum sum, double x, double y, int index) => new(sum._value + x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PlainSum Prepend(PlainSum sum, double x, double y) => new(sum._value + x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PlainSum Join(PlainSum older, PlainSum newer, int olderLength, int newerLength) => new(older._value + newer._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in PlainSum sum, in WindowEnd end, WindowFacts facts) => sum._value;
}

/// <summary>The mean.</summary>
internal readonly struct Mean : IWindowReading<PlainSum>
{
    public static string Name => "sma";

    // Divided and not multiplied by a reciprocal, which would round once more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in PlainSum sum, in WindowEnd end, WindowFacts facts) => sum.Value / facts.Count;
}

/// <summary>The sum of squares, about zero; its root mean is the quadratic mean.</summary>
internal readonly struct SquareSum(double value) : IWindowSum<SquareSum>, IWindowReading<SquareSum>
{
    private readonly double _value = value;

    public static string Name => "root_mean_square";

    public static int Inputs => 1;

    public static bool Pivoted => false;

    public static SquareSum Empty => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SquareSum Append(SquareSum sum, double x, double y, int index) => new(Math.FusedMultiplyAdd(x, x, sum._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SquareSum Prepend(SquareSum sum, double x, double y) => new(Math.FusedMultiplyAdd(x, x, sum._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SquareSum Join(SquareSum older, SquareSum newer, int olderLength, int newerLength) => new(older._value + newer._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in SquareSum sum, in WindowEnd end, WindowFacts facts) => Math.Sqrt(sum._value * facts.Reciprocal);
}
