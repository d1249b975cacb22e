namespace Qmtl.Strategies;

/// <summary>Trades crossings on the run's bars, but only in the direction of a slower clock's trend.</summary>
public sealed class TrendFilter : Strategy
{
    private readonly Param<int> _fast = Param("fast", 10, 1..Kernel.MaxPeriod, "Bars of the fast average.");
    private readonly Param<int> _slow = Param("slow", 40, 1..Kernel.MaxPeriod, "Bars of the slow average.");
    private readonly Param<int> _multiple = Param("multiple", 24, 2..1440, "Bars of the run in one bar of the trend: 60 turns minutes into hours, 24 hours into days.");
    private readonly Param<int> _trend = Param("trend", 20, 1..Kernel.MaxPeriod, "Slow bars of the trend's average.");

    /// <inheritdoc/>
    public override string Name => "trend-filter";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        Require(_fast < _slow, "fast must be below slow");
        Require(s.IntervalSeconds * _multiple <= Interval.MaxSeconds, "multiple times the interval of the data must be at most a day");
        foreach (var instrument in s.Instruments)
        {
            var price = s.Price(instrument);
            var slowClock = price.Close.Resample(Interval.Format(s.IntervalSeconds * _multiple));
            var rising = slowClock.Above(slowClock.Sma(_trend)).AsOf(price);
            var enter = price.Close.Sma(_fast).Above(price.Close.Sma(_slow)) & rising;
            s.Target(price, When(enter, s.Size.Equal, 0.0));
        }
    }
}
