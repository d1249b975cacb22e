using MathNet.Numerics.LinearAlgebra;

namespace Qmtl.Statistics.Portfolio;

/// <summary>Weights by which every asset contributes the same to the variance of the portfolio.</summary>
/// <remarks>
/// The long-only solution is unique: it is x / Σx for the minimum of ½·xᵀΣx − Σ ln x (Maillard, Roncalli and Teïletche, "The Properties of Equally Weighted Risk
/// Contribution Portfolios", 2010). The function is self-concordant, so Newton's method with the damping 1/(1 + λ) reaches it from anywhere (Spinu, "An Algorithm
/// for Computing Risk Parity Weights", 2013). It is solved for correlations: their scale does not depend on that of returns.
/// </remarks>
internal static class RiskParity
{
    private const int MaxIterations = 200;
    private const double FullStepBelow = 0.25;
    private const double Target = 1e-13;

    public static double[] Weights(double[,] covariance)
    {
        var count = covariance.GetLength(0);
        var deviations = PortfolioRisk.Deviations(covariance);
        var correlation = Matrix<double>.Build.Dense(count, count, (i, j) => covariance[i, j] / (deviations[i] * deviations[j]));
        var total = correlation.RowSums().Sum();
        var x = Vector<double>.Build.Dense(count, Math.Sqrt(count / Math.Max(total, 1e-6)));
        for (var iteration = 0; iteration < MaxIterations; iteration++)
        {
            var pressure = correlation * x;
            var gap = x.PointwiseMultiply(pressure) - 1;
            if (gap.AbsoluteMaximum() < Target) break;
            var gradient = pressure - x.Map(value => 1 / value);
            var curvature = correlation + Matrix<double>.Build.DenseOfDiagonalVector(x.Map(value => 1 / (value * value)));
            var step = curvature.Cholesky().Solve(gradient);
            var decrement = Math.Sqrt(Math.Max(0, gradient * step));
            var next = x - (decrement < FullStepBelow ? step : step / (1 + decrement));
            // The minimum runs away where risk can be cancelled; beyond this no real covariance has one.
            if (next.Any(value => !(value > 0 && value < 1e6))) break;
            x = next;
        }

        // Two assets that cancel each other make a portfolio without any risk, of which there is nothing to share out.
        if (!((x.PointwiseMultiply(correlation * x) - 1).AbsoluteMaximum() < 1e-10))
            throw new PortfolioException(PortfolioFault.NotConverged, "Risk cannot be shared equally: some assets cancel each other's risk. Use shrinkage, or leave one of them out.");
        var weights = x.ToArray().Select((value, i) => value / deviations[i]).ToArray();
        var sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }
}
