namespace Qmtl.Statistics.Tests.Portfolio;

/// <summary>Made-up but plausible markets for tests.</summary>
internal static class PortfolioData
{
    /// <summary>Series with one common factor each, deviations from 0.5% to 3%.</summary>
    public static ReadOnlyMemory<double>[] Series(Random random, int assets, int periods)
    {
        var series = Enumerable.Range(0, assets).Select(_ => new double[periods]).ToArray();
        var (loads, scales) = (new double[assets], new double[assets]);
        for (var i = 0; i < assets; i++) (loads[i], scales[i]) = ((random.NextDouble() * 1.6) - 0.4, 0.005 + (0.025 * random.NextDouble()));
        for (var t = 0; t < periods; t++)
        {
            var factor = Normal(random);
            for (var i = 0; i < assets; i++) series[i][t] = scales[i] * ((loads[i] * factor) + Normal(random));
        }

        return [.. series.Select(values => (ReadOnlyMemory<double>)values)];
    }

    public static double[,] Covariance(Random random, int assets) => CovarianceEstimator.Estimate(Series(random, assets, 120 + (2 * assets))).Matrix;

    public static double[,] FromCorrelation(double[] deviations, double[,] correlation)
    {
        var covariance = new double[deviations.Length, deviations.Length];
        for (var i = 0; i < deviations.Length; i++)
        {
            for (var j = 0; j < deviations.Length; j++) covariance[i, j] = correlation[i, j] * deviations[i] * deviations[j];
        }

        return covariance;
    }

    /// <summary>A market in which the three pairs (0,1), (2,3) and (4,5) move together, and the last pair against the first.</summary>
    public static double[,] Blocks() => FromCorrelation(
        [0.01, 0.012, 0.02, 0.018, 0.03, 0.027],
        new[,]
        {
            { 1.0, 0.8, 0.2, 0.15, -0.1, -0.12 },
            { 0.8, 1.0, 0.22, 0.18, -0.11, -0.09 },
            { 0.2, 0.22, 1.0, 0.7, 0.05, 0.02 },
            { 0.15, 0.18, 0.7, 1.0, 0.04, 0.03 },
            { -0.1, -0.11, 0.05, 0.04, 1.0, 0.6 },
            { -0.12, -0.09, 0.02, 0.03, 0.6, 1.0 },
        });

    public static double[,] Permute(double[,] matrix, int[] order)
    {
        var permuted = new double[order.Length, order.Length];
        for (var i = 0; i < order.Length; i++)
        {
            for (var j = 0; j < order.Length; j++) permuted[i, j] = matrix[order[i], order[j]];
        }

        return permuted;
    }

    public static int[] Shuffled(Random random, int count)
    {
        var order = Enumerable.Range(0, count).ToArray();
        random.Shuffle(order);
        return order;
    }

    public static PortfolioSolution Solve(PortfolioMethod method, double[,] covariance, Func<PortfolioConstraints, PortfolioConstraints>? with = null, double[]? expected = null) =>
        PortfolioOptimizer.Solve(new PortfolioProblem
        {
            Method = method,
            Covariance = covariance,
            ExpectedReturns = expected,
            Constraints = (with ?? (constraints => constraints))(PortfolioConstraints.LongOnly(covariance.GetLength(0))),
        });

    public static void Close(IReadOnlyList<double> expected, IReadOnlyList<double> actual, double tolerance)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (var i = 0; i < expected.Count; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"[{i}] expected {expected[i]:R}, was {actual[i]:R}");
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
