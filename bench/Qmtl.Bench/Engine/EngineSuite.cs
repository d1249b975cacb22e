using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Engine;

/// <summary>The compute engine, the replay and the reader of bars.</summary>
internal static class EngineSuite
{
    public static IReadOnlyList<Benchmark> Benchmarks { get; } =
    [
        new ContestBenchmark("A1", "2,000,000 one-minute bars, SMA 10 > 30, next open, 1 bp: equity, Sharpe, drawdown", must: 1.0 / 3, Unit.BarsPerSecond, OneSymbol.Prepare),
        new ContestBenchmark("A2", "500 symbols x 2,520 days sharing cash equally, SMA 10 > 30, next open, 1 bp", must: 1.0 / 3, Unit.BarsPerSecond, ManySymbols.Prepare),
        new PeakMemory("A1-memory", "the largest working set of a process that only runs A1, its bars included", must: 250),
        new ContestBenchmark("csv", "1,000,000 rows of minute bars in memory, made into columns", must: null, Unit.MegabytesPerSecond, CsvText.Prepare),
    ];
}
