using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Apply;

/// <summary>How long a two-phase apply keeps a world closed, apart from waiting for its observers.</summary>
internal static class ApplySuite
{
    public static IReadOnlyList<Benchmark> Benchmarks { get; } =
    [
        new ApplyBenchmark("apply-200", 200, goal: null),
        new ApplyBenchmark("apply-2000", 2_000, Goal.Value(must: 400)),
    ];
}
