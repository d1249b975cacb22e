namespace Qmtl.Statistics.Portfolio;

/// <summary>Best weights under constraints, as quadratic programs.</summary>
/// <remarks>
/// Σ|w| and Σ|w − current| become linear with one further variable t ≥ |·| per asset. Bounds that coincide become equalities, since an interior point needs an
/// interior.
/// </remarks>
internal static class ConstrainedPortfolio
{
    /// <summary>The weights nearest to <paramref name="wanted"/> in the Euclidean sense.</summary>
    public static QuadraticOptimum Project(IReadOnlyList<double> wanted, PortfolioConstraints constraints)
    {
        var identity = new double[wanted.Count, wanted.Count];
        for (var i = 0; i < wanted.Count; i++) identity[i, i] = 1;
        return Minimise(identity, [.. wanted.Select(weight => -weight)], constraints);
    }

    /// <summary>Minimises ½·wᵀQw + cᵀw.</summary>
    /// <exception cref="PortfolioException">No weights meet the constraints.</exception>
    public static QuadraticOptimum Minimise(double[,] quadratic, double[] linear, PortfolioConstraints constraints)
    {
        RequireReachable(constraints);
        var optimum = Solve(quadratic, linear, constraints)
            ?? throw new PortfolioException(PortfolioFault.Infeasible, "No weights meet the constraints: limits on groups, gross weight and turnover contradict the bounds and the budget.");
        return optimum with { Point = [.. optimum.Point.Take(constraints.Count).Select((weight, i) => Math.Clamp(weight, constraints.Lower[i], constraints.Upper[i]))] };
    }

    /// <summary>A turnover that is too small is the usual contradiction, and the one that can be told exactly.</summary>
    private static void RequireReachable(PortfolioConstraints constraints)
    {
        if (constraints.MaxTurnover is not { } allowed || constraints.Allows(constraints.Current!)) return;
        var count = constraints.Count;
        var free = constraints with { MaxTurnover = constraints.Current!.Sum(Math.Abs) + constraints.Lower.Sum(Math.Abs) + constraints.Upper.Sum(Math.Abs) };
        var cost = new double[Layout.Of(free).Variables];
        for (var i = 0; i < count; i++) cost[Layout.Of(free).Turnover + i] = 1;
        if (Solve(new double[count, count], cost, free) is not { } nearest) return;
        var needed = nearest.Point.Take(count).Zip(constraints.Current!, (after, before) => Math.Abs(after - before)).Sum();
        if (needed > allowed + 1e-7)
            throw new PortfolioException(PortfolioFault.Infeasible, FormattableString.Invariant($"No weights meet the constraints: the other limits are reached with a turnover of {needed:G6} at least, and {allowed:G6} is allowed."));
    }

    private static QuadraticOptimum? Solve(double[,] quadratic, double[] linear, PortfolioConstraints constraints)
    {
        var layout = Layout.Of(constraints);
        var (h, c) = (new double[layout.Variables, layout.Variables], new double[layout.Variables]);
        for (var i = 0; i < constraints.Count; i++)
        {
            for (var j = 0; j < constraints.Count; j++) h[i, j] = quadratic[i, j];
        }

        linear.CopyTo(c, 0);
        var (equal, atMost) = (new LinearRows(), new LinearRows());
        AddBudget(constraints, layout, equal);
        AddBounds(constraints, layout, equal, atMost);
        AddGroups(constraints, layout, atMost);
        if (layout.Gross > 0) AddAbsolute(layout, layout.Gross, new double[constraints.Count], constraints.GrossCap!.Value, atMost);
        if (layout.Turnover > 0) AddAbsolute(layout, layout.Turnover, constraints.Current!, constraints.MaxTurnover!.Value, atMost);
        return new QuadraticProgram(h, c, equal, atMost).Solve();
    }

    private static void AddBudget(PortfolioConstraints constraints, Layout layout, LinearRows equal)
    {
        var row = new double[layout.Variables];
        Array.Fill(row, 1, 0, constraints.Count);
        equal.Add(row, constraints.Budget);
    }

    private static void AddBounds(PortfolioConstraints constraints, Layout layout, LinearRows equal, LinearRows atMost)
    {
        for (var i = 0; i < constraints.Count; i++)
        {
            if (constraints.Upper[i] - constraints.Lower[i] < 1e-12)
            {
                equal.Add(layout.Variables, constraints.Lower[i], (i, 1));
                continue;
            }

            atMost.Add(layout.Variables, constraints.Upper[i], (i, 1));
            atMost.Add(layout.Variables, -constraints.Lower[i], (i, -1));
        }
    }

    private static void AddGroups(PortfolioConstraints constraints, Layout layout, LinearRows atMost)
    {
        foreach (var group in constraints.Groups)
        {
            var row = new double[layout.Variables];
            foreach (var member in group.Members) row[member] = 1;
            atMost.Add(row, group.Max);
        }
    }

    private static void AddAbsolute(Layout layout, int at, IReadOnlyList<double> origin, double cap, LinearRows atMost)
    {
        var sum = new double[layout.Variables];
        for (var i = 0; i < origin.Count; i++)
        {
            atMost.Add(layout.Variables, origin[i], (i, 1), (at + i, -1));
            atMost.Add(layout.Variables, -origin[i], (i, -1), (at + i, -1));
            sum[at + i] = 1;
        }

        atMost.Add(sum, cap);
    }

    /// <summary>Where the further variables stand; 0 means there are none.</summary>
    private readonly record struct Layout(int Variables, int Gross, int Turnover)
    {
        public static Layout Of(PortfolioConstraints constraints)
        {
            var count = constraints.Count;
            // Without short positions Σ|w| is the budget, which was compared with the cap already.
            var gross = constraints.GrossCap is not null && constraints.Lower.Any(weight => weight < 0) ? count : 0;
            var turnover = constraints.MaxTurnover is null ? 0 : count + gross;
            return new Layout(count + gross + (turnover == 0 ? 0 : count), gross, turnover);
        }
    }
}
