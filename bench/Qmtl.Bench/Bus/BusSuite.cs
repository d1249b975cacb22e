using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Bus;

/// <summary>The message log, on each of its stores that this machine can run.</summary>
internal static class BusSuite
{
    public static IReadOnlyList<Benchmark> Benchmarks { get; } = [.. Enum.GetValues<BusStoreKind>().Select(kind => new BusBenchmark(kind))];
}
