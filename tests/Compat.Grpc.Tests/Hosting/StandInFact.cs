using Xunit.Sdk;

namespace Compat.Grpc.Tests.Hosting;

/// <summary>A behaviour in which the stand-ins are stricter than the packages.</summary>
[XunitTestCaseDiscoverer("Xunit.Sdk.FactDiscoverer", "xunit.execution.{Platform}")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class StandInFactAttribute : FactAttribute
{
    public StandInFactAttribute()
    {
        // The real metapackage has no assembly of its own.
        if (typeof(global::Grpc.AspNetCore.Server.GrpcServiceOptions).Assembly.GetName().Name != "Grpc.AspNetCore") Skip = "only the stand-ins do this";
    }
}
