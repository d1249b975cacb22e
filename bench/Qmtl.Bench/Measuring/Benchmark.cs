namespace Qmtl.Bench.Measuring;

/// <summary>How much work a benchmark does.</summary>
internal enum Scale
{
    /// <summary>What the figures are quoted for.</summary>
    Full,

    /// <summary>A tenth of it.</summary>
    Quick,

    /// <summary>So little that a test can compare the results of both sides.</summary>
    Tiny,
}

/// <summary>Something that can be measured.</summary>
/// <param name="name">The name in the report.</param>
/// <param name="what">What is done, in one line.</param>
/// <param name="goal">What it has to reach; null where nothing is set.</param>
internal abstract class Benchmark(string name, string what, Goal? goal)
{
    public string Name { get; } = name;

    public string What { get; } = what;

    public Goal? Goal { get; } = goal;

    /// <summary>Measures it; usually one row.</summary>
    public abstract Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken);
}
