using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime.Tests;

public sealed class AllocationTests
{
    private const int Block = 512;

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void Play_BarsThatChangeNoTarget_AllocatesNothing(int instruments)
    {
        var data = Data(instruments);
        var graph = new BuyAndHold().Compile(data.Universe);

        Assert.Equal(0, Allocated(data, graph, warmBlocks: 8));
    }

    [Fact]
    public void Play_BarsWithTrades_AllocatesForTheRecordOfTradesOnly()
    {
        var data = Data(1);
        var graph = new SmaCross().Compile(data.Universe);

        var bytes = Allocated(data, graph, warmBlocks: 8);

        // A fill and half a round trip take less than 200 bytes; a list that grows doubles them twice over.
        var fills = new KernelReplay().Run(new SmaCross(), data, new ReplayOptions()).Fills;
        Assert.InRange(bytes, 0, fills * 800);
    }

    private static long Allocated(MarketData data, StrategyGraph graph, int warmBlocks)
    {
        using var session = new ReplaySession(graph, ordinal: 0, data, new ReplayOptions());
        var plan = ComputePlan.For(graph);
        var binding = ColumnBinding.Bind(plan, data.Aligned);
        var run = plan.Start(Block);
        var before = 0L;
        for (var start = 0; start + Block <= data.Count; start += Block)
        {
            if (start == warmBlocks * Block) before = GC.GetAllocatedBytesForCurrentThread();
            binding.Load(run, start, Block);
            run.Process(Block);
            session.Play(run, start, Block);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static MarketData Data(int instruments) => MarketData.Of(
        [.. Enumerable.Range(0, instruments).Select(i => SyntheticBars.Generate(new SyntheticOptions { Instrument = $"S{i}", Count = 20 * Block, Seed = 3 + (ulong)i }))]);
}
