using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class CustomNodeTests
{
    private const double None = double.NaN;
#pragma warning disable CA1805, S2223, MA0069 // A static field that can change is the mistake under test.
    private static double s_global = 1;
#pragma warning restore CA1805, S2223, MA0069
    private readonly double _scale = 2;

    [Fact]
    public void Compute_Windows_AreOldestFirstAndEndAtTheBar()
    {
        var bars = new TestColumns(close: [1, 2, 3, 4, 5], open: [10, 20, 30, 40, 50]);

        Assert.Equal(
            [None, None, 10 + 3 + 30, 20 + 4 + 40, 30 + 5 + 50],
            Compute.Values(p => Compute.Builder.Compute(3, [p.Close, p.Open], [NodeCode("test.ends", "1")] static (view) => view[1][0] + view[0][^1] + view.Latest(1)), bars));
    }

    [Fact]
    public void Compute_MissingInTheWindow_IsNotCalled()
    {
        var bars = new TestColumns([1, 2, None, 4, 5, 6]);

        Assert.Equal([None, 3, None, None, 9, 11], Compute.Values(p => Compute.Builder.Compute(2, [p.Close], Sum), bars));
        Assert.Equal(
            [None, 0, 1, 1, 0, 0],
            Compute.Values(p => Compute.Builder.Compute(2, [p.Close], [NodeCode("test.gaps", "1")] static (view) => double.IsNaN(view[0][0]) || double.IsNaN(view[0][1]) ? 1 : 0, allowMissing: true), bars));
    }

    [Fact]
    public void Compute_Parameters_AreReadAndEnterTheIdentity()
    {
        Series Scaled(PriceSeries p, double by) => Compute.Builder.Compute(1, [p.Close], [NodeCode("test.scale", "1")] static (view) => view.Latest(0) * view.Parameter("by") * view.Parameter(0), [("by", by)]);

        Assert.Equal([4, 8], Compute.Values(p => Scaled(p, 2), new TestColumns([1, 2])));
        Assert.NotEqual(Id(p => Scaled(p, 2)), Id(p => Scaled(p, 3)));
        Assert.Equal(Id(p => Scaled(p, 2)), Id(p => Scaled(p, 2)));
    }

    [Fact]
    public void Compute_VersionRaised_IsAnotherNode()
    {
        var first = Id(p => Compute.Builder.Compute(2, [p.Close], [NodeCode("test.sum", "1")] static (view) => view[0][0] + view[0][1]));
        var second = Id(p => Compute.Builder.Compute(2, [p.Close], [NodeCode("test.sum", "2")] static (view) => view[0][0] + view[0][1]));

        Assert.NotEqual(first, second);
        Assert.Equal(first, Id(p => Compute.Builder.Compute(2, [p.Close], Sum)));
    }

    [Fact]
    public void Compute_NotFinite_IsMissing() =>
        Assert.Equal([None, 1], Compute.Values(p => Compute.Builder.Compute(1, [p.Close], [NodeCode("test.inverse", "1")] static (view) => 1 / view.Latest(0)), new TestColumns([0, 1])));

    [Fact]
    public void Compute_WithoutNodeCode_SaysWhatToWrite() => AssertRefused(
        "compute: is given a function without [NodeCode(name, version)]; write [NodeCode(\"acme.name\", \"1\")] static (view) => ..., and raise the version when its results change.",
        static (view) => view.Latest(0));

    [Fact]
    public void Compute_CapturedVariable_IsNamedWithTheFix()
    {
        var factor = 3.0;

        AssertRefused(
            "test.captured: captures factor; pass it as parameters, parameters: [(\"factor\", factor)], so that the identity tells, and write the lambda static.",
            [NodeCode("test.captured", "1")] (view) => view.Latest(0) * factor);
    }

    [Fact]
    public void Compute_MembersOfAnObject_AreRefused() => AssertRefused(
        "test.member: reads members of CustomNodeTests (it has _scale); pass what it needs as parameters, parameters: [(\"name\", value)], and write the function static.",
        [NodeCode("test.member", "1")] (view) => view.Latest(0) * _scale);

    [Fact]
    public void Compute_InstanceMethodWithState_IsRefused() => AssertRefused(
        "test.counter: reads members of Counter (it has Calls); pass what it needs as parameters, parameters: [(\"name\", value)], and write the function static.",
        new Counter().Next);

    [Fact]
    public void Compute_StaticFieldThatCanChange_IsRefused()
    {
        s_global += 1;

        AssertRefused(
            "test.global: uses CustomNodeTests.s_global, a static field that can change; pass it as a parameter, make it const or readonly, or keep it in the state of the node.",
            [NodeCode("test.global", "1")] static (view) => view.Latest(0) * s_global);
    }

    [Fact]
    public void Compute_ParameterThatIsContext_IsRefused() =>
        Assert.Contains("seed", Assert.Throws<RefusalException>(() => Compute.GraphOf(p => Compute.Builder.Compute(2, [p.Close], Sum, [("seed", 1)]))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 1, "test: computes a node over 0 bars; the period must be a whole number 1..10000.")]
    [InlineData(2, 0, "test.sum: is computed by test from 0 inputs; must be 1..64.")]
    public void Compute_OutOfRange_IsRefused(int period, int inputs, string message) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => Compute.GraphOf(p => Compute.Builder.Compute(period, new[] { p.Close }.AsSpan(0, inputs), Sum))).Message);

    [Fact]
    public void Process_FunctionThrows_NamesTheNode()
    {
        var refusal = Assert.Throws<RefusalException>(() => Compute.Values(
            p => Compute.Builder.Compute(1, [p.Close], [NodeCode("test.thrower", "1")] static (view) => view.Parameter("scale")), new TestColumns([1])));

        Assert.Matches(@"^test\.thrower: its code threw ArgumentException \(CustomNodeTests\.cs, line [0-9]+\): There is no parameter scale", refusal.Message);
        Assert.IsType<ArgumentException>(refusal.InnerException);
    }

    [Fact]
    public void Compute_TwoFunctionsUnderOneCode_AreRefused()
    {
        var builder = Compute.Builder;
        var close = builder.Price().Close;
        builder.Compute(2, [close], [NodeCode("test.copied", "1")] static (view) => view[0][0]);

        var refusal = Assert.Throws<RefusalException>(() => builder.Compute(2, [close], [NodeCode("test.copied", "1")] static (view) => view[0][1]));

        Assert.Equal("test.copied: is the name and version of two pieces of code in test; give each [NodeCode] a name of its own, or share one static method.", refusal.Message);
    }

    [Fact]
    public void Compute_OneFunctionTwice_IsTheSameNode()
    {
        var builder = Compute.Builder;
        var close = builder.Price().Close;
        builder.Output("a", builder.Compute(2, [close], Sum));
        builder.Output("b", builder.Compute(2, [close], Sum));

        var graph = builder.ToGraph();

        Assert.Equal(graph.Outputs[0].Index, graph.Outputs[1].Index);
    }

    [Fact]
    public void Process_SteadyState_AllocatesNothing()
    {
        var plan = Compute.PlanOf(p => Compute.Builder.Compute(20, [p.Close], 1, [NodeCode("test.smooth", "1")] static (view, state) => state[0] += 0.1 * (view.Latest(0) - view[0][0])));
        var run = plan.Start(blockLength: 1);
        void Step(int i)
        {
            run.Source(0)[0] = i % 7;
            run.Process(1);
        }

        for (var i = 0; i < 100; i++) Step(i);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) Step(i);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [NodeCode("test.sum", "1")]
    private static double Sum(NodeView view) => view[0][0] + view[0][1];

    private static string Id(Func<PriceSeries, Series> expression) => Compute.GraphOf(expression).Nodes[^1].NodeId!;

    private static void AssertRefused(string message, NodeFunction function) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => Compute.Builder.Compute(2, [Compute.Builder.Price().Close], function)).Message);

    private sealed class Counter
    {
        public int Calls;

        [NodeCode("test.counter", "1")]
        public double Next(NodeView view) => view.Latest(0) + Calls++;
    }
}
