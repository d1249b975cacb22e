namespace Qmtl.WorldService.Rebalancing;

/// <summary>How a world's size is changed.</summary>
internal enum RebalanceMode
{
    /// <summary>Every position grows or shrinks in proportion.</summary>
    Scaling,

    /// <summary>Positions stay; one instrument for each world takes the change of its net exposure.</summary>
    Overlay,

    /// <summary>Positions are scaled as far as they can be traded; the instrument takes what is left of the net exposure.</summary>
    Hybrid,
}

/// <summary>An open position.</summary>
/// <param name="Quantity">Signed units, long above 0.</param>
/// <param name="Mark">Price of a unit in account currency, above 0.</param>
/// <param name="NoTrade">It cannot be traded now.</param>
internal sealed record RebalancePosition(string WorldId, string StrategyId, string Venue, string Symbol, double Quantity, double Mark, bool NoTrade = false)
{
    public double Notional => Quantity * Mark;
}

/// <summary>What hedges the worlds.</summary>
internal sealed record OverlayInstruments(IReadOnlyDictionary<string, string> InstrumentByWorld, IReadOnlyDictionary<string, double> PriceBySymbol, double MinOrderNotional)
{
    public static OverlayInstruments None { get; } = new(new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, double>(StringComparer.Ordinal), 0);
}

/// <summary>Everything a plan depends on.</summary>
internal sealed record RebalanceInputs
{
    private static readonly Dictionary<string, double> NoShares = new(StringComparer.Ordinal);
    private static readonly Dictionary<string, IReadOnlyDictionary<string, double>> NoStrategies = new(StringComparer.Ordinal);

    public required double TotalEquity { get; init; }

    /// <summary>World to its share of the total equity before.</summary>
    public IReadOnlyDictionary<string, double> WorldBefore { get; init; } = NoShares;

    /// <summary>World to its share after; every world of a position has one.</summary>
    public required IReadOnlyDictionary<string, double> WorldAfter { get; init; }

    /// <summary>World to {strategy to its share of the total equity} before.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> StrategyBefore { get; init; } = NoStrategies;

    /// <summary>The same after. A world that is absent scales all its strategies alike; in one that is present, a strategy that is absent gets nothing.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> StrategyAfter { get; init; } = NoStrategies;

    public IReadOnlyList<RebalancePosition> Positions { get; init; } = [];

    public double MinTradeNotional { get; init; }

    public IReadOnlyDictionary<string, double> Lots { get; init; } = NoShares;

    public RebalanceMode Mode { get; init; }

    public OverlayInstruments Overlay { get; init; } = OverlayInstruments.None;
}
