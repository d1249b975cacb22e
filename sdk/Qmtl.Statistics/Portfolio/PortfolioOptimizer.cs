using Qmtl.Statistics.Portfolio;

namespace Qmtl.Statistics;

/// <summary>By what capital is shared out.</summary>
public enum PortfolioMethod
{
    /// <summary>The same for all; needs no data.</summary>
    Equal,

    /// <summary>Against each asset's own deviation; correlations are ignored.</summary>
    InverseVolatility,

    /// <summary>The same contribution to variance from all (Maillard, Roncalli and Teïletche 2010).</summary>
    RiskParity,

    /// <summary>The least variance under the constraints (Markowitz 1952).</summary>
    MinimumVariance,

    /// <summary>The most of μᵀw − ½·γ·wᵀΣw under the constraints (Markowitz 1952).</summary>
    MeanVariance,

    /// <summary>By halving a tree of similar assets (López de Prado 2016).</summary>
    HierarchicalRiskParity,
}

/// <summary>What to share out, and how.</summary>
public sealed record PortfolioProblem
{
    /// <summary>The method.</summary>
    public required PortfolioMethod Method { get; init; }

    /// <summary>What the weights must satisfy.</summary>
    public required PortfolioConstraints Constraints { get; init; }

    /// <summary>Covariance of the assets' returns of one period. Only <see cref="PortfolioMethod.Equal"/> does without.</summary>
    public double[,]? Covariance { get; init; }

    /// <summary>Expected returns of one period; <see cref="PortfolioMethod.MeanVariance"/> needs them.</summary>
    public IReadOnlyList<double>? ExpectedReturns { get; init; }

    /// <summary>γ of mean-variance, above 0. 1 is the growth-optimal (Kelly) portfolio, 2 half of its leverage.</summary>
    public double RiskAversion { get; init; } = 2;
}

/// <summary>Weights and what they mean.</summary>
/// <param name="Weights">One for each asset, in their order.</param>
/// <param name="Wanted">What the method would give without bounds, groups and turnover; the weights themselves where the method knows the constraints.</param>
/// <param name="KktResidual">By how much the conditions of optimality are missed; null when nothing had to be optimised.</param>
public sealed record PortfolioSolution(IReadOnlyList<double> Weights, IReadOnlyList<double> Wanted, double? KktResidual)
{
    /// <summary>Whether the constraints moved the weights away from what the method wants.</summary>
    public bool Constrained => Weights.Zip(Wanted, (weight, wanted) => Math.Abs(weight - wanted)).Max() > 1e-9;
}

/// <summary>Shares out capital over assets or strategies. Pure: equal problems have equal solutions.</summary>
public static class PortfolioOptimizer
{
    /// <summary>The most assets of one problem.</summary>
    public const int MaxAssets = 300;

    /// <summary>Solves a problem.</summary>
    /// <remarks>
    /// Minimum variance and mean-variance are optimal under the constraints. The others are rules that know none: their weights times the budget are projected onto
    /// the constraints (the nearest weights in the Euclidean sense), and only long weights make sense for them.
    /// </remarks>
    /// <exception cref="PortfolioException">Data are missing or make no sense, the constraints contradict each other, or no optimum was proven.</exception>
    public static PortfolioSolution Solve(PortfolioProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var constraints = problem.Constraints;
        constraints.Validate();
        if (constraints.Count is 0 or > MaxAssets) throw new PortfolioException(PortfolioFault.InvalidInput, $"Capital is shared out over 1 to {MaxAssets} assets, was {constraints.Count}.");
        if (problem.Method is not PortfolioMethod.Equal) RequireCovariance(problem);
        return problem.Method switch
        {
            PortfolioMethod.MinimumVariance => Optimise(problem, new double[constraints.Count], 1),
            PortfolioMethod.MeanVariance => Optimise(problem, [.. Expected(problem).Select(value => -value)], problem.RiskAversion),
            _ => Project(Rule(problem), constraints),
        };
    }

    private static double[] Rule(PortfolioProblem problem)
    {
        if (problem.Constraints.Lower.Any(weight => weight < 0))
            throw new PortfolioException(PortfolioFault.InvalidInput, $"{problem.Method} gives long weights only; leave smallest weights at 0 or above, or use mean or minimum variance.");
        return problem.Method switch
        {
            PortfolioMethod.Equal => [.. Enumerable.Repeat(1.0 / problem.Constraints.Count, problem.Constraints.Count)],
            PortfolioMethod.InverseVolatility => InverseVolatility(problem.Covariance!),
            PortfolioMethod.RiskParity => RiskParity.Weights(problem.Covariance!),
            PortfolioMethod.HierarchicalRiskParity => HierarchicalRiskParity.Weights(problem.Covariance!),
            _ => throw new PortfolioException(PortfolioFault.InvalidInput, $"There is no method {problem.Method}."),
        };
    }

    private static PortfolioSolution Project(double[] rule, PortfolioConstraints constraints)
    {
        double[] wanted = [.. rule.Select(weight => weight * constraints.Budget)];
        if (constraints.Allows(wanted, 1e-12)) return new PortfolioSolution(wanted, wanted, null);
        var optimum = ConstrainedPortfolio.Project(wanted, constraints);
        return new PortfolioSolution(optimum.Point, wanted, optimum.Residual);
    }

    private static PortfolioSolution Optimise(PortfolioProblem problem, double[] linear, double aversion)
    {
        if (!(aversion > 0) || !double.IsFinite(aversion)) throw new PortfolioException(PortfolioFault.InvalidInput, "The risk aversion must be above 0.");
        var covariance = problem.Covariance!;
        var quadratic = new double[linear.Length, linear.Length];
        for (var i = 0; i < linear.Length; i++)
        {
            for (var j = 0; j < linear.Length; j++) quadratic[i, j] = aversion * (covariance[i, j] + covariance[j, i]) / 2;
        }

        var optimum = ConstrainedPortfolio.Minimise(quadratic, linear, problem.Constraints);
        return new PortfolioSolution(optimum.Point, optimum.Point, optimum.Residual);
    }

    private static double[] InverseVolatility(double[,] covariance)
    {
        var inverse = PortfolioRisk.Deviations(covariance).Select(deviation => 1 / deviation).ToArray();
        var sum = inverse.Sum();
        return [.. inverse.Select(value => value / sum)];
    }

    private static void RequireCovariance(PortfolioProblem problem)
    {
        if (problem.Covariance is not { } covariance) throw new PortfolioException(PortfolioFault.TooLittleData, $"{problem.Method} needs a covariance.");
        PortfolioRisk.Validate(covariance);
        if (covariance.GetLength(0) != problem.Constraints.Count)
            throw new PortfolioException(PortfolioFault.InvalidInput, $"The covariance is of {covariance.GetLength(0)} assets and the constraints of {problem.Constraints.Count}.");
    }

    private static IReadOnlyList<double> Expected(PortfolioProblem problem)
    {
        if (problem.ExpectedReturns is not { } expected) throw new PortfolioException(PortfolioFault.TooLittleData, "Mean-variance needs expected returns.");
        if (expected.Count != problem.Constraints.Count || expected.Any(value => !double.IsFinite(value)))
            throw new PortfolioException(PortfolioFault.InvalidInput, $"Mean-variance needs {problem.Constraints.Count} finite expected returns, was given {expected.Count}.");
        return expected;
    }
}
