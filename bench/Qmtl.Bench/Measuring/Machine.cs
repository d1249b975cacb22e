using System.Diagnostics;
using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Qmtl.Bench.Measuring;

/// <summary>Where the figures come from.</summary>
internal static class Machine
{
    public static string Description { get; } =
        $"{RuntimeInformation.FrameworkDescription} {RuntimeInformation.OSArchitecture}, {Environment.ProcessorCount} cores, vectors of {Vector<double>.Count} doubles";

    public static bool IsUnoptimised { get; } = typeof(Machine).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled == true;
}
