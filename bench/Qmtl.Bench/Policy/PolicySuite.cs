using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Policy;

/// <summary>How fast worlds are judged.</summary>
internal static class PolicySuite
{
    private static readonly Unit Milliseconds = new("ms", IsRate: false, 1e3);

    public static IReadOnlyList<Benchmark> Benchmarks { get; } =
    [
        Selection("policy-1000", 1_000, goal: null),
        Selection("policy-10000", 10_000, Goal.Value(must: 40, aim: 10)),
        Selection("policy-20000", 20_000, goal: null),
        Selection("policy-10000-matrix", 10_000, Goal.Value(must: 40, aim: 10), matrices: true),
        new EvaluateHttp("evaluate-http-1000", "1,000 strategies evaluated over HTTP, their metrics in the request as known before; fsync on", Goal.Value(must: 5), EvaluateBody.Repeated),
        new EvaluateHttp("evaluate-http-1000-changed", "the same, all metrics new and stored", Goal.Value(must: 5), EvaluateBody.Changed),
        new EvaluateHttp("evaluate-http-1000-sourced", "the same, metrics found in the store", Goal.Value(must: 5), EvaluateBody.Sourced),
        new EvaluateHttp("evaluate-http-series", "one strategy with 100,000 return points in the request", Goal.Value(must: 50), EvaluateBody.Series),
        new DecideOverHttp(),
    ];

    private static ContestBenchmark Selection(string name, int strategies, Goal? goal, bool matrices = false) => new(
        name,
        $"{strategies:N0} strategies judged, the full tree of reasons read for each, correlations {(matrices ? "as matrices of fifty" : "as pairs")}; baseline: a loop over the same rules without reasons",
        goal,
        Milliseconds,
        scale => SelectionContest.Prepare(scale switch { Scale.Full => strategies, Scale.Quick => strategies / 10, _ => 300 }, matrices));
}
