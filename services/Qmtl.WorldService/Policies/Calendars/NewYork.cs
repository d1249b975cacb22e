using NodaTime;

namespace Qmtl.WorldService.Policies.Calendars;

/// <summary>New York's clock, from the library's own time zone data: the same on every machine.</summary>
internal static class NewYork
{
    private static readonly DateTimeZone Zone = DateTimeZoneProviders.Tzdb["America/New_York"];

    public static LocalDate DateOf(DateTimeOffset time) => Instant.FromDateTimeOffset(time).InZone(Zone).Date;

    public static DateTimeOffset At(LocalDate date, LocalTime time) => (date + time).InZoneLeniently(Zone).ToDateTimeOffset();

    /// <summary>How much of the time from <paramref name="open"/> to <paramref name="close"/> lies within the other two.</summary>
    public static TimeSpan Overlap(DateTimeOffset open, DateTimeOffset close, DateTimeOffset start, DateTimeOffset end)
    {
        var from = open > start ? open : start;
        var to = close < end ? close : end;
        return to > from ? to - from : TimeSpan.Zero;
    }
}
