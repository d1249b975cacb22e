namespace Qmtl.Strategies.Tests;

/// <summary>An operator that nobody checks in blocks and in a stream cannot be added unnoticed.</summary>
public sealed class KernelCoverageTests
{
    [Fact]
    public void EveryKernel_IsChecked_InBlocksAndAsAStream()
    {
        var kernels = typeof(Kernel).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Kernel)) && !type.IsAbstract).Select(Definition);
        var graphs = KernelBlockTests.Graphs
            .Concat(IndicatorCatalog.All.Select(indicator => indicator.Compile(Compute.Universe)));

        var missing = kernels.Except(graphs.SelectMany(graph => graph.Ordered).Select(node => node.Kernel).OfType<Kernel>().Select(kernel => Definition(kernel.GetType())));

        // These need several instruments or bars of another length: PanelTests and ClockTests check them the same way.
        Assert.Empty(missing.Where(type => !type.IsSubclassOf(typeof(ClockKernel)) && !type.IsSubclassOf(typeof(CrossSectionKernel)) && type != typeof(CrossFoldKernel<>)).Select(type => type.Name));
    }

    private static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;
}
