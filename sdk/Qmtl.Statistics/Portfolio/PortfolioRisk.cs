using MathNet.Numerics.LinearAlgebra;

namespace Qmtl.Statistics;

/// <summary>What weights mean for risk.</summary>
public static class PortfolioRisk
{
    /// <summary>√(wᵀΣw): deviation of the portfolio's return of one period.</summary>
    public static double Volatility(IReadOnlyList<double> weights, double[,] covariance) => Math.Sqrt(Math.Max(0, Total(weights, Pressure(weights, covariance))));

    /// <summary>wᵢ·(Σw)ᵢ / wᵀΣw: each asset's share of the variance; they add up to 1. Null when the portfolio has no risk.</summary>
    public static double[]? Contributions(IReadOnlyList<double> weights, double[,] covariance)
    {
        var pressure = Pressure(weights, covariance);
        var total = Total(weights, pressure);
        return total > 0 ? [.. weights.Select((weight, i) => weight * pressure[i] / total)] : null;
    }

    /// <summary>(Σ|w|)² / Σw²: how many assets of equal weight are as concentrated. Null when all weights are 0.</summary>
    public static double? EffectiveCount(IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var (gross, squares) = (weights.Sum(Math.Abs), weights.Sum(weight => weight * weight));
        return squares > 0 ? gross * gross / squares : null;
    }

    /// <summary>Σ|w|·σ / √(wᵀΣw): 1 without diversification (Choueifaty and Coignard 2008). Null when the portfolio has no risk.</summary>
    public static double? DiversificationRatio(IReadOnlyList<double> weights, double[,] covariance)
    {
        var volatility = Volatility(weights, covariance);
        var deviations = Deviations(covariance);
        return volatility > 0 ? weights.Select((weight, i) => Math.Abs(weight) * deviations[i]).Sum() / volatility : null;
    }

    /// <summary>Largest over smallest eigenvalue of a covariance. Null when the smallest is 0 or below.</summary>
    public static double? ConditionNumber(double[,] covariance)
    {
        var values = Matrix<double>.Build.DenseOfArray(covariance).Evd(Symmetricity.Symmetric).EigenValues.Select(value => value.Real).ToArray();
        var (least, most) = (values.Min(), values.Max());
        return least > most * 1e-15 ? most / least : null;
    }

    /// <summary>Refuses what is not the covariance of anything.</summary>
    /// <exception cref="PortfolioException">It is not square or symmetric, a value is not finite, a variance is not above 0, or some portfolio would have a negative variance.</exception>
    public static void Validate(double[,] covariance)
    {
        ArgumentNullException.ThrowIfNull(covariance);
        var count = covariance.GetLength(0);
        if (count == 0 || covariance.GetLength(1) != count) throw new PortfolioException(PortfolioFault.InvalidInput, "A covariance must be square and not empty.");
        for (var i = 0; i < count; i++)
        {
            if (!double.IsFinite(covariance[i, i])) throw new PortfolioException(PortfolioFault.InvalidInput, $"The variance of asset {i} is not finite.", i);
            if (!(covariance[i, i] > 0)) throw new PortfolioException(PortfolioFault.NoVariance, $"The variance of asset {i} is not above 0; its risk is unknown.", i);
        }

        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < i; j++) ValidatePair(covariance, i, j);
        }

        // Correlations are judged, not covariances: one volatile asset must not hide that the others make no sense.
        var deviations = Deviations(covariance);
        var correlation = Matrix<double>.Build.Dense(count, count, (i, j) => covariance[i, j] / (deviations[i] * deviations[j]));
        var least = correlation.Evd(Symmetricity.Symmetric).EigenValues.Min(value => value.Real);
        if (least < -1e-9 * count)
            throw new PortfolioException(PortfolioFault.NotACovariance, FormattableString.Invariant($"The covariance is not positive semidefinite: the smallest eigenvalue of its correlations is {least:G3}."));
    }

    internal static double[] Deviations(double[,] covariance) => [.. Enumerable.Range(0, covariance.GetLength(0)).Select(i => Math.Sqrt(covariance[i, i]))];

    private static void ValidatePair(double[,] covariance, int i, int j)
    {
        var (one, other) = (covariance[i, j], covariance[j, i]);
        if (!double.IsFinite(one) || !double.IsFinite(other)) throw new PortfolioException(PortfolioFault.InvalidInput, $"The covariance of assets {j} and {i} is not finite.", i);
        if (Math.Abs(one - other) > 1e-9 * Math.Sqrt(covariance[i, i] * covariance[j, j])) throw new PortfolioException(PortfolioFault.NotACovariance, $"The covariance of assets {j} and {i} is not symmetric.", i);
    }

    private static double[] Pressure(IReadOnlyList<double> weights, double[,] covariance)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(covariance);
        var pressure = new double[weights.Count];
        for (var i = 0; i < weights.Count; i++)
        {
            for (var j = 0; j < weights.Count; j++) pressure[i] += covariance[i, j] * weights[j];
        }

        return pressure;
    }

    private static double Total(IReadOnlyList<double> weights, double[] pressure) => weights.Select((weight, i) => weight * pressure[i]).Sum();
}
