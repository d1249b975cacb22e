using Qmtl.Statistics;

namespace Qmtl.WorldService.Allocation;

/// <summary>Where risk figures come from.</summary>
internal static class ProposalSources
{
    public const string None = "none";
    public const string Series = "series";
    public const string Covariance = "covariance";
    public const string Snapshot = "risk_snapshot";
}

/// <summary>What is known of the strategies' risk: series, or a covariance, or neither.</summary>
/// <param name="Source">One of <see cref="ProposalSources"/>.</param>
/// <param name="Series">Strategy to its returns; null for none.</param>
/// <param name="Covariance">Pairs as <c>a,b</c> or <c>a:b</c>; null for none.</param>
/// <param name="SnapshotVersion">The risk snapshot used; empty for none.</param>
internal sealed record RiskFacts(
    string Source,
    IReadOnlyDictionary<string, IReadOnlyList<double>>? Series,
    IReadOnlyDictionary<string, double>? Covariance,
    string SnapshotVersion)
{
    public static RiskFacts None { get; } = new(ProposalSources.None, null, null, "");
}

/// <summary>Everything a proposal depends on.</summary>
/// <param name="Strategies">By id, each once: the hierarchical method depends on their order.</param>
/// <param name="Current">Weight of each strategy in its world now.</param>
/// <param name="WorldShare">The world's share of the total equity; null when it has none.</param>
internal sealed record ProposalInputs(
    string WorldId,
    PortfolioMethod Method,
    IReadOnlyList<string> Strategies,
    PortfolioConstraints Constraints,
    RiskFacts Facts,
    ShrinkageTarget Shrinkage,
    IReadOnlyDictionary<string, double> ExpectedReturns,
    double RiskAversion,
    IReadOnlyDictionary<string, double> Current,
    double? WorldShare,
    double PeriodsPerYear);

/// <summary>The methods by the names of the contract.</summary>
internal static class ProposalMethods
{
    private static readonly (string Name, PortfolioMethod Method)[] All =
    [
        ("equal", PortfolioMethod.Equal),
        ("inverse_volatility", PortfolioMethod.InverseVolatility),
        ("risk_parity", PortfolioMethod.RiskParity),
        ("minimum_variance", PortfolioMethod.MinimumVariance),
        ("mean_variance", PortfolioMethod.MeanVariance),
        ("hierarchical_risk_parity", PortfolioMethod.HierarchicalRiskParity),
    ];

    public static PortfolioMethod Read(string name)
    {
        foreach (var entry in All)
        {
            if (entry.Name == name) return entry.Method;
        }

        throw Refuse.Field("/method", $"must be one of {string.Join(", ", All.Select(entry => entry.Name))}, was '{name}'");
    }

    public static string NameOf(PortfolioMethod method) => All.First(entry => entry.Method == method).Name;

    public static ShrinkageTarget ReadShrinkage(string name) => name switch
    {
        "" or "constant_correlation" => ShrinkageTarget.ConstantCorrelation,
        "identity" => ShrinkageTarget.Identity,
        "none" => ShrinkageTarget.None,
        _ => throw Refuse.Field("/shrinkage", $"must be constant_correlation, identity or none, was '{name}'"),
    };
}
