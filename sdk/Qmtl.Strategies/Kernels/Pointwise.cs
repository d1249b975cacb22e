using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Strategies;

/// <summary>A function of two numbers, once for a scalar and once for a vector; the two must agree in every bit.</summary>
internal interface IBinaryFunction
{
    static abstract string Name { get; }

    static abstract bool Commutative { get; }

    static abstract double Apply(double a, double b);

    static abstract Vector<double> Apply(Vector<double> a, Vector<double> b);
}

/// <summary>Applies a function bar by bar.</summary>
/// <remarks>The JIT does not vectorise loops by itself, so the vectors are explicit; the tail of a block is scalar.</remarks>
internal sealed class BinaryKernel<TFunction> : Kernel
    where TFunction : struct, IBinaryFunction
{
    internal override NodeCode Code => NodeCode.BuiltIn(TFunction.Name);

    public override bool Commutative => TFunction.Commutative;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var a = inputs[0];
        var b = inputs[1];
        var done = 0;
        // A live bar has nothing to gain from vectors, and pays for setting them up.
        if (output.Length >= Vector<double>.Count)
        {
            var vectorsA = MemoryMarshal.Cast<double, Vector<double>>(a);
            var vectorsB = MemoryMarshal.Cast<double, Vector<double>>(b);
            var vectors = MemoryMarshal.Cast<double, Vector<double>>(output);
            for (var i = 0; i < vectors.Length; i++) vectors[i] = TFunction.Apply(vectorsA[i], vectorsB[i]);
            done = vectors.Length * Vector<double>.Count;
        }

        for (var i = done; i < output.Length; i++) output[i] = TFunction.Apply(a[i], b[i]);
    }
}

/// <summary>What every function of this file shares: missing in, missing out; and a result that is not finite is missing.</summary>
internal static class Missing
{
    public static double UnlessFinite(double value) => double.IsFinite(value) ? value : double.NaN;

    public static Vector<double> UnlessFinite(Vector<double> value) =>
        Vector.ConditionalSelect(Vector.LessThanOrEqual(Vector.Abs(value), new Vector<double>(double.MaxValue)), value, new Vector<double>(double.NaN));

    public static double Truth(bool value, double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? double.NaN : value ? 1.0 : 0.0;

    public static Vector<double> Truth(Vector<long> value, Vector<double> a, Vector<double> b)
    {
        var known = Vector.BitwiseAnd(Vector.Equals(a, a), Vector.Equals(b, b));
        var truth = Vector.ConditionalSelect(value, Vector<double>.One, Vector<double>.Zero);
        return Vector.ConditionalSelect(known, truth, new Vector<double>(double.NaN));
    }
}

internal readonly struct Add : IBinaryFunction
{
    public static string Name => "add";

    public static bool Commutative => true;

    public static double Apply(double a, double b) => Missing.UnlessFinite(a + b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Missing.UnlessFinite(a + b);
}

internal readonly struct Subtract : IBinaryFunction
{
    public static string Name => "subtract";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => Missing.UnlessFinite(a - b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Missing.UnlessFinite(a - b);
}

internal readonly struct Multiply : IBinaryFunction
{
    public static string Name => "multiply";

    public static bool Commutative => true;

    public static double Apply(double a, double b) => Missing.UnlessFinite(a * b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Missing.UnlessFinite(a * b);
}

internal readonly struct Divide : IBinaryFunction
{
    public static string Name => "divide";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => Missing.UnlessFinite(a / b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Missing.UnlessFinite(a / b);
}

internal readonly struct Greater : IBinaryFunction
{
    public static string Name => "greater";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => Missing.Truth(a > b, a, b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Missing.Truth(Vector.GreaterThan(a, b), a, b);
}

internal readonly struct GreaterOrEqual : IBinaryFunction
{
    public static string Name => "greater_or_equal";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => Missing.Truth(a >= b, a, b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Missing.Truth(Vector.GreaterThanOrEqual(a, b), a, b);
}

/// <summary>a &gt; b by more than rounding: a - b &gt; 1e-12 x |b|. A tie is not above.</summary>
internal readonly struct Above : IBinaryFunction
{
    private const double Tolerance = 1e-12;

    public static string Name => "above";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => Missing.Truth(a - b > Tolerance * Math.Abs(b), a, b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) =>
        Missing.Truth(Vector.GreaterThan(a - b, Tolerance * Vector.Abs(b)), a, b);
}

internal readonly struct And : IBinaryFunction
{
    public static string Name => "and";

    public static bool Commutative => true;

    public static double Apply(double a, double b) => Missing.Truth(a != 0 && b != 0, a, b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) =>
        Missing.Truth(Vector.OnesComplement(Vector.BitwiseOr(Vector.Equals(a, Vector<double>.Zero), Vector.Equals(b, Vector<double>.Zero))), a, b);
}

internal readonly struct Or : IBinaryFunction
{
    public static string Name => "or";

    public static bool Commutative => true;

    public static double Apply(double a, double b) => Missing.Truth(a != 0 || b != 0, a, b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) =>
        Missing.Truth(Vector.OnesComplement(Vector.BitwiseAnd(Vector.Equals(a, Vector<double>.Zero), Vector.Equals(b, Vector<double>.Zero))), a, b);
}
