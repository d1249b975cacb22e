using System.Globalization;
using Qmtl.Identity;
using Qmtl.Statistics;
using Qmtl.V1;

namespace Qmtl.WorldService.Allocation;

/// <summary>Shares a world's capital out over its strategies. Pure: it proposes, and setting the shares is a decision of its own.</summary>
internal static class AllocationProposal
{
    /// <summary>Above this, small errors of the covariance become large ones of the weights.</summary>
    private const double IllConditioned = 1e6;

    public static ProposeAllocationResponse Build(ProposalInputs inputs)
    {
        try
        {
            return Propose(inputs);
        }
        catch (PortfolioException refused)
        {
            var who = refused.Index is { } index ? $"{inputs.Strategies[index]}: " : "";
            throw new RefusalException(CodeOf(refused.Fault), who + refused.Message, errors: null, metadata: null, innerException: refused);
        }
    }

    private static ProposeAllocationResponse Propose(ProposalInputs inputs)
    {
        var estimate = Estimate(inputs);
        var solution = PortfolioOptimizer.Solve(new PortfolioProblem
        {
            Method = inputs.Method,
            Constraints = inputs.Constraints,
            Covariance = estimate?.Matrix,
            ExpectedReturns = inputs.Method is PortfolioMethod.MeanVariance ? Expected(inputs) : null,
            RiskAversion = inputs.RiskAversion,
        });
        var weights = solution.Weights;
        var response = new ProposeAllocationResponse
        {
            WorldId = inputs.WorldId,
            Method = ProposalMethods.NameOf(inputs.Method),
            Source = inputs.Facts.Source,
            EffectiveStrategies = PortfolioRisk.EffectiveCount(weights) ?? 0,
            Turnover = Turnover(inputs, weights),
            Constrained = solution.Constrained,
            Diagnostics = new AllocationDiagnostics
            {
                Observations = estimate?.Observations ?? 0,
                Shrinkage = estimate?.Shrinkage ?? 0,
                ConditionNumber = estimate is null ? null : PortfolioRisk.ConditionNumber(estimate.Matrix),
                KktResidual = solution.KktResidual,
                SnapshotVersion = inputs.Facts.SnapshotVersion,
            },
        };
        for (var i = 0; i < weights.Count; i++) response.Weights.Add(inputs.Strategies[i], weights[i]);
        AddShares(response, inputs, weights);
        if (estimate is not null) AddRisk(response, inputs, weights, estimate.Matrix);
        Warn(response, inputs, estimate, weights);
        return response;
    }

    private static CovarianceEstimate? Estimate(ProposalInputs inputs)
    {
        if (inputs.Facts.Series is { } series)
        {
            return CovarianceEstimator.Estimate([.. inputs.Strategies.Select(id => series.TryGetValue(id, out var returns)
                ? (ReadOnlyMemory<double>)returns.ToArray()
                : throw Missing(inputs, $"has no series of returns for '{id}'"))], inputs.Shrinkage);
        }

        if (inputs.Facts.Covariance is { } pairs)
        {
            var count = inputs.Strategies.Count;
            var matrix = new double[count, count];
            for (var i = 0; i < count; i++)
            {
                for (var j = 0; j < count; j++) matrix[i, j] = Pair(inputs, pairs, inputs.Strategies[i], inputs.Strategies[j]);
            }

            PortfolioRisk.Validate(matrix);
            return new CovarianceEstimate(matrix, 0, 0);
        }

        if (inputs.Method is PortfolioMethod.Equal) return null;
        throw new RefusalException(
            ReasonCodes.AllocationData,
            $"Method {ProposalMethods.NameOf(inputs.Method)} needs data: give series or covariance, or publish a risk snapshot of world '{inputs.WorldId}' that has not expired.");
    }

    /// <summary>A pair that is not there is unknown, not uncorrelated.</summary>
    private static double Pair(ProposalInputs inputs, IReadOnlyDictionary<string, double> pairs, string a, string b)
    {
        foreach (var key in (ReadOnlySpan<string>)[$"{a},{b}", $"{b},{a}", $"{a}:{b}", $"{b}:{a}"])
        {
            if (pairs.TryGetValue(key, out var value)) return value;
        }

        throw Missing(inputs, $"has no covariance '{a},{b}'");
    }

    private static double[] Expected(ProposalInputs inputs)
    {
        if (inputs.ExpectedReturns.Count > 0)
        {
            return [.. inputs.Strategies.Select(id => inputs.ExpectedReturns.TryGetValue(id, out var expected)
                ? expected
                : throw new RefusalException(ReasonCodes.AllocationData, $"expected_returns has no '{id}'; give all of them, or none to use the means of the series."))];
        }

        return inputs.Facts.Series is { } series
            ? [.. inputs.Strategies.Select(id => series[id].Sum() / series[id].Count)]
            : throw new RefusalException(ReasonCodes.AllocationData, "mean_variance needs expected_returns where only a covariance is known; minimum_variance does without.");
    }

    private static void AddShares(ProposeAllocationResponse response, ProposalInputs inputs, IReadOnlyList<double> weights)
    {
        if (inputs.WorldShare is not { } share || weights.Any(weight => weight < 0)) return;
        for (var i = 0; i < weights.Count; i++) response.StrategyAllocTotal.Add(inputs.Strategies[i], weights[i] * share);
    }

    private static void AddRisk(ProposeAllocationResponse response, ProposalInputs inputs, IReadOnlyList<double> weights, double[,] covariance)
    {
        var volatility = PortfolioRisk.Volatility(weights, covariance);
        response.Volatility = volatility;
        if (inputs.PeriodsPerYear > 0) response.VolatilityAnnual = volatility * Math.Sqrt(inputs.PeriodsPerYear);
        response.DiversificationRatio = PortfolioRisk.DiversificationRatio(weights, covariance);
        if (PortfolioRisk.Contributions(weights, covariance) is not { } contributions) return;
        for (var i = 0; i < contributions.Length; i++) response.RiskContributions.Add(inputs.Strategies[i], contributions[i]);
    }

    private static double Turnover(ProposalInputs inputs, IReadOnlyList<double> weights)
    {
        var after = inputs.Strategies.Zip(weights).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
        return after.Keys.Union(inputs.Current.Keys, StringComparer.Ordinal).Sum(id => Math.Abs(after.GetValueOrDefault(id) - inputs.Current.GetValueOrDefault(id)));
    }

    private static void Warn(ProposeAllocationResponse response, ProposalInputs inputs, CovarianceEstimate? estimate, IReadOnlyList<double> weights)
    {
        void Add(FormattableString text) => response.Warnings.Add(text.ToString(CultureInfo.InvariantCulture));
        if (response.Constrained) Add($"The constraints moved the weights away from what the method alone would give; its property holds for those, not for these.");
        if (weights.Any(weight => weight < 0)) Add($"Negative weights cannot be set as shares of equity.");
        if (inputs.WorldShare is null) Add($"The world has no share of the total equity yet; set one to turn weights into shares.");
        if (estimate is null) return;
        if (estimate.Observations > 0 && estimate.Observations < 3 * weights.Count) Add($"{estimate.Observations} observations for {weights.Count} strategies: the covariance owes much to its shrinkage.");
        if (response.Diagnostics.ConditionNumber is not < IllConditioned) Add($"The covariance is close to singular: some strategies are nearly the same, and their weights are arbitrary among them.");
        if (inputs.Method is PortfolioMethod.MeanVariance && inputs.ExpectedReturns.Count == 0) Add($"Expected returns are sample means, the least certain of all inputs; weights follow their errors.");
        var most = response.RiskContributions.Count > 2 ? response.RiskContributions.MaxBy(pair => pair.Value) : default;
        if (most.Value > 0.5) Add($"{most.Key} alone carries {most.Value * 100:0.#}% of the variance.");
    }

    private static RefusalException Missing(ProposalInputs inputs, string what) => new(
        ReasonCodes.AllocationData,
        inputs.Facts.Source == ProposalSources.Snapshot ? $"Risk snapshot '{inputs.Facts.SnapshotVersion}' {what}." : $"The field {inputs.Facts.Source} {what}.");

    private static ReasonCode CodeOf(PortfolioFault fault) => fault switch
    {
        PortfolioFault.Infeasible => ReasonCodes.AllocationInfeasible,
        PortfolioFault.InvalidInput => ReasonCodes.InvalidArgument,
        _ => ReasonCodes.AllocationData,
    };
}
