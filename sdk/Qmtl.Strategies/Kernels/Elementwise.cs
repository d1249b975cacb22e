using System.Numerics;

namespace Qmtl.Strategies;

/// <summary>A function of one number. It is given finite numbers only, unless it says otherwise.</summary>
internal interface IUnaryFunction
{
    static abstract string Name { get; }

    static abstract double Apply(double value);
}

/// <summary>Applies a function bar by bar.</summary>
internal sealed class UnaryKernel<TFunction> : Kernel
    where TFunction : struct, IUnaryFunction
{
    internal override NodeCode Code => NodeCode.BuiltIn(TFunction.Name);

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        for (var i = 0; i < output.Length; i++) output[i] = TFunction.Apply(input[i]);
    }
}

/// <summary>The natural logarithm; missing for zero and below.</summary>
internal readonly struct Logarithm : IUnaryFunction
{
    public static string Name => "log";

    public static double Apply(double value) => value > 0 ? Math.Log(value) : double.NaN;
}

internal readonly struct Exponential : IUnaryFunction
{
    public static string Name => "exp";

    public static double Apply(double value) => Missing.UnlessFinite(Math.Exp(value));
}

/// <summary>The square root; missing below zero.</summary>
internal readonly struct SquareRoot : IUnaryFunction
{
    public static string Name => "sqrt";

    public static double Apply(double value) => value >= 0 ? Math.Sqrt(value) : double.NaN;
}

internal readonly struct SignOf : IUnaryFunction
{
    public static string Name => "sign";

    public static double Apply(double value) => value > 0 ? 1 : value < 0 ? -1 : value == 0 ? 0 : double.NaN;
}

/// <summary>True where the input is missing: the one function that turns missing into a value.</summary>
internal readonly struct IsMissing : IUnaryFunction
{
    public static string Name => "is_missing";

    public static double Apply(double value) => double.IsNaN(value) ? 1 : 0;
}

internal readonly struct Minimum : IBinaryFunction
{
    public static string Name => "minimum";

    public static bool Commutative => true;

    // Math.Min orders -0 before 0, so that exchanged arguments give the same bits.
    public static double Apply(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? double.NaN : Math.Min(a, b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Elementwise.WhereKnown(Vector.Min(a, b), a, b);
}

internal readonly struct Maximum : IBinaryFunction
{
    public static string Name => "maximum";

    public static bool Commutative => true;

    public static double Apply(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? double.NaN : Math.Max(a, b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Elementwise.WhereKnown(Vector.Max(a, b), a, b);
}

internal readonly struct Power : IBinaryFunction
{
    public static string Name => "power";

    public static bool Commutative => false;

    // Math.Pow(1, NaN) and Math.Pow(NaN, 0) are 1; here missing stays missing.
    public static double Apply(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? double.NaN : Missing.UnlessFinite(Math.Pow(a, b));

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Elementwise.ByLane<Power>(a, b);
}

/// <summary>The remainder of a division, with the sign of the dividend as in C#.</summary>
internal readonly struct Remainder : IBinaryFunction
{
    public static string Name => "remainder";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => Missing.UnlessFinite(a % b);

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Elementwise.ByLane<Remainder>(a, b);
}

/// <summary>The first input, or the second where that is missing.</summary>
internal readonly struct FirstPresent : IBinaryFunction
{
    public static string Name => "fill_missing";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => double.IsNaN(a) ? b : a;

    public static Vector<double> Apply(Vector<double> a, Vector<double> b) => Vector.ConditionalSelect(Vector.Equals(a, a), a, b);
}

/// <summary>The first input where the second, a signal, is true; missing elsewhere.</summary>
internal readonly struct Where : IBinaryFunction
{
    public static string Name => "where";

    public static bool Commutative => false;

    public static double Apply(double a, double b) => b == 0 || double.IsNaN(b) ? double.NaN : a;

    public static Vector<double> Apply(Vector<double> a, Vector<double> b)
    {
        var no = Vector.BitwiseOr(Vector.Equals(b, Vector<double>.Zero), Vector.OnesComplement(Vector.Equals(b, b)));
        return Vector.ConditionalSelect(no, new Vector<double>(double.NaN), a);
    }
}

internal static class Elementwise
{
    public static Vector<double> WhereKnown(Vector<double> value, Vector<double> a, Vector<double> b) =>
        Vector.ConditionalSelect(Vector.BitwiseAnd(Vector.Equals(a, a), Vector.Equals(b, b)), value, new Vector<double>(double.NaN));

    /// <summary>For functions that exist as scalars only.</summary>
    public static Vector<double> ByLane<TFunction>(Vector<double> a, Vector<double> b)
        where TFunction : struct, IBinaryFunction
    {
        Span<double> lanes = stackalloc double[Vector<double>.Count];
        for (var i = 0; i < lanes.Length; i++) lanes[i] = TFunction.Apply(a[i], b[i]);
        return new Vector<double>(lanes);
    }
}
