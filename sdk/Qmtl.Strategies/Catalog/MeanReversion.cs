namespace Qmtl.Strategies;

/// <summary>Buys what has fallen far below its average and sells what has risen far above it, until it is back near the average.</summary>
public sealed class MeanReversion : Strategy
{
    private readonly Param<int> _period = Param("period", 60, 2..Kernel.MaxPeriod, "Bars of mean and deviation.");
    private readonly Param<double> _enter = Param("enter", 2.0, 0.1, 10.0, "Deviations from the mean at which a position is entered.");
    private readonly Param<double> _exit = Param("exit", 0.5, 0.0, 10.0, "Deviations from the mean at which it is left.");

    /// <inheritdoc/>
    public override string Name => "mean-reversion";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        Require(_exit < _enter, "exit must be below enter");
        foreach (var instrument in s.Instruments)
        {
            var price = s.Price(instrument);
            var cheapness = -price.Close.ZScore(_period);
            s.Target(price, cheapness.Position(new(LongEnter: _enter, ShortEnter: -_enter, LongExit: _exit, ShortExit: -_exit)) * s.Size.Equal);
        }
    }
}
