using System.Diagnostics;
using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Gateway;

/// <summary>One client that submits graphs of 64 nodes one after the other on one kept connection: what a person waits for.</summary>
internal sealed class SubmitOne(string name, bool fsync) : Benchmark(
    name, $"POST /strategies of 64 nodes to the embedded stack on one kept connection, 95th percentile, answer with its queues; fsync {(fsync ? "on" : "off")}", Goal.Value(must: 2, aim: 0.6))
{
    private const int Nodes = 64;
    private const string World = "w";

    public override async Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var rounds = scale switch { Scale.Full => 2_000, Scale.Quick => 200, _ => 10 };
        await using var stack = await StackUnderLoad.StandaloneAsync(fsync);
        await stack.CreateWorldsAsync([World], cancellationToken);
        using var connection = await HttpConnection.OpenAsync(stack.Gateways[0], "/strategies", cancellationToken);
        var pool = new DagPool(streams: 4, averages: 128, seed: 3);
        var times = new double[rounds];
        for (var round = -rounds; round < rounds; round++)
        {
            var body = pool.Draw(Nodes, World);
            var started = Stopwatch.GetTimestamp();
            var answer = await connection.PostAsync(body, cancellationToken);
            if (round >= 0) times[round] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            if (answer.Status != 202) throw new InvalidOperationException($"A submission was answered with {answer.Status}.");
        }

        Array.Sort(times);
        return
        [
            new Measurement(Name, "ms (p95)", times[(int)Math.Ceiling(rounds * 0.95) - 1], Baseline: null, Ratio: null, rounds),
            new Measurement(Name + "-p50", "ms", times[rounds / 2], Baseline: null, Ratio: null, rounds),
        ];
    }
}
