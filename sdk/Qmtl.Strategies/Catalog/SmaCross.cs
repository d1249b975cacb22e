namespace Qmtl.Strategies;

/// <summary>When <see cref="SmaCross"/> begins to trade.</summary>
public enum CrossEntry
{
    /// <summary>As soon as both averages exist.</summary>
    Level,

    /// <summary>When the averages cross for the first time after that.</summary>
    Cross,
}

/// <summary>Long while the fast average is above the slow one, otherwise short (or flat, where the run allows no shorts).</summary>
public sealed class SmaCross : Strategy
{
    private readonly Param<int> _fast = Param("fast", 10, 1..Kernel.MaxPeriod, "Bars of the fast average.");
    private readonly Param<int> _slow = Param("slow", 30, 1..Kernel.MaxPeriod, "Bars of the slow average.");
    private readonly Param<CrossEntry> _entry = Param("entry", CrossEntry.Level, "Trade from the first averages on, or wait for the first crossing.");

    /// <inheritdoc/>
    public override string Name => "sma-cross";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        var share = 1.0 / s.Instruments.Count;
        foreach (var instrument in s.Instruments)
        {
            var price = s.Price(instrument);
            var fast = price.Close.Sma(_fast);
            var slow = price.Close.Sma(_slow);
            var target = When(fast.Above(slow), share, -share);
            s.Target(price, _entry.Value == CrossEntry.Cross ? target.AfterFirstChange() : target);
        }
    }
}
