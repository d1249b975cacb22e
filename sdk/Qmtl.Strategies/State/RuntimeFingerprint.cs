using System.Reflection;
using System.Runtime.InteropServices;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>What results may depend on beside the graph: the version of this library, the code of the operators, the framework and the processor.</summary>
public static class RuntimeFingerprint
{
    /// <summary><c>blake3:</c> and the hash over version, framework, processor architecture and the code hashes of the plan's nodes.</summary>
    public static string Of(ComputePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return ContentHash.Stable(CanonicalValue.Map(
            ("architecture", CanonicalValue.Of(RuntimeInformation.ProcessArchitecture.ToString())),
            ("code", CanonicalValue.Set(plan.Graphs.SelectMany(graph => graph.Nodes).Select(node => node.CodeHash ?? "").Distinct(StringComparer.Ordinal).Select(CanonicalValue.Of))),
            ("framework", CanonicalValue.Of(RuntimeInformation.FrameworkDescription)),
            ("version", CanonicalValue.Of(Version))));
    }

    /// <summary>
    /// What of this library and this machine may change bits, whatever the graph: version, framework, processor architecture and width of its vectors,
    /// which decides in what order sums are formed.
    /// </summary>
    public static string Platform { get; } = ContentHash.Stable(CanonicalValue.Map(
        ("architecture", CanonicalValue.Of(RuntimeInformation.ProcessArchitecture.ToString())),
        ("framework", CanonicalValue.Of(RuntimeInformation.FrameworkDescription)),
        ("vector_bytes", CanonicalValue.Of((long)System.Numerics.Vector<byte>.Count)),
        ("wide_vectors", CanonicalValue.Of(System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated)),
        ("fused", CanonicalValue.Of(System.Runtime.Intrinsics.X86.Fma.IsSupported || System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported)),
        ("version", CanonicalValue.Of(Version))));

    private static string Version =>
        typeof(RuntimeFingerprint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
