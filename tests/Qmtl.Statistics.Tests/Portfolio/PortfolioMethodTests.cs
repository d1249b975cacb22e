using MathNet.Numerics.LinearAlgebra;

namespace Qmtl.Statistics.Tests.Portfolio;

/// <summary>Each method against closed forms and against a slower implementation of its own.</summary>
public sealed class PortfolioMethodTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 7)]
    [InlineData(3, 25)]
    [InlineData(4, 80)]
    public void RiskParity_AnyCovariance_ContributionsAreEqual(int seed, int assets)
    {
        var covariance = PortfolioData.Covariance(new Random(seed), assets);
        var solution = PortfolioData.Solve(PortfolioMethod.RiskParity, covariance);
        PortfolioData.Close([.. Enumerable.Repeat(1.0 / assets, assets)], PortfolioRisk.Contributions(solution.Weights, covariance)!, 1e-10);
        Assert.All(solution.Weights, weight => Assert.True(weight > 0));
        Assert.Null(solution.KktResidual);
    }

    /// <summary>Maillard, Roncalli and Teïletche (2010): two assets, or one correlation for all, give inverse volatility.</summary>
    [Theory]
    [InlineData(-0.9)]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(1)]
    public void RiskParity_TwoAssets_IsInverseVolatilityWhateverTheCorrelation(double correlation)
    {
        var covariance = PortfolioData.FromCorrelation([0.01, 0.03], new[,] { { 1, correlation }, { correlation, 1 } });
        PortfolioData.Close([0.75, 0.25], PortfolioData.Solve(PortfolioMethod.RiskParity, covariance).Weights, 1e-12);
        PortfolioData.Close([0.75, 0.25], PortfolioData.Solve(PortfolioMethod.InverseVolatility, covariance).Weights, 1e-12);
    }

    [Fact]
    public void RiskParity_AssetsThatCancelEachOther_AreRefused()
    {
        var covariance = PortfolioData.FromCorrelation([0.01, 0.03], new[,] { { 1.0, -1.0 }, { -1.0, 1.0 } });
        Assert.Equal(PortfolioFault.NotConverged, Assert.Throws<PortfolioException>(() => PortfolioData.Solve(PortfolioMethod.RiskParity, covariance)).Fault);
    }

    [Fact]
    public void MeanVariance_NothingBinds_IsTheClosedForm()
    {
        var random = new Random(11);
        var covariance = PortfolioData.Covariance(random, 6);
        double[] expected = [.. Enumerable.Range(0, 6).Select(_ => 0.001 * random.NextDouble())];
        var solution = PortfolioData.Solve(PortfolioMethod.MeanVariance, covariance, Free, expected);

        // w = (1/γ)·Σ⁻¹(μ − ν·1), ν such that the weights add up to 1; γ is 2.
        var inverse = Matrix<double>.Build.DenseOfArray(covariance).Inverse();
        var (mu, one) = (Vector<double>.Build.DenseOfArray(expected), Vector<double>.Build.Dense(6, 1));
        var nu = ((one * (inverse * mu)) - 2) / (one * (inverse * one));
        var exact = inverse * (mu - (nu * one)) / 2;
        PortfolioData.Close(exact.ToArray(), solution.Weights, 1e-8 * exact.AbsoluteMaximum());
        Assert.True(solution.KktResidual < 1e-10);
    }

    [Fact]
    public void MinimumVariance_TwoAssets_IsTheClosedForm()
    {
        // w₁ = (σ₂² − σ₁₂) / (σ₁² + σ₂² − 2σ₁₂) = (0.04 − 0.006) / (0.01 + 0.04 − 0.012) = 0.894736…
        var covariance = new[,] { { 0.01, 0.006 }, { 0.006, 0.04 } };
        PortfolioData.Close([0.034 / 0.038, 0.004 / 0.038], PortfolioData.Solve(PortfolioMethod.MinimumVariance, covariance).Weights, 1e-12);
    }

    [Fact]
    public void MinimumVariance_ABoundBinds_TheRestIsOptimalAroundIt()
    {
        // Uncorrelated: weights against variances 1:4:4, that is 2/3, 1/6, 1/6. The first is held at 1/2, the others share the rest.
        var covariance = new[,] { { 0.01, 0, 0 }, { 0, 0.04, 0 }, { 0, 0, 0.04 } };
        var solution = PortfolioData.Solve(PortfolioMethod.MinimumVariance, covariance, constraints => constraints with { Upper = [0.5, 1, 1] });
        PortfolioData.Close([0.5, 0.25, 0.25], solution.Weights, 1e-12);
    }

    [Fact]
    public void MeanVariance_LongAndShort_KeepsTheGrossCap()
    {
        // The second asset is the better one by far: without a cap it would be bought with the proceeds of the first.
        var covariance = new[,] { { 0.01, 0.0 }, { 0.0, 0.01 } };
        var solution = PortfolioData.Solve(PortfolioMethod.MeanVariance, covariance, constraints => constraints with { Lower = [-5, -5], Upper = [5, 5], GrossCap = 1.6 }, [-0.05, 0.1]);
        PortfolioData.Close([-0.3, 1.3], solution.Weights, 1e-9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(30)]
    public void Hierarchical_AnyCovariance_EqualsAnImplementationByTheLetter(int assets)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            // Not shrunk: one correlation for all would make every distance equal, and the paper does not say which of equals comes first.
            var covariance = CovarianceEstimator.Estimate(PortfolioData.Series(new Random(seed), assets, 100), ShrinkageTarget.None).Matrix;
            PortfolioData.Close(SlowHierarchical.Weights(covariance), PortfolioData.Solve(PortfolioMethod.HierarchicalRiskParity, covariance).Weights, 1e-12);
        }
    }

    [Fact]
    public void Hierarchical_ThreePairs_CutsBetweenThem()
    {
        var covariance = PortfolioData.Blocks();
        var weights = PortfolioData.Solve(PortfolioMethod.HierarchicalRiskParity, covariance).Weights;
        PortfolioData.Close(SlowHierarchical.Weights(covariance), weights, 1e-14);
        Assert.Equal(1, weights.Sum(), 12);
        Assert.True(weights[0] + weights[1] > weights[4] + weights[5]);
    }

    [Fact]
    public void Hierarchical_TwoAssets_IsInverseVariance() => PortfolioData.Close(
        [0.9, 0.1],
        PortfolioData.Solve(PortfolioMethod.HierarchicalRiskParity, PortfolioData.FromCorrelation([0.01, 0.03], new[,] { { 1, 0.4 }, { 0.4, 1 } })).Weights,
        1e-12);

    [Fact]
    public void EveryMethod_OneAsset_GetsTheWholeBudget()
    {
        foreach (var method in Enum.GetValues<PortfolioMethod>())
        {
            var solution = PortfolioData.Solve(method, new[,] { { 0.01 } }, constraints => constraints with { Budget = 0.6 }, [0.001]);
            PortfolioData.Close([0.6], solution.Weights, 1e-12);
        }
    }

    [Fact]
    public void EveryMethod_PerfectlyCorrelatedTwins_ShareEqually()
    {
        var covariance = PortfolioData.FromCorrelation([0.02, 0.02], new[,] { { 1.0, 1.0 }, { 1.0, 1.0 } });
        foreach (var method in Enum.GetValues<PortfolioMethod>()) PortfolioData.Close([0.5, 0.5], PortfolioData.Solve(method, covariance, null, [0.001, 0.001]).Weights, 1e-6);
    }

    [Fact]
    public void EveryMethodThatNeedsData_WithoutThem_IsRefused()
    {
        foreach (var method in Enum.GetValues<PortfolioMethod>().Except([PortfolioMethod.Equal]))
        {
            var problem = new PortfolioProblem { Method = method, Constraints = PortfolioConstraints.LongOnly(3) };
            Assert.Equal(PortfolioFault.TooLittleData, Assert.Throws<PortfolioException>(() => PortfolioOptimizer.Solve(problem)).Fault);
        }
    }

    private static PortfolioConstraints Free(PortfolioConstraints constraints) => constraints with
    {
        Lower = [.. constraints.Lower.Select(_ => -100.0)],
        Upper = [.. constraints.Upper.Select(_ => 100.0)],
    };

    /// <summary>López de Prado's listing step by step: agglomerate by scanning all pairs of clusters, then bisect recursively.</summary>
    private static class SlowHierarchical
    {
        public static double[] Weights(double[,] covariance)
        {
            var n = covariance.GetLength(0);
            double Apart(int i, int j) => Math.Sqrt(Math.Max(0, 0.5 * (1 - (covariance[i, j] / Math.Sqrt(covariance[i, i] * covariance[j, j])))));
            double Distance(int i, int j) => Math.Sqrt(Enumerable.Range(0, n).Sum(k => Math.Pow((k == i ? 0 : Apart(k, i)) - (k == j ? 0 : Apart(k, j)), 2)));
            var clusters = Enumerable.Range(0, n).Select(i => (Number: i, Leaves: new List<int> { i })).ToList();
            for (var number = n; clusters.Count > 1; number++)
            {
                var (a, b) = (from x in clusters from y in clusters where x.Number < y.Number orderby x.Leaves.Min(i => y.Leaves.Min(j => Distance(i, j))) select (x, y)).First();
                clusters.Remove(a);
                clusters.Remove(b);
                clusters.Add((number, [.. a.Leaves, .. b.Leaves]));
            }

            var weights = Enumerable.Repeat(1.0, n).ToArray();
            Bisect(covariance, clusters[0].Leaves, weights);
            return weights;
        }

        private static void Bisect(double[,] covariance, List<int> items, double[] weights)
        {
            if (items.Count < 2) return;
            var (left, right) = (items.Take(items.Count / 2).ToList(), items.Skip(items.Count / 2).ToList());
            var alpha = 1 - (Variance(covariance, left) / (Variance(covariance, left) + Variance(covariance, right)));
            foreach (var i in left) weights[i] *= alpha;
            foreach (var i in right) weights[i] *= 1 - alpha;
            Bisect(covariance, left, weights);
            Bisect(covariance, right, weights);
        }

        private static double Variance(double[,] covariance, List<int> items)
        {
            var sum = items.Sum(i => 1 / covariance[i, i]);
            return items.Sum(i => items.Sum(j => covariance[i, j] / (covariance[i, i] * sum * covariance[j, j] * sum)));
        }
    }
}
