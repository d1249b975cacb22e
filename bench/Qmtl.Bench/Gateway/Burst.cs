using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Gateway;

/// <summary>Where a burst goes to.</summary>
internal enum BurstTarget
{
    /// <summary>All services in one process on SQLite.</summary>
    Sqlite,

    /// <summary>A process for each service on Postgres.</summary>
    Postgres,

    /// <summary>The same with two gateways, of which one is killed a third of the way.</summary>
    PostgresKill,
}

/// <summary>
/// 1,000 submissions a second for a minute over kept HTTP/1.1 connections, each of 8 nodes drawn from a pool of 200, to 8 worlds. What was acknowledged is
/// then looked up in store, commit log, graph and bindings: anything lost or there twice fails the benchmark.
/// </summary>
internal sealed class Burst(string name, BurstTarget target, bool fsync) : Benchmark(
    name, $"1,000 submissions/s for 60 s, 8 nodes of a pool of 200, 95th percentile from when each was due to its answer; {Describe(target)}; fsync {(fsync ? "on" : "off")}", Goal.Value(must: 150))
{
    private const int Nodes = 8;
    private static readonly string[] Worlds = [.. Enumerable.Range(1, 8).Select(number => $"w{number}")];

    public override async Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var arrivals = scale switch
        {
            Scale.Full => new Arrivals(1_000, TimeSpan.FromSeconds(60), 128),
            Scale.Quick => new Arrivals(1_000, TimeSpan.FromSeconds(6), 128),
            _ => new Arrivals(100, TimeSpan.FromSeconds(1), 4),
        };
        await using var stack = target == BurstTarget.Sqlite ? await StackUnderLoad.StandaloneAsync(fsync) : await StackUnderLoad.PostgresAsync(target == BurstTarget.PostgresKill ? 2 : 1, fsync);
        await stack.CreateWorldsAsync(Worlds, cancellationToken);
        var pool = new DagPool(streams: 10, averages: 19, seed: 5);
        await WarmUpAsync(stack, pool, arrivals, cancellationToken);

        var running = arrivals.RunAsync(stack.Gateways, Bodies(pool, arrivals.Total), cancellationToken);
        if (target == BurstTarget.PostgresKill)
        {
            await Task.Delay(arrivals.Length / 3, cancellationToken);
            await stack.KillLastGatewayAsync();
        }

        var outcome = await running;
        if (outcome.Refused.Count > 0) throw new InvalidOperationException($"Submissions were refused: {string.Join(", ", outcome.Refused.Select(each => $"{each.Value} with {each.Key}"))}.");
        string[] kept = [.. _warm, .. outcome.Acknowledged, .. outcome.Known];
        await using var connection = Reckoning.Connect(stack.Postgres, stack.Folder);
        var drained = await Reckoning.CheckAsync(connection, kept, pool.Count * Worlds.Length, cancellationToken);
        return
        [
            Row("", "ms (p95)", outcome.Percentile(0.95)),
            Row("-p50", "ms", outcome.Percentile(0.5)),
            Row("-p99", "ms", outcome.Percentile(0.99)),
            Row("-max", "ms", outcome.Percentile(1)),
            Row("-with-queues", "%", 100.0 * outcome.WithQueues / arrivals.Total),
            Row("-drained", "s", drained.TotalSeconds),
            Row("-broken", "connections", outcome.Broken),
        ];

        Measurement Row(string part, string unit, double value) => new(Name + part, unit, value, Baseline: null, Ratio: null, arrivals.Total);
    }

    private readonly List<string> _warm = [];

    // The first seconds of a process compile it; a burst that meets a fresh one is a different question.
    private async Task WarmUpAsync(StackUnderLoad stack, DagPool pool, Arrivals arrivals, CancellationToken cancellationToken)
    {
        _warm.Clear();
        var warm = arrivals with { Rate = Math.Max(1, arrivals.Rate / 4), Length = TimeSpan.FromSeconds(Math.Min(8, arrivals.Length.TotalSeconds)) };
        var outcome = await warm.RunAsync(stack.Gateways, Bodies(pool, warm.Total), cancellationToken);
        _warm.AddRange(outcome.Acknowledged);
    }

    /// <summary>Bodies are made when they are due: a minute of them would not fit into memory well.</summary>
    private static Func<int, byte[]> Bodies(DagPool pool, int total)
    {
        var gate = new Lock();
        return number =>
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(number, total);
            lock (gate) return pool.Draw(Nodes, Worlds[number % Worlds.Length]);
        };
    }

    private static string Describe(BurstTarget target) => target switch
    {
        BurstTarget.Sqlite => "one process on SQLite",
        BurstTarget.Postgres => "three processes on Postgres",
        _ => "two gateways and their peers on Postgres, one gateway killed",
    };
}
