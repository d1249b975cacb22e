using System.Numerics;

namespace Qmtl.Strategies;

/// <summary>(a - b) / (a + b): from -1, all on the second side, to 1, all on the first; 0 where both sides are empty.</summary>
internal readonly struct Imbalance : IBinaryFunction
{
    public static string Name => "imbalance";

    public static bool Commutative => false;

    public static double Apply(double a, double b)
    {
        var sum = a + b;
        return sum == 0 ? 0 : Missing.UnlessFinite((a - b) / sum);
    }

    public static Vector<double> Apply(Vector<double> a, Vector<double> b)
    {
        var sum = a + b;
        return Vector.ConditionalSelect(Vector.Equals(sum, Vector<double>.Zero), Vector<double>.Zero, Missing.UnlessFinite((a - b) / sum));
    }
}
