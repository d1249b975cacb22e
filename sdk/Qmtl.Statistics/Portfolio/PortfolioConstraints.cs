namespace Qmtl.Statistics;

/// <summary>At most so much for some assets together.</summary>
/// <param name="Name">What messages call the group.</param>
/// <param name="Members">Positions of its assets, from 0.</param>
/// <param name="Max">Largest sum of their weights.</param>
public sealed record WeightGroup(string Name, IReadOnlyList<int> Members, double Max);

/// <summary>What weights must satisfy.</summary>
public sealed record PortfolioConstraints
{
    private const double Slack = 1e-9;

    /// <summary>Sum of all weights; what is missing to 1 stays in cash.</summary>
    public double Budget { get; init; } = 1;

    /// <summary>Smallest weight of each asset; below 0 allows a short position.</summary>
    public required IReadOnlyList<double> Lower { get; init; }

    /// <summary>Largest weight of each asset.</summary>
    public required IReadOnlyList<double> Upper { get; init; }

    /// <summary>Largest Σ|w|; null for none.</summary>
    public double? GrossCap { get; init; }

    /// <summary>Largest Σ|w − current|, buying and selling counted; null for none.</summary>
    public double? MaxTurnover { get; init; }

    /// <summary>Weights now; required with <see cref="MaxTurnover"/>.</summary>
    public IReadOnlyList<double>? Current { get; init; }

    /// <summary>Caps over groups; an asset may be in several.</summary>
    public IReadOnlyList<WeightGroup> Groups { get; init; } = [];

    /// <summary>How many assets it speaks of.</summary>
    public int Count => Lower.Count;

    /// <summary>Weights from 0 to 1 that add up to 1.</summary>
    public static PortfolioConstraints LongOnly(int count) => new() { Lower = new double[count], Upper = [.. Enumerable.Repeat(1.0, count)] };

    /// <summary>Refuses constraints that contradict each other on their face; others show when they are solved.</summary>
    /// <exception cref="PortfolioException">A size is wrong, a number is not finite, or no weights can satisfy them.</exception>
    public void Validate()
    {
        if (Upper.Count != Count) throw Invalid($"There are {Count} smallest and {Upper.Count} largest weights.");
        RequireFinite(Budget, "The budget");
        for (var i = 0; i < Count; i++) ValidateBounds(i);
        if (Budget < Lower.Sum() - Slack) throw Infeasible($"the smallest weights add up to {Text(Lower.Sum())}, more than the budget of {Text(Budget)}");
        if (Budget > Upper.Sum() + Slack) throw Infeasible($"the largest weights add up to {Text(Upper.Sum())}, less than the budget of {Text(Budget)}; lower the budget and leave the rest in cash");
        ValidateGross();
        ValidateTurnover();
        foreach (var group in Groups) ValidateGroup(group);
    }

    /// <summary>Whether weights satisfy them, up to rounding.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="tolerance">How far a constraint may be missed.</param>
    public bool Allows(IReadOnlyList<double> weights, double tolerance = Slack)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (weights.Count != Count || Math.Abs(weights.Sum() - Budget) > tolerance) return false;
        for (var i = 0; i < Count; i++)
        {
            if (!(weights[i] >= Lower[i] - tolerance && weights[i] <= Upper[i] + tolerance)) return false;
        }

        if (GrossCap is { } gross && weights.Sum(Math.Abs) > gross + tolerance) return false;
        if (MaxTurnover is { } turnover && weights.Zip(Current!, (after, before) => Math.Abs(after - before)).Sum() > turnover + tolerance) return false;
        return Groups.All(group => group.Members.Sum(member => weights[member]) <= group.Max + tolerance);
    }

    private void ValidateBounds(int i)
    {
        RequireFinite(Lower[i], "A smallest weight");
        RequireFinite(Upper[i], "A largest weight");
        if (Lower[i] > Upper[i]) throw new PortfolioException(PortfolioFault.Infeasible, $"The smallest weight {Text(Lower[i])} of asset {i} is above its largest {Text(Upper[i])}.", i);
    }

    private void ValidateGross()
    {
        if (GrossCap is not { } gross) return;
        RequireFinite(gross, "The gross cap");
        if (gross < Math.Abs(Budget) - Slack) throw Infeasible($"the gross cap of {Text(gross)} is below the budget of {Text(Budget)}");
    }

    private void ValidateTurnover()
    {
        if (MaxTurnover is not { } turnover) return;
        RequireFinite(turnover, "The turnover");
        if (turnover < 0) throw Invalid("The turnover must not be negative.");
        if (Current is null || Current.Count != Count) throw Invalid("A limit on turnover needs the current weight of each asset.");
        foreach (var weight in Current) RequireFinite(weight, "A current weight");
    }

    private void ValidateGroup(WeightGroup group)
    {
        RequireFinite(group.Max, $"The cap of group {group.Name}");
        if (group.Members.Any(member => member < 0 || member >= Count)) throw Invalid($"Group {group.Name} names an asset that does not exist.");
        if (group.Members.Distinct().Count() != group.Members.Count) throw Invalid($"Group {group.Name} names an asset twice.");
        var least = group.Members.Sum(member => Lower[member]);
        if (least > group.Max + Slack) throw Infeasible($"the smallest weights of group {group.Name} add up to {Text(least)}, more than its cap of {Text(group.Max)}");
    }

    private static void RequireFinite(double value, string what)
    {
        if (!double.IsFinite(value)) throw Invalid($"{what} is not finite.");
    }

    private static PortfolioException Invalid(string message) => new(PortfolioFault.InvalidInput, message);

    private static PortfolioException Infeasible(string why) => new(PortfolioFault.Infeasible, $"No weights meet the constraints: {why}.");

    private static string Text(double value) => value.ToString("G6", System.Globalization.CultureInfo.InvariantCulture);
}
