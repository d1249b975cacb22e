namespace Qmtl.Strategies;

/// <content>Sessions, and what is counted since one began.</content>
public sealed partial class PriceSeries
{
    /// <summary>True on the first bar of each day, week, month, quarter or year, and on the first bar of all.</summary>
    /// <param name="period">The period, in UTC.</param>
    /// <param name="offset">
    /// How long after midnight UTC a period begins, from 0 to less than a day, in whole seconds: 14:30 for sessions of shares in New York's winter. A week begins on a
    /// Monday, a month on its first day, at that time.
    /// </param>
    public Signal StartOf(CalendarPeriod period, TimeSpan offset = default)
    {
        if (offset < TimeSpan.Zero || offset >= TimeSpan.FromDays(1) || offset.Ticks % TimeSpan.TicksPerSecond != 0)
            throw Refuse.Argument("start_of", Stream, "offset", $"must be whole seconds from 0 to less than a day, was {offset}");
        if (!Enum.IsDefined(period)) throw Refuse.Argument("start_of", Stream, "period", $"must be a period of the calendar, was {period}");
        return new Signal(Node.Of(new CalendarStartKernel(period, (int)offset.TotalSeconds), Time.Node));
    }

    /// <summary>True on the first bar that opens at <paramref name="time"/> or later.</summary>
    public Signal StartsAt(DateTimeOffset time)
    {
        var reached = (Time >= (time - DateTimeOffset.UnixEpoch).TotalSeconds).AsSeries();
        return reached > reached.Shift(1).FillMissing(0.0);
    }

    /// <summary>The volume-weighted mean price since <paramref name="anchor"/> was last true, that bar included; missing before.</summary>
    /// <remarks>Missing also while nothing has been traded since. The sums are compensated: an anchor may be years ago.</remarks>
    /// <param name="anchor">True on each bar that begins anew, such as <see cref="StartOf"/>, <see cref="StartsAt"/>, or a signal of your own.</param>
    /// <param name="price">The price that counts; the mean of high, low and close by default.</param>
    public Series VwapSince(Signal anchor, Series? price = null) =>
        new(Node.Of(new VwapSinceKernel(), (price ?? Hlc3).Node, Volume.Node, anchor.Node));
}
