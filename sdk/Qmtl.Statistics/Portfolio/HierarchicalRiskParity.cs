namespace Qmtl.Statistics.Portfolio;

/// <summary>Weights by halving a tree of similar assets; no matrix is inverted.</summary>
/// <remarks>
/// López de Prado, "Building Diversified Portfolios that Outperform Out of Sample" (2016): single linkage over the distance of distance vectors, leaves in the
/// order of the tree, then each half of that order gets capital against the variance of its inverse-variance portfolio. The older cluster (the smaller number,
/// assets before clusters) stands on the left, so the result depends on the order of assets where the cut of an odd half does; callers keep that order fixed.
/// </remarks>
internal static class HierarchicalRiskParity
{
    public static double[] Weights(double[,] covariance)
    {
        var count = covariance.GetLength(0);
        var weights = Enumerable.Repeat(1.0, count).ToArray();
        var pending = new Stack<int[]>();
        pending.Push(Order(covariance));
        while (pending.TryPop(out var items))
        {
            if (items.Length < 2) continue;
            var (left, right) = (items[..(items.Length / 2)], items[(items.Length / 2)..]);
            var (leftVariance, rightVariance) = (ClusterVariance(covariance, left), ClusterVariance(covariance, right));
            var share = 1 - (leftVariance / (leftVariance + rightVariance));
            foreach (var i in left) weights[i] *= share;
            foreach (var i in right) weights[i] *= 1 - share;
            pending.Push(left);
            pending.Push(right);
        }

        return weights;
    }

    /// <summary>The assets, similar ones side by side.</summary>
    private static int[] Order(double[,] covariance)
    {
        var count = covariance.GetLength(0);
        if (count == 1) return [0];
        var clusters = Enumerable.Range(0, count).Select(i => new Cluster(i, [i])).ToList();
        var parent = Enumerable.Range(0, count).ToArray();
        var number = count;
        foreach (var (i, j) in SpanningTree(Distances(covariance)))
        {
            var (first, second) = (clusters[Root(parent, i)], clusters[Root(parent, j)]);
            if (second.Number < first.Number) (first, second) = (second, first);
            var (keep, drop) = (Root(parent, i), Root(parent, j));
            parent[drop] = keep;
            clusters[keep] = new Cluster(number++, [.. first.Leaves, .. second.Leaves]);
        }

        return clusters[Root(parent, 0)].Leaves;
    }

    /// <summary>Single linkage merges along the edges of the minimum spanning tree, shortest first (Gower and Ross 1969).</summary>
    private static IEnumerable<(int I, int J)> SpanningTree(double[,] distances)
    {
        var count = distances.GetLength(0);
        var (nearest, from, inside) = (new double[count], new int[count], new bool[count]);
        Array.Fill(nearest, double.PositiveInfinity);
        var edges = new List<(double Length, int I, int J)>();
        var at = 0;
        inside[0] = true;
        while (edges.Count < count - 1)
        {
            var next = -1;
            for (var i = 0; i < count; i++)
            {
                if (inside[i]) continue;
                if (distances[at, i] < nearest[i]) (nearest[i], from[i]) = (distances[at, i], at);
                if (next < 0 || nearest[i] < nearest[next]) next = i;
            }

            edges.Add((nearest[next], from[next], next));
            inside[next] = true;
            at = next;
        }

        return edges.OrderBy(edge => edge.Length).ThenBy(edge => Math.Min(edge.I, edge.J)).ThenBy(edge => Math.Max(edge.I, edge.J)).Select(edge => (edge.I, edge.J));
    }

    /// <summary>Euclidean distance between the columns of √((1 − ρ)/2).</summary>
    private static double[,] Distances(double[,] covariance)
    {
        var count = covariance.GetLength(0);
        var deviations = PortfolioRisk.Deviations(covariance);
        var apart = new double[count, count];
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < count; j++) apart[i, j] = i == j ? 0 : Math.Sqrt(Math.Clamp((1 - (covariance[i, j] / (deviations[i] * deviations[j]))) / 2, 0, 1));
        }

        var distances = new double[count, count];
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var sum = 0.0;
                for (var k = 0; k < count; k++) sum += (apart[k, i] - apart[k, j]) * (apart[k, i] - apart[k, j]);
                distances[i, j] = distances[j, i] = Math.Sqrt(sum);
            }
        }

        return distances;
    }

    /// <summary>Variance of the inverse-variance portfolio of some assets.</summary>
    private static double ClusterVariance(double[,] covariance, int[] items)
    {
        var inverse = items.Select(i => 1 / covariance[i, i]).ToArray();
        var sum = inverse.Sum();
        var variance = 0.0;
        for (var a = 0; a < items.Length; a++)
        {
            for (var b = 0; b < items.Length; b++) variance += inverse[a] / sum * (inverse[b] / sum) * covariance[items[a], items[b]];
        }

        // Perfectly opposed assets cancel; rounding must not turn that into a negative variance.
        return Math.Max(variance, double.Epsilon);
    }

    private static int Root(int[] parent, int i)
    {
        while (parent[i] != i) i = parent[i] = parent[parent[i]];
        return i;
    }

    private sealed record Cluster(int Number, int[] Leaves);
}
