using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Strategies;

/// <summary>The least-squares slope of cumulative size over the levels 1..L of one side of a book. Inputs the sizes, best level first.</summary>
/// <remarks>
/// The slope is linear in the sizes: with m the mean level and D = sum (i - m)^2, the size of level j counts with the weight
/// sum over i >= j of (i - m) / D. So it is one weighted sum, level by level over a whole block.
/// </remarks>
internal sealed class DepthSlopeKernel(int levels) : Kernel
{
    private readonly double[] _weights = Weights(levels);

    internal override NodeCode Code => NodeCode.BuiltIn("depth_slope");

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        output.Clear();
        for (var level = 0; level < _weights.Length; level++) AddWeighted(_weights[level], inputs[level], output);
        for (var i = 0; i < output.Length; i++) output[i] = Missing.UnlessFinite(output[i]);
    }

    private static void AddWeighted(double weight, ReadOnlySpan<double> sizes, Span<double> output)
    {
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(output);
        var vectorSizes = MemoryMarshal.Cast<double, Vector<double>>(sizes);
        for (var i = 0; i < vectors.Length; i++) vectors[i] += weight * vectorSizes[i];
        for (var i = vectors.Length * Vector<double>.Count; i < output.Length; i++) output[i] += weight * sizes[i];
    }

    private static double[] Weights(int levels)
    {
        var mean = (levels + 1) / 2.0;
        var spread = levels * ((levels * (double)levels) - 1) / 12;
        var weights = new double[levels];
        var tail = 0.0;
        for (var level = levels; level >= 1; level--)
        {
            tail += level - mean;
            weights[level - 1] = tail / spread;
        }

        return weights;
    }
}
