namespace Qmtl.WorldService.Rebalancing;

/// <summary>The part of one strategy in a trade.</summary>
internal sealed record TradePart(string WorldId, string StrategyId, double Quantity);

/// <summary>A trade of a plan.</summary>
/// <param name="Quantity">Signed units, buy above 0.</param>
/// <param name="Notional">Signed, in account currency.</param>
/// <param name="Parts">Whose it is, by world and strategy; the quantities add up to that of the trade.</param>
internal sealed record PlannedTrade(string Venue, string Symbol, double Quantity, double Notional, IReadOnlyList<TradePart> Parts)
{
    public double Mark => Notional / Quantity;

    /// <summary>The one world it belongs to; empty when it nets several.</summary>
    public string WorldId => Only(Parts.Select(part => part.WorldId));

    /// <summary>The one strategy it belongs to; empty when it nets several.</summary>
    public string StrategyId => WorldId.Length == 0 ? "" : Only(Parts.Select(part => part.StrategyId));

    private static string Only(IEnumerable<string> ids) => ids.Distinct(StringComparer.Ordinal).Take(2).ToArray() is [var one] ? one : "";
}

/// <summary>What a plan does in one world.</summary>
/// <param name="Scale">New over old size of the world.</param>
/// <param name="Strategies">The same of each strategy's positions.</param>
/// <param name="Trades">Trades in what the world holds.</param>
/// <param name="Hedge">Trade in the instrument that hedges it; null for none.</param>
/// <param name="Residual">Signed notional that is asked for and not traded at all.</param>
internal sealed record WorldPlan(
    string WorldId,
    double Scale,
    SortedDictionary<string, double> Strategies,
    IReadOnlyList<PlannedTrade> Trades,
    PlannedTrade? Hedge,
    double GrossBefore,
    double GrossAfter,
    double Residual);

/// <summary>A plan.</summary>
/// <param name="Worlds">By id.</param>
/// <param name="Net">The trades of all worlds, one for each venue and symbol.</param>
/// <param name="Warnings">What it cannot or does not do.</param>
internal sealed record RebalanceOutcome(IReadOnlyList<WorldPlan> Worlds, IReadOnlyList<PlannedTrade> Net, IReadOnlyList<string> Warnings);
