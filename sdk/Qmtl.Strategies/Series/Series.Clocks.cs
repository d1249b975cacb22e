namespace Qmtl.Strategies;

/// <content>Other clocks than the data's own.</content>
public sealed partial class Series
{
    /// <summary>The bars of this gathered into longer ones: <c>close.Resample("1h")</c> of one-minute bars steps once an hour.</summary>
    /// <remarks>
    /// What is computed from the result is computed on its own clock: <c>close.Resample("1h").Sma(20)</c> is the mean of twenty hours. Long bars
    /// begin at whole multiples of the interval since 1970-01-01 UTC, exist where the data has at least one bar, and have a value once they are
    /// complete. To use it beside shorter bars, say <see cref="AsOf(Series)"/>.
    /// </remarks>
    /// <param name="interval">A multiple of this series' interval, such as "1h".</param>
    /// <param name="aggregate">What a long bar keeps of the short ones.</param>
    /// <exception cref="Identity.RefusalException">The interval is shorter, or no multiple.</exception>
    public Series Resample(string interval, Aggregate aggregate = Aggregate.Last)
    {
        if (Node.Role == NodeRole.Constant) return this;
        var seconds = Interval.Parse(interval);
        // A bar gathered into one of its own length is itself; how many values it has is not.
        return seconds == Node.Interval && aggregate != Aggregate.Count ? this : new Series(Node.Resample(Node, seconds, aggregate));
    }

    /// <summary>This, known at each bar of the finer <paramref name="clock"/>: the value of the last long bar that was complete when that bar ended.</summary>
    /// <remarks>
    /// There is no look-ahead: the bar of 10:00 to 11:00 is first seen by the one-minute bar of 10:59, which ends with it, or by the next one if that
    /// is missing. Where the last complete bar has no value, neither has this. (pandas: <c>merge_asof</c> on closing times.)
    /// </remarks>
    /// <exception cref="Identity.RefusalException"><paramref name="clock"/> is coarser than this.</exception>
    public Series AsOf(Series clock) => AsOf(clock.Node);

    /// <summary>This, known at each of the bars of <paramref name="clock"/>; see <see cref="AsOf(Series)"/>.</summary>
    public Series AsOf(PriceSeries clock) => AsOfSeconds(clock.IntervalSeconds);

    internal Series AsOfSeconds(int seconds) => Node.Role == NodeRole.Constant || seconds == Node.Interval ? this : new Series(Node.AsOf(Node, seconds));

    private Series AsOf(Node clock) => clock.Role == NodeRole.Constant
        ? throw Refuse.Argument("as_of", Node, "clock", "must be a series with bars, was a constant")
        : AsOfSeconds(clock.Interval);
}

/// <content>Other clocks than the data's own.</content>
public sealed partial class Signal
{
    /// <summary>This signal, known at each bar of the finer <paramref name="clock"/>; see <see cref="Series.AsOf(Series)"/>.</summary>
    public Signal AsOf(Series clock) => new(AsSeries().AsOf(clock).Node);

    /// <summary>This signal, known at each of the bars of <paramref name="clock"/>; see <see cref="Series.AsOf(Series)"/>.</summary>
    public Signal AsOf(PriceSeries clock) => new(AsSeries().AsOf(clock).Node);
}

/// <content>Other clocks than the data's own.</content>
public sealed partial class Panel
{
    /// <summary>Every member, known at each bar of the finer <paramref name="clock"/>; see <see cref="Series.AsOf(Series)"/>.</summary>
    public Panel AsOf(PriceSeries clock) => Each(member => member.AsOf(clock));
}
