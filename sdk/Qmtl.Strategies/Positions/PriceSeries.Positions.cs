namespace Qmtl.Strategies;

public sealed partial class PriceSeries
{
    /// <summary>The weight at which a move of <paramref name="multiple"/> average true ranges costs the share <paramref name="risk"/> of equity.</summary>
    /// <param name="risk">Share of equity at risk: 0.01 is one percent.</param>
    /// <param name="multiple">Where the stop would be, in average true ranges.</param>
    /// <param name="period">Bars of the average true range (Wilder).</param>
    /// <param name="maxWeight">Where leverage ends.</param>
    public Series AtrRisk(double risk = 0.01, double multiple = 2, int period = 14, double maxWeight = 1)
    {
        Sizing.Check("atr_risk", Close, nameof(risk), risk, 1e-6, 1);
        Sizing.Check("atr_risk", Close, nameof(multiple), multiple, 1e-3, 1000);
        Sizing.Check("atr_risk", Close, nameof(maxWeight), maxWeight, 0, Sizing.MaxLeverage);
        return (risk * Close / (multiple * Atr(period))).AtMost(maxWeight);
    }
}
