using Qmtl.Bench.Apply;
using Qmtl.Bench.Bus;
using Qmtl.Bench.Diff;
using Qmtl.Bench.Engine;
using Qmtl.Bench.Gateway;
using Qmtl.Bench.Measuring;
using Qmtl.Bench.Policy;

namespace Qmtl.Bench;

/// <summary>The suites, by name.</summary>
internal static class Suites
{
    public static IReadOnlyDictionary<string, IReadOnlyList<Benchmark>> All { get; } = new SortedDictionary<string, IReadOnlyList<Benchmark>>(StringComparer.Ordinal)
    {
        ["apply"] = ApplySuite.Benchmarks,
        ["bus"] = BusSuite.Benchmarks,
        ["diff"] = DiffSuite.Benchmarks,
        ["engine"] = EngineSuite.Benchmarks,
        ["gateway"] = GatewaySuite.Benchmarks,
        ["policy"] = PolicySuite.Benchmarks,
    };
}
