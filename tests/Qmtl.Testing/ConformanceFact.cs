using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Qmtl.Testing;

/// <summary>A fact of an abstract class that several implementations of one contract inherit, each with its own <see cref="RequiresAttribute"/>.</summary>
/// <remarks>A <see cref="RequiresFactAttribute"/> could not do this: it stands on the method, which all of them share.</remarks>
[XunitTestCaseDiscoverer("Qmtl.Testing.ConformanceFactDiscoverer", "Qmtl.Testing")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class ConformanceFactAttribute : FactAttribute;

/// <summary>What the inherited facts of this class need of the machine.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RequiresAttribute(Needs needs) : Attribute
{
    /// <summary>What was asked for.</summary>
    public Needs Needs { get; } = needs;
}

/// <summary>Makes a <see cref="ConformanceTestCase"/> of every <see cref="ConformanceFactAttribute"/>.</summary>
public sealed class ConformanceFactDiscoverer(IMessageSink diagnostics) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        [new ConformanceTestCase(diagnostics, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)];
}

/// <summary>Skipped where the machine lacks what the concrete class needs.</summary>
public sealed class ConformanceTestCase : XunitTestCase
{
    [Obsolete("For deserialization only.")]
    public ConformanceTestCase()
    {
    }

    public ConformanceTestCase(IMessageSink diagnostics, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(diagnostics, display, options, method)
    {
    }

    protected override string? GetSkipReason(IAttributeInfo factAttribute)
    {
        var requires = TestMethod.TestClass.Class.GetCustomAttributes(typeof(RequiresAttribute)).FirstOrDefault();
        return base.GetSkipReason(factAttribute) ?? (requires is null ? null : Machine.WhyMissing(requires.GetNamedArgument<Needs>(nameof(RequiresAttribute.Needs))));
    }
}
