using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Diff;

/// <summary>The graph: diffs, tag queries, identities.</summary>
internal static class DiffSuite
{
    public static IReadOnlyList<Benchmark> Benchmarks { get; } =
    [
        new DiffBenchmark("diff-1000", "a graph of 1,000 nodes against the graph's store (SQLite, synced): all new; all known; one new; as before", Goal.Value(must: 5, aim: 2), 1_000, overRpc: false),
        new DiffBenchmark("diff-10000", "the same with 10,000 nodes", goal: null, 10_000, overRpc: false),
        new DiffBenchmark("diff-1000-rpc", "the same over gRPC, from the request's bytes to the last acknowledged chunk", goal: null, 1_000, overRpc: true),
        new ContestBenchmark(
            "tagquery-10000", "a tag query over 10,000 queues, half for an instrument, half for an operator on it; a scan over all", Goal.Value(must: 50_000, aim: 2_000), Unit.Nanoseconds("query"), TagQueryContest.Create),
        new ContestBenchmark("blake3", "BLAKE3 of a long text; word by word", goal: null, Unit.MegabytesPerSecond, IdentityContests.Long),
        new ContestBenchmark("blake3-node-ids", "BLAKE3 of the pre-images of 10,000 identities; word by word", goal: null, Unit.MegabytesPerSecond, IdentityContests.NodeIds),
    ];
}
