using System.Runtime.CompilerServices;

namespace Qmtl.Strategies;

/// <summary>Sums for the least-squares line through a window: values, squares, and values times their place 0, 1, 2 ... in it.</summary>
internal readonly struct TimeSums(double first, double second, double placed) : IWindowSum<TimeSums>
{
    private readonly double _first = first;
    private readonly double _second = second;
    private readonly double _placed = placed;

    public static int Inputs => 1;

    public static bool Pivoted => true;

    public static TimeSums Empty => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TimeSums Append(TimeSums sum, double x, double y, int index) =>
        new(sum._first + x, Math.FusedMultiplyAdd(x, x, sum._second), Math.FusedMultiplyAdd(index, x, sum._placed));

    // An older value takes place 0 and moves all others one place on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TimeSums Prepend(TimeSums sum, double x, double y) =>
        new(sum._first + x, Math.FusedMultiplyAdd(x, x, sum._second), sum._placed + sum._first);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TimeSums Join(TimeSums older, TimeSums newer, int olderLength, int newerLength) => new(
        older._first + newer._first, older._second + newer._second, older._placed + Math.FusedMultiplyAdd(olderLength, newer._first, newer._placed));

    /// <summary>The mean, less the pivot: the line's height in the middle of the window.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Middle(WindowFacts facts) => _first * facts.Reciprocal;

    /// <summary>The line's rise a bar.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Slope(WindowFacts facts) => Products(facts) * facts.IndexReciprocal;

    /// <summary>The share of the variance that the line explains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Explained(WindowFacts facts)
    {
        var squares = Math.Max(Math.FusedMultiplyAdd(-_first * facts.Reciprocal, _first, _second), 0.0);
        var products = Products(facts);
        return Math.Clamp(products * facts.IndexReciprocal * products / squares, 0.0, 1.0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double Products(WindowFacts facts) => Math.FusedMultiplyAdd(-facts.MeanIndex, _first, _placed);
}

/// <summary>The line's rise a bar.</summary>
internal readonly struct Slope : IWindowReading<TimeSums>
{
    public static string Name => "slope";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in TimeSums sum, in WindowEnd end, WindowFacts facts) => sum.Slope(facts);
}

/// <summary>The line's height on the oldest bar.</summary>
internal readonly struct Intercept : IWindowReading<TimeSums>
{
    public static string Name => "linreg_intercept";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in TimeSums sum, in WindowEnd end, WindowFacts facts) =>
        end.PivotX + Math.FusedMultiplyAdd(-facts.MeanIndex, sum.Slope(facts), sum.Middle(facts));
}

/// <summary>The line's height on the newest bar.</summary>
internal readonly struct LineEnd : IWindowReading<TimeSums>
{
    public static string Name => "linreg";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in TimeSums sum, in WindowEnd end, WindowFacts facts) =>
        end.PivotX + Math.FusedMultiplyAdd(facts.MeanIndex, sum.Slope(facts), sum.Middle(facts));
}

/// <summary>The line's height one bar ahead.</summary>
internal readonly struct LineForecast : IWindowReading<TimeSums>
{
    public static string Name => "forecast";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in TimeSums sum, in WindowEnd end, WindowFacts facts) =>
        end.PivotX + Math.FusedMultiplyAdd(facts.MeanIndex + 1, sum.Slope(facts), sum.Middle(facts));
}

/// <summary>The share of the variance that the line explains; missing in a flat window.</summary>
internal readonly struct RSquared : IWindowReading<TimeSums>
{
    public static string Name => "r_squared";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in TimeSums sum, in WindowEnd end, WindowFacts facts) => sum.Explained(facts);
}
