using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Engine;

/// <summary>The compute engine, the replay and the reader of bars.</summary>
internal static class EngineSuite
{
    public static IReadOnlyList<Benchmark> Benchmarks { get; } =
    [
        new ContestBenchmark(
            "A1", "2,000,000 one-minute bars, SMA 10 > 30, next open, 1 bp: equity, Sharpe, drawdown", Goal.Ratio(must: 1.0 / 3, aim: 0.8), Unit.BarsPerSecond, OneSymbol.Prepare),
        new ContestBenchmark("A2", "500 symbols x 2,520 days sharing cash equally, SMA 10 > 30, next open, 1 bp", Goal.Ratio(must: 1.0 / 3), Unit.BarsPerSecond, ManySymbols.Prepare),
        new PeakMemory("A1-memory", "the largest working set of a process that only runs A1, its bars included", Goal.Value(must: 250)),
        new ContestBenchmark(
            "B", "50 symbols x 20,000 bars, 8 nodes each, one of them across symbols; baseline: one fused loop, vectors across symbols", Goal.Ratio(must: 1.0 / 8, aim: 0.5),
            Unit.NodesPerSecond, Portfolio.PrepareBlocks),
        new ContestBenchmark(
            "B-stream", "the same graph, one bar at a time; baseline: the fused loop, which does nothing else", Goal.Value(must: 25, aim: 10), Unit.Nanoseconds("node"), Portfolio.PrepareStream),
        new StreamAllocation("B-stream-allocated", "what each of these bars leaves to the garbage collector"),
        new ContestBenchmark(
            "shared-100", "100 strategies that share eight of their ten nodes, computed together; baseline: one after the other", Goal.Ratio(must: 4), new Unit("strategies/s", IsRate: true, 1),
            SharedNodes.Prepare),
        new ContestBenchmark(
            "sweep-2-cores", "75 runs over 100,000 bars with two workers; baseline: with one", Goal.Ratio(must: 1.6, aim: 1.8), new Unit("runs/s", IsRate: true, 1), SweepOnCores.Prepare),
        new ContestBenchmark(
            "shards-2-cores", "50 symbols x 20,000 bars, six nodes each, on two cores; baseline: on one", Goal.Ratio(must: 1.6, aim: 1.8), Unit.NodesPerSecond, Portfolio.PrepareShards),
        new ContestBenchmark(
            "nodecache-append", "a bar of five columns into the window of an input; baseline: a ring of arrays", Goal.Value(must: 40, aim: 5), Unit.Nanoseconds("append"), CacheAppend.Prepare),
        new ContestBenchmark("csv", "1,000,000 rows of minute bars in memory, made into columns; baseline: split lines, framework parsers", Goal.Value(must: 300), Unit.MegabytesPerSecond, CsvText.Prepare),
    ];
}
