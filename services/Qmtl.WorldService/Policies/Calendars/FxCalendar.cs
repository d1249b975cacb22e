using NodaTime;

namespace Qmtl.WorldService.Policies.Calendars;

/// <summary>The currency week: one session from Sunday 17:00 to Friday 17:00 in New York.</summary>
internal sealed class FxCalendar : TradingCalendar
{
    private static readonly LocalTime Turn = new(17, 0);

    public override TimeSpan OpenBetween(DateTimeOffset start, DateTimeOffset end)
    {
        var open = TimeSpan.Zero;
        if (end <= start) return open;
        var last = NewYork.DateOf(end);
        for (var sunday = SundayOf(NewYork.DateOf(start)); sunday <= last; sunday = sunday.PlusWeeks(1))
        {
            open += NewYork.Overlap(NewYork.At(sunday, Turn), NewYork.At(sunday.PlusDays(5), Turn), start, end);
        }

        return open;
    }

    private static LocalDate SundayOf(LocalDate date) => date.DayOfWeek == IsoDayOfWeek.Sunday ? date : date.Previous(IsoDayOfWeek.Sunday);
}
