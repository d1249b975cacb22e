namespace Qmtl.Strategies;

/// <summary>Holds every instrument of the run in equal shares from the first bar on: what any other strategy has to beat.</summary>
public sealed class BuyAndHold : Strategy
{
    private readonly Param<double> _weight = Param("weight", 1.0, 0.0, 1.0, "Share of equity to hold.");

    /// <inheritdoc/>
    public override string Name => "buy-and-hold";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        foreach (var instrument in s.Instruments) s.Target(s.Price(instrument), _weight.Value / s.Instruments.Count);
    }
}
