namespace Qmtl.Strategies;

/// <summary>Long while the price has risen over the lookback by more than a threshold, short while it has fallen by more, flat between.</summary>
public sealed class Momentum : Strategy
{
    private readonly Param<int> _lookback = Param("lookback", 60, 1..(Kernel.MaxPeriod - 1), "Bars to look back.");
    private readonly Param<double> _threshold = Param("threshold", 0.0, 0.0, 1.0, "Change that counts, as a fraction: 0.01 is one percent.");

    /// <inheritdoc/>
    public override string Name => "momentum";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        var share = 1.0 / s.Instruments.Count;
        foreach (var instrument in s.Instruments)
        {
            var price = s.Price(instrument);
            var change = (price.Close / price.Close.Shift(_lookback)) - 1.0;
            s.Target(price, When(change > _threshold.Value, share, When(change < -_threshold.Value, -share, 0.0)));
        }
    }
}
