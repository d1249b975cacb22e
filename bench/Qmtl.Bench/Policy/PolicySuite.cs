using System.Globalization;
using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Policy;

/// <summary>How fast worlds are judged.</summary>
internal static class PolicySuite
{
    private static readonly Unit Milliseconds = new("ms", IsRate: false, 1e3);
    private static readonly Unit PerStrategy = new("ns/strategy", IsRate: false, 1e9);

    public static IReadOnlyList<Benchmark> Benchmarks { get; } =
    [
        Selection("policy-1000", 1_000, goal: null),
        Selection("policy-10000", 10_000, Goal.Value(must: 40, aim: 10)),
        Selection("policy-10000-matrix", 10_000, Goal.Value(must: 40, aim: 10), matrices: true),
        Scaling(1_000),
        Scaling(2_000),
        Scaling(5_000),
        Scaling(10_000),
        Scaling(20_000),
        Scaling(50_000),
        new ContestBenchmark(
            "series-100000",
            "all metrics of one strategy from 100,000 return points; baseline: Sharpe ratio and drawdown in one plain loop",
            Goal.Value(must: 50),
            Milliseconds,
            scale => SeriesContest.Prepare(scale switch { Scale.Full => 100_000, Scale.Quick => 10_000, _ => 2_000 })),
        new EvaluateHttp("evaluate-http-1000", "1,000 strategies evaluated over HTTP, their metrics in the request as known before; fsync on", Goal.Value(must: 5), EvaluateBody.Repeated),
        new EvaluateHttp("evaluate-http-1000-columns", "the same, metrics column by column", Goal.Value(must: 5), EvaluateBody.Columns),
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

    /// <summary>The same for worlds of many sizes, by strategy: flat where the engine is linear.</summary>
    private static ContestBenchmark Scaling(int strategies) => new(
        string.Create(CultureInfo.InvariantCulture, $"policy-linear-{strategies}"),
        $"{strategies:N0} strategies judged and explained, time for each of them; baseline: the same loop without reasons",
        goal: null,
        PerStrategy,
        scale =>
        {
            var count = scale switch { Scale.Full => strategies, Scale.Quick => strategies / 10, _ => 300 };
            return SelectionContest.Prepare(count, matrices: false) with { Items = count };
        });
}
