using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Strategies;

/// <summary>condition ? a : b. Missing while the condition is; otherwise only the chosen value counts.</summary>
internal sealed class WhenKernel : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("when");

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var condition = inputs[0];
        var then = inputs[1];
        var otherwise = inputs[2];
        var done = 0;
        if (output.Length >= Vector<double>.Count)
        {
            var conditions = MemoryMarshal.Cast<double, Vector<double>>(condition);
            var thens = MemoryMarshal.Cast<double, Vector<double>>(then);
            var otherwises = MemoryMarshal.Cast<double, Vector<double>>(otherwise);
            var vectors = MemoryMarshal.Cast<double, Vector<double>>(output);
            for (var i = 0; i < vectors.Length; i++)
            {
                var truth = conditions[i];
                var chosen = Vector.ConditionalSelect(Vector.Equals(truth, Vector<double>.Zero), otherwises[i], thens[i]);
                vectors[i] = Vector.ConditionalSelect(Vector.Equals(truth, truth), chosen, new Vector<double>(double.NaN));
            }

            done = vectors.Length * Vector<double>.Count;
        }

        for (var i = done; i < output.Length; i++)
        {
            var truth = condition[i];
            output[i] = double.IsNaN(truth) ? double.NaN : truth != 0 ? then[i] : otherwise[i];
        }
    }
}

/// <summary>A function of one number, once for a scalar and once for a vector; the two must agree in every bit.</summary>
internal interface IVectorFunction
{
    static abstract string Name { get; }

    static abstract double Apply(double value);

    static abstract Vector<double> Apply(Vector<double> value);
}

/// <summary>Applies such a function bar by bar.</summary>
internal sealed class VectorKernel<TFunction> : Kernel
    where TFunction : struct, IVectorFunction
{
    internal override NodeCode Code => NodeCode.BuiltIn(TFunction.Name);

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var done = 0;
        if (output.Length >= Vector<double>.Count)
        {
            var read = MemoryMarshal.Cast<double, Vector<double>>(input);
            var written = MemoryMarshal.Cast<double, Vector<double>>(output);
            for (var i = 0; i < written.Length; i++) written[i] = TFunction.Apply(read[i]);
            done = written.Length * Vector<double>.Count;
        }

        for (var i = done; i < output.Length; i++) output[i] = TFunction.Apply(input[i]);
    }
}

/// <summary>True where the input is false.</summary>
internal readonly struct Not : IVectorFunction
{
    public static string Name => "not";

    public static double Apply(double value) => Missing.Truth(value == 0, value, value);

    public static Vector<double> Apply(Vector<double> value) => Missing.Truth(Vector.Equals(value, Vector<double>.Zero), value, value);
}

/// <summary>The magnitude of the input.</summary>
internal readonly struct Magnitude : IVectorFunction
{
    public static string Name => "abs";

    public static double Apply(double value) => double.IsNaN(value) ? double.NaN : Math.Abs(value);

    // The sign of a missing value is part of its bits, so it must not be dropped like that of a number.
    public static Vector<double> Apply(Vector<double> value) =>
        Vector.ConditionalSelect(Vector.Equals(value, value), Vector.Abs(value), new Vector<double>(double.NaN));
}
