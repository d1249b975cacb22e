namespace Qmtl.Strategies;

/// <summary>Trades the spread of the run's first two instruments: the price of the first less the hedge ratio times that of the second.</summary>
/// <remarks>The hedge ratio is the least-squares slope over a window, so both legs drift with it; a no-trade band keeps small changes of it from trading.</remarks>
public sealed class Pairs : Strategy
{
    private readonly Param<int> _hedge = Param("hedge", 250, 10..Kernel.MaxPeriod, "Bars of the regression that gives the hedge ratio.");
    private readonly Param<int> _period = Param("period", 60, 2..Kernel.MaxPeriod, "Bars of the spread's mean and deviation.");
    private readonly Param<double> _enter = Param("enter", 2.0, 0.1, 10.0, "Deviations of the spread at which a position is entered.");
    private readonly Param<double> _exit = Param("exit", 0.5, 0.0, 10.0, "Deviations of the spread at which it is left.");
    private readonly Param<double> _gross = Param("gross", 0.8, 0.01, 10.0, "Share of equity that both legs hold together; below 1 leaves room for costs and for winners that have grown.");

    /// <inheritdoc/>
    public override string Name => "pairs";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        Require(_exit < _enter, "exit must be below enter");
        RequireInstruments(s, 2);
        var (a, b) = (s.Price(s.Instruments[0]), s.Price(s.Instruments[1]));
        var ratio = a.Close.Beta(b.Close, _hedge);
        var cheapness = -(a.Close - (ratio * b.Close)).ZScore(_period);
        var side = cheapness.Position(new(LongEnter: _enter, ShortEnter: -_enter, LongExit: _exit, ShortExit: -_exit));

        // One unit of the first against "ratio" units of the second, together the share of equity that the run may use.
        var hedge = ratio * b.Close;
        var scale = side * (_gross.Value / (a.Close + hedge.Abs()));
        s.Target(a, (scale * a.Close).NoTradeBand(0.05));
        s.Target(b, (-scale * hedge).NoTradeBand(0.05));
    }
}
