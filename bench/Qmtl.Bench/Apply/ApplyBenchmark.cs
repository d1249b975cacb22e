using System.Diagnostics;
using System.Globalization;
using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Apply;

/// <summary>Applies on SQLite with durable commits and without observers: each replaces a hundredth of the active set. The 95th percentile counts; the median says how much of it is noise.</summary>
internal sealed class ApplyBenchmark(string name, int strategies, Goal? goal) : Benchmark(
    name, string.Create(CultureInfo.InvariantCulture, $"an apply in a world of {strategies:N0} active entries, from the request to its end; and each of its transactions"), goal)
{
    private const int Warmup = 3;

    public override async Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var (size, runs) = scale switch { Scale.Full => (strategies, 40), Scale.Quick => (strategies, 10), _ => (50, 2) };
        await using var world = await ApplyWorld.CreateAsync(size, cancellationToken);
        var whole = new List<double>();
        var steps = new SortedDictionary<string, List<double>>(StringComparer.Ordinal);
        for (var run = 0; run < Warmup + runs; run++)
        {
            world.Steps.Clear();
            var started = Stopwatch.GetTimestamp();
            await world.ApplyAsync(run, cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            if (run < Warmup) continue;
            whole.Add(elapsed);
            foreach (var (step, time) in world.Steps)
            {
                if (!steps.TryGetValue(step, out var times)) steps[step] = times = [];
                times.Add(time.TotalMilliseconds);
            }
        }

        return [Row(Name, 95, whole, size), Row(Name, 50, whole, size), .. steps.Select(step => Row($"{Name}-{step.Key}", 95, step.Value, size))];
    }

    private static Measurement Row(string name, int percent, List<double> times, int size) =>
        new(name, string.Create(CultureInfo.InvariantCulture, $"ms p{percent}"), Percentile(times, percent / 100.0), null, null, size);

    /// <summary>The smallest time that at least the given share of all does not exceed.</summary>
    private static double Percentile(List<double> times, double share) => times.Order().ElementAt((int)Math.Ceiling(times.Count * share) - 1);
}
