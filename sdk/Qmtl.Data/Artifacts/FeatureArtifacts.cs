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
        var columns = GraphValues.Compute(graph, data, [.. graph.Artifacts.Select(artifact => artifact.Index)], cancellationToken);
        var times = data.Times.ToArray();
        var written = new List<FeatureArtifactInfo>();
        foreach (var (artifact, values) in graph.Artifacts.Zip(columns))
        {
            var key = new FeatureArtifactKey(artifact.NodeId, artifact.IntervalSeconds, artifact.ConfigHash, artifact.Instrument, datasetFingerprint);
            written.Add(await store.WriteAsync(domain, key, times, values, cancellationToken).ConfigureAwait(false));
        }

        return written;
    }
}
