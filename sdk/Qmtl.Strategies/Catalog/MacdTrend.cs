namespace Qmtl.Strategies;

/// <summary>Follows the MACD: long while its line is above its signal, short (or flat, where the run allows no shorts) while below.</summary>
public sealed class MacdTrend : Strategy
{
    private readonly Param<int> _fast = Param("fast", 12, 1..Kernel.MaxPeriod, "Bars of the fast average.");
    private readonly Param<int> _slow = Param("slow", 26, 1..Kernel.MaxPeriod, "Bars of the slow average.");
    private readonly Param<int> _signal = Param("signal", 9, 1..Kernel.MaxPeriod, "Bars of the signal.");

    /// <inheritdoc/>
    public override string Name => "macd";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        Require(_fast < _slow, "fast must be below slow");
        foreach (var instrument in s.Instruments)
        {
            var price = s.Price(instrument);
            var macd = price.Close.Macd(_fast, _slow, _signal);
            s.Target(price, macd.Histogram.Sign() * s.Size.Equal);
        }
    }
}
