namespace Qmtl.Strategies;

/// <summary>Follows a new extreme: long on a close above the highest high of the channel, short below its lowest low, out at a narrower channel.</summary>
/// <remarks>The channels end at the bar before, so that a bar is not compared with itself. This is the entry and exit rule of the "Turtles".</remarks>
public sealed class Breakout : Strategy
{
    private readonly Param<int> _entry = Param("entry", 55, 2..(Kernel.MaxPeriod - 1), "Bars of the channel that is broken out of.");
    private readonly Param<int> _exit = Param("exit", 20, 1..(Kernel.MaxPeriod - 1), "Bars of the channel that ends a position.");

    /// <inheritdoc/>
    public override string Name => "breakout";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        Require(_exit < _entry, "exit must be below entry");
        foreach (var instrument in s.Instruments)
        {
            var price = s.Price(instrument);
            var enterLong = price.Close > price.High.Max(_entry).Shift(1);
            var exitLong = price.Close < price.Low.Min(_exit).Shift(1);
            var enterShort = price.Close < price.Low.Min(_entry).Shift(1);
            var exitShort = price.Close > price.High.Max(_exit).Shift(1);
            s.Target(price, EnterExit(enterLong, exitLong, enterShort, exitShort) * s.Size.Equal);
        }
    }
}
