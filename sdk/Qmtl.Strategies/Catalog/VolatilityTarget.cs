namespace Qmtl.Strategies;

/// <summary>Long above a moving average with as much as gives a constant volatility, flat below it.</summary>
/// <remarks>Run it with target sizing; all-in would ignore the weight. A no-trade band keeps small changes of the estimate from trading.</remarks>
public sealed class VolatilityTarget : Strategy
{
    private readonly Param<double> _annual = Param("annual", 0.15, 0.001, 5.0, "Volatility aimed at, as a fraction a year.");
    private readonly Param<int> _period = Param("period", 60, 2..Kernel.MaxPeriod, "Bars that the volatility is estimated from.");
    private readonly Param<int> _trend = Param("trend", 100, 1..Kernel.MaxPeriod, "Bars of the moving average.");
    private readonly Param<double> _max = Param("max", 1.0, 0.01, 10.0, "The largest weight.");

    /// <inheritdoc/>
    public override string Name => "vol-target";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        foreach (var instrument in s.Instruments)
        {
            var price = s.Price(instrument);
            var weight = s.Size.VolatilityTarget(price.Close, _annual, _period, _max) * s.Size.Equal;
            s.Target(price, When(price.Close.Above(price.Close.Sma(_trend)), weight, 0.0).NoTradeBand(0.1 * _max));
        }
    }
}
