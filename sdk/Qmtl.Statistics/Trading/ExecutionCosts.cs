namespace Qmtl.Statistics;

/// <summary>What one fill cost.</summary>
/// <param name="Quantity">Filled quantity; its sign does not matter.</param>
/// <param name="RequestedPrice">The price when the order was decided.</param>
/// <param name="FillPrice">The price it was filled at.</param>
/// <param name="Commission">Commission in currency.</param>
/// <param name="Slippage">Slippage per unit, in currency.</param>
/// <param name="MarketImpact">Market impact per unit, in currency.</param>
public readonly record struct FillCost(
    double Quantity, double RequestedPrice, double FillPrice, double Commission, double Slippage = 0, double MarketImpact = 0);

/// <summary>Execution costs over all fills. The bps figures are costs over filled volume × 10,000; null without volume.</summary>
/// <param name="Commission">Σ commission, in currency.</param>
/// <param name="Slippage">Σ |slippage × quantity|, in currency.</param>
/// <param name="MarketImpact">Σ impact × |quantity|, in currency.</param>
/// <param name="Volume">Σ |quantity|.</param>
/// <param name="CommissionBps">Commission over volume × 10,000.</param>
/// <param name="SlippageBps">Slippage over volume × 10,000.</param>
/// <param name="MarketImpactBps">Impact over volume × 10,000.</param>
/// <param name="ShortfallBps">Implementation shortfall: Σ |fill − requested| × |quantity| over volume × 10,000.</param>
public sealed record ExecutionCostReport(
    double Commission,
    double Slippage,
    double MarketImpact,
    double Volume,
    double? CommissionBps,
    double? SlippageBps,
    double? MarketImpactBps,
    double? ShortfallBps)
{
    /// <summary>Commission, slippage and impact in currency.</summary>
    public double Total => Commission + Slippage + MarketImpact;

    /// <summary>What to subtract from each of <paramref name="periods"/> returns: (total / trades / periods) / 10,000.</summary>
    public double AdjustmentPerPeriod(int trades, int periods) => trades > 0 && periods > 0 ? Total / trades / periods / 10_000 : 0;
}

/// <summary>Sums up execution costs.</summary>
public static class ExecutionCosts
{
    /// <summary>The costs of all fills.</summary>
    public static ExecutionCostReport Of(ReadOnlySpan<FillCost> fills)
    {
        double commission = 0, slippage = 0, impact = 0, volume = 0, shortfall = 0;
        foreach (var fill in fills)
        {
            var quantity = Math.Abs(fill.Quantity);
            commission += fill.Commission;
            slippage += Math.Abs(fill.Slippage) * quantity;
            impact += fill.MarketImpact * quantity;
            shortfall += Math.Abs(fill.FillPrice - fill.RequestedPrice) * quantity;
            volume += quantity;
        }

        double? Bps(double cost) => ReturnStatistics.Ratio(cost * 10_000, volume);
        return new ExecutionCostReport(commission, slippage, impact, volume, Bps(commission), Bps(slippage), Bps(impact), Bps(shortfall));
    }
}
