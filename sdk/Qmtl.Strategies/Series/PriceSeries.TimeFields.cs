namespace Qmtl.Strategies;

/// <content>The time of a bar as numbers, for sessions and seasons. All of them are UTC, of the moment a bar opens.</content>
public sealed partial class PriceSeries
{
    private const double Minute = 60, Hour = 3_600, Day = 86_400, DaysOfWeek = 7;

    // 1970-01-01 was a Thursday, day 4 where Sunday is 0.
    private const double FirstDayOfWeek = 4;

    /// <summary>The hour of the day, 0..23.</summary>
    public Series HourOfDay => Whole(Time % Day, Hour);

    /// <summary>The minute of the day, 0..1439.</summary>
    public Series MinuteOfDay => Whole(Time % Day, Minute);

    /// <summary>The day of the week: 0 Sunday to 6 Saturday, as <see cref="System.DayOfWeek"/>.</summary>
    public Series DayOfWeek => (Whole(Time, Day) + FirstDayOfWeek) % DaysOfWeek;

    private static Series Whole(Series seconds, double unit) => (seconds - (seconds % unit)) / unit;
}
