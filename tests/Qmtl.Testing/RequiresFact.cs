using Xunit;
using Xunit.Sdk;

namespace Qmtl.Testing;

/// <summary>What a test needs of the machine it runs on.</summary>
[Flags]
public enum Needs
{
    /// <summary>Nothing beyond the .NET SDK.</summary>
    None = 0,

    /// <summary>The Postgres server binaries.</summary>
    Postgres = 1,

    /// <summary>The redis-server binary.</summary>
    Redis = 2,

    /// <summary>librdkafka, which carries its own mock broker.</summary>
    Kafka = 4,

    /// <summary>python3 with the grpcio and grpcio-tools modules.</summary>
    PythonGrpc = 8,

    /// <summary>A Chromium that runs headless.</summary>
    Chromium = 16,

    /// <summary>Real market data, in the folder that QMTL_TEST_DATA names.</summary>
    MarketData = 32,

    /// <summary>promtool, which checks Prometheus rules.</summary>
    Promtool = 64,
}

/// <summary>A fact that is skipped, with the reason, where the machine lacks what it needs.</summary>
/// <remarks>Decided at discovery: xunit 2 has no way to skip a running test.</remarks>
[XunitTestCaseDiscoverer("Xunit.Sdk.FactDiscoverer", "xunit.execution.{Platform}")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresFactAttribute : FactAttribute
{
    public RequiresFactAttribute(Needs needs)
    {
        Needs = needs;
        Skip = Machine.WhyMissing(needs)!;
    }

    /// <summary>What was asked for.</summary>
    public Needs Needs { get; }
}

/// <summary>A theory that is skipped, with the reason, where the machine lacks what it needs.</summary>
[XunitTestCaseDiscoverer("Xunit.Sdk.TheoryDiscoverer", "xunit.execution.{Platform}")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresTheoryAttribute : TheoryAttribute
{
    public RequiresTheoryAttribute(Needs needs)
    {
        Needs = needs;
        Skip = Machine.WhyMissing(needs)!;
    }

    /// <summary>What was asked for.</summary>
    public Needs Needs { get; }
}
