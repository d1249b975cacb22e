using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Data;

/// <summary>Writes what a strategy marks as artifacts.</summary>
public static class FeatureArtifacts
{
    /// <summary>Computes the marked series of a graph over all bars and writes them.</summary>
    /// <param name="store">Where to.</param>
    /// <param name="domain">Where the run takes place.</param>
    /// <param name="graph">The strategy's graph.</param>
    /// <param name="data">The bars.</param>
    /// <param name="datasetFingerprint">Fingerprint of those bars.</param>
    /// <param name="cancellationToken">Gives up between two artifacts.</param>
    /// <exception cref="RefusalException">The domain may not write.</exception>
    public static async Task<IReadOnlyList<FeatureArtifactInfo>> WriteAsync(
        IFeatureArtifactStore store, ExecutionDomain domain, StrategyGraph graph, MarketData data, string datasetFingerprint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(data);
        if (graph.Artifacts.Count == 0) return [];
        var columns = Compute(graph, data);
        var times = data.Times.ToArray();
        var written = new List<FeatureArtifactInfo>();
        foreach (var (artifact, values) in graph.Artifacts.Zip(columns))
        {
            var key = new FeatureArtifactKey(artifact.NodeId, artifact.IntervalSeconds, artifact.ConfigHash, artifact.Instrument, datasetFingerprint);
            written.Add(await store.WriteAsync(domain, key, times, values, cancellationToken).ConfigureAwait(false));
        }

        return written;
    }

    private static double[][] Compute(StrategyGraph graph, MarketData data)
    {
        var plan = ComputePlan.For(graph);
        var binding = ColumnBinding.Bind(plan, data.Aligned);
        var run = plan.Start();
        double[][] columns = [.. graph.Artifacts.Select(_ => new double[data.Count])];
        for (var start = 0; start < data.Count; start += run.BlockLength)
        {
            var length = Math.Min(run.BlockLength, data.Count - start);
            binding.Load(run, start, length);
            run.Process(length);
            for (var i = 0; i < columns.Length; i++) run.Values(graph.Artifacts[i].Index)[..length].CopyTo(columns[i].AsSpan(start));
        }

        return columns;
    }
}
