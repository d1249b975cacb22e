using System.Collections.Frozen;
using Google.Api;
using Google.Protobuf.Reflection;

namespace Qmtl.WorldService.Audit;

/// <summary>Which rpcs change something: all that do not read by GET, but for those that only compute.</summary>
internal static class Mutations
{
    private static readonly string[] Computing = ["TestPolicy", "DiffPolicy", "LookupValidation", "TickCampaign", "PlanRebalance", "ProposeAllocation"];

    /// <summary>By name, for example <c>Apply</c>.</summary>
    public static FrozenSet<string> Names { get; } = Qmtl.V1.WorldService.Descriptor.Methods.Where(Writes).Select(method => method.Name)
        .Except(Computing, StringComparer.Ordinal).ToFrozenSet(StringComparer.Ordinal);

    // An rpc without a route is gRPC only; it counts as a change until it is named above.
    private static bool Writes(MethodDescriptor method) => method.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is not { PatternCase: HttpRule.PatternOneofCase.Get };
}
