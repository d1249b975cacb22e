using System.Runtime.CompilerServices;

namespace Qmtl.Strategies;

/// <summary>Sums of two inputs about their pivots: first and second powers, and products.</summary>
internal readonly struct CoMoments(double x, double y, double xx, double yy, double xy) : IWindowSum<CoMoments>
{
    private readonly double _x = x;
    private readonly double _y = y;
    private readonly double _xx = xx;
    private readonly double _yy = yy;
    private readonly double _xy = xy;

    public static int Inputs => 2;

    public static bool Pivoted => true;

    public static CoMoments Empty => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CoMoments Append(CoMoments sum, double x, double y, int index) => Prepend(sum, x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CoMoments Prepend(CoMoments sum, double x, double y) => new(
        sum._x + x, sum._y + y, Math.FusedMultiplyAdd(x, x, sum._xx), Math.FusedMultiplyAdd(y, y, sum._yy), Math.FusedMultiplyAdd(x, y, sum._xy));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CoMoments Join(CoMoments older, CoMoments newer, int olderLength, int newerLength) => new(
        older._x + newer._x, older._y + newer._y, older._xx + newer._xx, older._yy + newer._yy, older._xy + newer._xy);

    /// <summary>The sum of squares of the first input about its mean.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double SquaresX(WindowFacts facts) => Math.Max(Math.FusedMultiplyAdd(-_x * facts.Reciprocal, _x, _xx), 0.0);

    /// <summary>The sum of squares of the second input about its mean.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double SquaresY(WindowFacts facts) => Math.Max(Math.FusedMultiplyAdd(-_y * facts.Reciprocal, _y, _yy), 0.0);

    /// <summary>The sum of products about the means.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Products(WindowFacts facts) => Math.FusedMultiplyAdd(-_x * facts.Reciprocal, _y, _xy);
}

/// <summary>Pearson's correlation; missing (0 / 0) while either input is flat.</summary>
internal readonly struct Correlation : IWindowReading<CoMoments>
{
    public static string Name => "correlation";

    // Rounding may leave a perfect correlation just outside; Clamp lets NaN through.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in CoMoments sum, in WindowEnd end, WindowFacts facts) =>
        Math.Clamp(sum.Products(facts) / (Math.Sqrt(sum.SquaresX(facts)) * Math.Sqrt(sum.SquaresY(facts))), -1.0, 1.0);
}

/// <summary>The mean product of the distances from the means.</summary>
internal readonly struct Covariance : IWindowReading<CoMoments>
{
    public static string Name => "covariance";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in CoMoments sum, in WindowEnd end, WindowFacts facts) => sum.Products(facts) * facts.Reciprocal;
}

/// <summary>The same with n - 1 in place of n.</summary>
internal readonly struct SampleCovariance : IWindowReading<CoMoments>
{
    public static string Name => "sample_covariance";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in CoMoments sum, in WindowEnd end, WindowFacts facts) => sum.Products(facts) * facts.SampleReciprocal;
}

/// <summary>Slope of the first input on the second; missing while the second is flat.</summary>
internal readonly struct Beta : IWindowReading<CoMoments>
{
    public static string Name => "beta";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Read(in CoMoments sum, in WindowEnd end, WindowFacts facts) => sum.Products(facts) / sum.SquaresY(facts);
}
