using System.Diagnostics;
using System.Globalization;
using Qmtl.Bench.Measuring;
using Qmtl.Identity;

namespace Qmtl.Bench.Diff;

/// <summary>A diff of one size, in the four situations that differ in work, over the engine or over the rpc.</summary>
/// <remarks>
/// Over the engine: from checked nodes to the durable commit and the plan. Over the rpc: from the request's bytes over a socket, with parsing and the
/// recomputation of every identity, to the last acknowledged chunk.
/// </remarks>
internal sealed class DiffBenchmark(string name, string what, Goal? goal, int nodes, bool overRpc) : Benchmark(name, what, goal)
{
    // The compiler replaces hot methods in the background: fewer rounds would measure it instead.
    private const int Warmup = 16;

    public override async Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var (size, rounds) = scale switch { Scale.Full => (nodes, nodes > 5_000 ? 9 : 31), Scale.Quick => (nodes, 5), _ => (60, 2) };
        await using var host = await GraphHost.StartAsync(cancellationToken);
        var times = new SortedDictionary<string, List<double>>(StringComparer.Ordinal);
        var before = SampleGraph.Create(size, -1);
        await DiffAsync(host, "before", before, cancellationToken);
        for (var round = 0; round < Warmup + rounds; round++)
        {
            var cold = SampleGraph.Create(size, round);
            // Half of this graph and half of an earlier one: no node is new, and nobody submitted them together before.
            NodeSpec[] mixed = [.. before[..(size / 2)], .. cold[..(size / 2)]];
            foreach (var (variant, strategy, graph) in new[]
            {
                ("", "cold", cold),
                ("-warm", "mixed", mixed),
                ("-one-changed", "changed", SampleGraph.WithOneChanged(cold, round)),
                ("-unchanged", "cold", cold),
            })
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"{strategy}-{round}");
                var time = await DiffAsync(host, id, graph, cancellationToken);
                if (round < Warmup) continue;
                if (!times.TryGetValue(Name + variant, out var list)) times[Name + variant] = list = [];
                list.Add(time.TotalMilliseconds);
            }

            before = cold;
        }

        return [.. times.SelectMany(variant => new[] { Row(variant.Key, 50, variant.Value, size), Row(variant.Key, 95, variant.Value, size) })];
    }

    private async Task<TimeSpan> DiffAsync(GraphHost host, string strategy, NodeSpec[] graph, CancellationToken cancellationToken)
    {
        var document = overRpc ? NodeDocument.Write(graph) : [];
        var submission = SampleGraph.Submission(strategy, graph);
        var started = Stopwatch.GetTimestamp();
        var mapped = overRpc ? await host.DiffAsync(strategy, document, cancellationToken) : (await host.Engine.RunAsync(submission, dryRun: false, cancellationToken)).Nodes.Count;
        var elapsed = Stopwatch.GetElapsedTime(started);
        return mapped == graph.Length ? elapsed : throw new InvalidOperationException($"{mapped} of {graph.Length} nodes were mapped.");
    }

    private static Measurement Row(string name, int percent, List<double> times, int size) => new(
        percent == 50 ? name : name + "-p95", percent == 50 ? "ms" : "ms (p95)", times.Order().ElementAt((int)Math.Ceiling(times.Count * percent / 100.0) - 1), Baseline: null, Ratio: null, size);
}
