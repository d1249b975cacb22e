using System.Numerics;

namespace Qmtl.Strategies;

/// <summary>100 a / b, and 0 where b is 0: a flat window has gone nowhere.</summary>
internal readonly struct PercentOrZero : IBinaryFunction
{
    public static string Name => "percent_or_zero";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => b == 0 ? Missing.Truth(value: false, a, b) : Missing.UnlessFinite(100 * (a / b));

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Vector.ConditionalSelect(
        Vector.Equals(b, Vector<double>.Zero),
        Missing.Truth(Vector<long>.Zero, a, b),
        Missing.UnlessFinite(100 * (a / b)));
}

/// <summary>|a| / b for a net move a over a path of length b: at most 1, and 1 where there was no path at all.</summary>
internal readonly struct Efficiency : IBinaryFunction
{
    public static string Name => "efficiency";

    public static bool Commutative => false;

    // The path is a rounded sum; a straight one may come out a little shorter than its net move.
    public static double Apply(double a, double b)
    {
        var size = Math.Abs(a);
        return size >= b ? Missing.Truth(value: true, a, b) : Missing.UnlessFinite(size / b);
    }

    public static Vector<double> Apply(Vector<double> a, Vector<double> b)
    {
        var size = Vector.Abs(a);
        return Vector.ConditionalSelect(Vector.GreaterThanOrEqual(size, b), Missing.Truth(Vector<long>.AllBitsSet, a, b), Missing.UnlessFinite(size / b));
    }
}
