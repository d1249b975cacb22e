namespace Qmtl.Strategies;

/// <content>Oscillators of one series.</content>
public sealed partial class Series
{
    /// <summary>The change over <paramref name="period"/> bars, in units of the series.</summary>
    /// <param name="period">Bars, 1..9999.</param>
    public Series Momentum(int period)
    {
        Check("momentum", period, Kernel.MaxPeriod - 1, "period");
        return this - Shift(period);
    }
}
