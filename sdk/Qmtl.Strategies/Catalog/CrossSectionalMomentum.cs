namespace Qmtl.Strategies;

/// <summary>Holds the instruments that rose most and sells those that rose least, equally weighted, decided anew every so many bars.</summary>
/// <remarks>Jegadeesh, Titman, Returns to buying winners and selling losers, Journal of Finance 48 (1993): a lookback, less the most recent bars.</remarks>
public sealed class CrossSectionalMomentum : Strategy
{
    private readonly Param<int> _lookback = Param("lookback", 120, 2..(Kernel.MaxPeriod - 1), "Bars to look back.");
    private readonly Param<int> _skip = Param("skip", 5, 0..1000, "Most recent bars that are left out.");
    private readonly Param<int> _count = Param("count", 2, 1..1000, "Instruments on each side.");
    private readonly Param<double> _gross = Param("gross", 0.8, 0.01, 10.0, "Share of equity that both sides hold together; below 1 leaves room for costs and for winners that have grown.");
    private readonly Param<int> _every = Param("every", 20, 1..1000, "Bars between decisions.");

    /// <inheritdoc/>
    public override string Name => "xs-momentum";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        Require(_skip < _lookback, "skip must be below lookback");
        RequireInstruments(s, 2 * _count);
        var closes = s.Panel(price => price.Close);
        var change = closes.Each(close => (close.Shift(_skip) / close.Shift(_lookback)) - 1.0);
        var side = change.Top(_count) - change.Bottom(_count);
        var decide = change.Present().EveryBars(_every);
        s.Target((side * (_gross / (2.0 * _count))).Each(weight => weight.Where(decide)));
    }
}
