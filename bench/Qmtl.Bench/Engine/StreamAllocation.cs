using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Engine;

/// <summary>The bytes that the garbage collector gets to clean up after each bar of a stream.</summary>
internal sealed class StreamAllocation(string name, string what) : Benchmark(name, what, Goal.Value(must: 0))
{
    public override Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Measurement>>([new Measurement(Name, "bytes/bar", Portfolio.AllocatedPerBar(scale), Baseline: null, Ratio: null, N: 1)]);
}
