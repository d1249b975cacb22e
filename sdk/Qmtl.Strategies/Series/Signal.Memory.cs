namespace Qmtl.Strategies;

public sealed partial class Signal
{
    /// <summary>How many bars ago this was last true: 0 on the bar itself, missing before the first time.</summary>
    public Series BarsSince() => new(Node.Of(new BarsSinceKernel(), Node));

    /// <summary>True for <paramref name="bars"/> bars from each bar on which this is true, that bar included.</summary>
    public Signal Hold(int bars) => bars is >= 1 and <= Kernel.MaxPeriod
        ? new Signal(Node.Of(new HoldKernel(bars), Node))
        : throw Refuse.Argument("hold", Node, "bars", $"must be a whole number 1..{Kernel.MaxPeriod}, was {bars}");

    /// <summary>True from a bar on which this is true until <paramref name="exit"/> is; where both are, out. Missing while either is missing.</summary>
    public Signal Until(Signal exit) => new(Node.Of(new EnterExitKernel(), Node, exit.Node));
}
