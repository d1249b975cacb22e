using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Statistics.Tests.Portfolio;

/// <summary>What holds for every market and all constraints.</summary>
public sealed class PortfolioPropertyTests
{
    private static readonly PortfolioMethod[] Methods = Enum.GetValues<PortfolioMethod>();

    [Fact]
    public void Solve_ConstraintsThatCanBeMet_AreMet() => Check(random =>
    {
        var (covariance, constraints) = Scene(random);
        foreach (var method in Methods)
        {
            var solution = PortfolioOptimizer.Solve(new PortfolioProblem { Method = method, Covariance = covariance, Constraints = constraints, ExpectedReturns = Expected(random, constraints.Count) });
            if (!constraints.Allows(solution.Weights, 1e-7)) return false;
            if (solution.KktResidual is { } residual && !(residual < 1e-8)) return false;
        }

        return true;
    });

    /// <summary>The names that callers give assets in whatever order must not decide who gets what. (The hierarchical method documents its dependence on order.)</summary>
    [Fact]
    public void Solve_AssetsInOtherOrder_GetTheSame() => Check(random =>
    {
        var (covariance, constraints) = Scene(random);
        var expected = Expected(random, constraints.Count);
        var order = PortfolioData.Shuffled(random, constraints.Count);
        double[] Moved(IReadOnlyList<double> values) => [.. order.Select(i => values[i])];
        var moved = constraints with
        {
            Lower = Moved(constraints.Lower),
            Upper = Moved(constraints.Upper),
            Current = Moved(constraints.Current!),
            Groups = [.. constraints.Groups.Select(group => group with { Members = [.. group.Members.Select(member => Array.IndexOf(order, member))] })],
        };
        foreach (var method in Methods.Except([PortfolioMethod.HierarchicalRiskParity]))
        {
            var one = PortfolioOptimizer.Solve(new PortfolioProblem { Method = method, Covariance = covariance, Constraints = constraints, ExpectedReturns = expected });
            var other = PortfolioOptimizer.Solve(new PortfolioProblem { Method = method, Covariance = PortfolioData.Permute(covariance, order), Constraints = moved, ExpectedReturns = Moved(expected) });
            if (Moved(one.Weights).Zip(other.Weights, (a, b) => Math.Abs(a - b)).Max() > 1e-6) return false;
        }

        return true;
    });

    [Fact]
    public void MinimumVariance_NoOtherAllowedWeights_HaveLess() => Check(random =>
    {
        var (covariance, constraints) = Scene(random);
        var best = PortfolioRisk.Volatility(PortfolioOptimizer.Solve(new PortfolioProblem { Method = PortfolioMethod.MinimumVariance, Covariance = covariance, Constraints = constraints }).Weights, covariance);
        foreach (var method in Methods.Except([PortfolioMethod.MeanVariance]))
        {
            var other = PortfolioOptimizer.Solve(new PortfolioProblem { Method = method, Covariance = covariance, Constraints = constraints });
            if (PortfolioRisk.Volatility(other.Weights, covariance) < best - 1e-9) return false;
        }

        return true;
    });

    [Fact]
    public void Projection_NoAllowedWeights_AreNearer() => Check(random =>
    {
        var (covariance, constraints) = Scene(random);
        var solution = PortfolioOptimizer.Solve(new PortfolioProblem { Method = PortfolioMethod.InverseVolatility, Covariance = covariance, Constraints = constraints });
        var other = PortfolioOptimizer.Solve(new PortfolioProblem { Method = PortfolioMethod.MinimumVariance, Covariance = covariance, Constraints = constraints }).Weights;
        double Distance(IReadOnlyList<double> weights) => weights.Zip(solution.Wanted, (a, b) => (a - b) * (a - b)).Sum();

        // Every point between two allowed ones is allowed, so walking a little towards any other must not help.
        double[] step = [.. solution.Weights.Zip(other, (a, b) => a + (0.05 * (b - a)))];
        return Distance(step) >= Distance(solution.Weights) - 1e-9;
    });

    [Fact]
    public void Risk_AnyWeights_ContributionsAddUpToOne() => Check(random =>
    {
        var covariance = PortfolioData.Covariance(random, 5);
        double[] weights = [.. Enumerable.Range(0, 5).Select(_ => random.NextDouble() - 0.3)];
        return Math.Abs(PortfolioRisk.Contributions(weights, covariance)!.Sum() - 1) < 1e-9
            && PortfolioRisk.EffectiveCount(weights) is >= 1 and <= 5.0000001
            && Math.Abs(PortfolioRisk.Volatility([.. weights.Select(weight => 3 * weight)], covariance) - (3 * PortfolioRisk.Volatility(weights, covariance))) < 1e-12;
    });

    [Theory]
    [InlineData("largest weights add up to 0.9")]
    [InlineData("smallest weights add up to 1.2")]
    [InlineData("group tech")]
    [InlineData("gross cap of 0.5")]
    [InlineData("turnover of 0.6 at least")]
    [InlineData("limits on groups")]
    public void Solve_ConstraintsThatContradict_SayWhich(string expected)
    {
        var constraints = PortfolioConstraints.LongOnly(3);
        constraints = expected switch
        {
            "largest weights add up to 0.9" => constraints with { Upper = [0.3, 0.3, 0.3] },
            "smallest weights add up to 1.2" => constraints with { Lower = [0.4, 0.4, 0.4] },
            "group tech" => constraints with { Lower = [0.3, 0.3, 0], Groups = [new WeightGroup("tech", [0, 1], 0.5)] },
            "gross cap of 0.5" => constraints with { GrossCap = 0.5 },
            // 0.8 has to come down to 0.5, and what is sold there is bought elsewhere.
            "turnover of 0.6 at least" => constraints with { Upper = [0.5, 1, 1], Current = [0.8, 0.1, 0.1], MaxTurnover = 0.4 },
            _ => constraints with { Groups = [new WeightGroup("a", [0, 1], 0.4), new WeightGroup("b", [2], 0.4)] },
        };
        var refused = Assert.Throws<PortfolioException>(() => PortfolioOptimizer.Solve(new PortfolioProblem { Method = PortfolioMethod.Equal, Constraints = constraints }));
        Assert.Equal(PortfolioFault.Infeasible, refused.Fault);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Solve_TurnoverIsLimited_GoesAsFarAsItMay()
    {
        var constraints = PortfolioConstraints.LongOnly(2) with { Current = [1.0, 0.0], MaxTurnover = 0.4 };
        var solution = PortfolioOptimizer.Solve(new PortfolioProblem { Method = PortfolioMethod.Equal, Constraints = constraints });
        PortfolioData.Close([0.8, 0.2], solution.Weights, 1e-9);
        Assert.True(solution.Constrained);
        Assert.True(solution.KktResidual < 1e-10);
    }

    /// <summary>Constraints around a point that meets them all, so that there always is one.</summary>
    private static (double[,] Covariance, PortfolioConstraints Constraints) Scene(Random random)
    {
        var count = random.Next(2, 9);
        double[] inside = [.. Enumerable.Range(0, count).Select(_ => 0.02 + random.NextDouble())];
        var sum = inside.Sum();
        inside = [.. inside.Select(value => value / sum)];
        double[] current = [.. inside.Select(value => Math.Max(0, value + (0.2 * (random.NextDouble() - 0.5))))];
        int[] members = [.. Enumerable.Range(0, count).Where(_ => random.Next(2) == 0)];
        return (PortfolioData.Covariance(random, count), new PortfolioConstraints
        {
            Lower = [.. inside.Select(value => value * random.NextDouble())],
            Upper = [.. inside.Select(value => value + (0.3 * random.NextDouble()))],
            GrossCap = 1.5,
            Current = current,
            MaxTurnover = current.Zip(inside, (a, b) => Math.Abs(a - b)).Sum() + (0.1 * random.NextDouble()),
            Groups = members.Length == 0 ? [] : [new WeightGroup("g", members, members.Sum(member => inside[member]) + (0.05 * random.NextDouble()))],
        });
    }

    private static double[] Expected(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => 0.002 * (random.NextDouble() - 0.3))];

    private static void Check(Func<Random, bool> property) =>
        FsCheck.Fluent.Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => property(new Random(seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
}
