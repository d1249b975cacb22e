using Qmtl.Strategies;

namespace Qmtl.Data;

/// <summary>Nodes of a strategy computed over recorded bars, without trading.</summary>
public static class GraphValues
{
    /// <summary>Computes the graph over all bars and keeps some of its nodes.</summary>
    /// <param name="graph">The strategy's graph.</param>
    /// <param name="data">The bars.</param>
    /// <param name="indices">Which nodes: the index of a target, an output or an artifact.</param>
    /// <param name="ct">Stops between two blocks.</param>
    /// <returns>A column for each of them, one value a bar; NaN where it is missing.</returns>
    /// <exception cref="Identity.RefusalException">The data has not what the graph reads.</exception>
    public static double[][] Compute(StrategyGraph graph, MarketData data, IReadOnlyList<int> indices, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(indices);
        var plan = ComputePlan.For(graph);
        var binding = ColumnBinding.Bind(plan, data.Aligned);
        var run = plan.Start();
        double[][] columns = [.. indices.Select(_ => new double[data.Count])];
        for (var start = 0; start < data.Count; start += run.BlockLength)
        {
            ct.ThrowIfCancellationRequested();
            var length = Math.Min(run.BlockLength, data.Count - start);
            binding.Load(run, start, length);
            run.Process(length);
            for (var i = 0; i < columns.Length; i++) run.Values(indices[i])[..length].CopyTo(columns[i].AsSpan(start));
        }

        return columns;
    }
}
