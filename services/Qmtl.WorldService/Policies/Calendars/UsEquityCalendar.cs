using NodaTime;

namespace Qmtl.WorldService.Policies.Calendars;

/// <summary>
/// The New York Stock Exchange by its published rules: holidays and early closes are computed for every year
/// (nyse.com/markets/hours-calendars; Rule 7.2).
/// </summary>
internal sealed class UsEquityCalendar : TradingCalendar
{
    private static readonly LocalTime Opens = new(9, 30);
    private static readonly LocalTime Closes = new(16, 0);
    private static readonly LocalTime ClosesEarly = new(13, 0);

    public override TimeSpan OpenBetween(DateTimeOffset start, DateTimeOffset end)
    {
        var open = TimeSpan.Zero;
        if (end <= start) return open;
        var last = NewYork.DateOf(end);
        for (var date = NewYork.DateOf(start); date <= last; date = date.PlusDays(1))
        {
            if (CloseOf(date) is { } close) open += NewYork.Overlap(NewYork.At(date, Opens), NewYork.At(date, close), start, end);
        }

        return open;
    }

    /// <summary>When the exchange closes on a day; null when it does not open.</summary>
    public static LocalTime? CloseOf(LocalDate date)
    {
        if (date.DayOfWeek is IsoDayOfWeek.Saturday or IsoDayOfWeek.Sunday || IsHoliday(date)) return null;
        return IsShort(date) ? ClosesEarly : Closes;
    }

    private static bool IsHoliday(LocalDate date) => date.Month switch
    {
        // New Year on a Saturday is not made up for: the year's books close on that Friday.
        1 => date == ObservedNewYear(date.Year) || date == Nth(date.Year, 1, IsoDayOfWeek.Monday, 3),
        2 => date == Nth(date.Year, 2, IsoDayOfWeek.Monday, 3),
        3 or 4 => date == Easter(date.Year).PlusDays(-2),
        5 => date == new LocalDate(date.Year, 6, 1).Previous(IsoDayOfWeek.Monday),
        6 => date.Year >= 2022 && date == Observed(new LocalDate(date.Year, 6, 19)),
        7 => date == Observed(new LocalDate(date.Year, 7, 4)),
        9 => date == Nth(date.Year, 9, IsoDayOfWeek.Monday, 1),
        11 => date == Thanksgiving(date.Year),
        12 => date == Observed(new LocalDate(date.Year, 12, 25)),
        _ => false,
    };

    private static bool IsShort(LocalDate date) => (date.Month, date.Day) switch
    {
        (7, 3) or (12, 24) => true,
        (11, _) => date == Thanksgiving(date.Year).PlusDays(1),
        _ => false,
    };

    private static LocalDate Observed(LocalDate holiday) => holiday.DayOfWeek switch
    {
        IsoDayOfWeek.Saturday => holiday.PlusDays(-1),
        IsoDayOfWeek.Sunday => holiday.PlusDays(1),
        _ => holiday,
    };

    private static LocalDate ObservedNewYear(int year)
    {
        var first = new LocalDate(year, 1, 1);
        return first.DayOfWeek == IsoDayOfWeek.Sunday ? first.PlusDays(1) : first;
    }

    private static LocalDate Thanksgiving(int year) => Nth(year, 11, IsoDayOfWeek.Thursday, 4);

    private static LocalDate Nth(int year, int month, IsoDayOfWeek day, int n)
    {
        var first = new LocalDate(year, month, 1);
        return (first.DayOfWeek == day ? first : first.Next(day)).PlusWeeks(n - 1);
    }

    /// <summary>Western Easter by the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8).</summary>
    private static LocalDate Easter(int year)
    {
        var (a, b, c) = (year % 19, year / 100, year % 100);
        var (d, e) = (b / 4, b % 4);
        var g = ((8 * b) + 13) / 25;
        var h = ((19 * a) + b - d - g + 15) % 30;
        var (i, k) = (c / 4, c % 4);
        var l = (32 + (2 * e) + (2 * i) - h - k) % 7;
        var m = (a + (11 * h) + (19 * l)) / 433;
        var n = (h + l - (7 * m) + 90) / 25;
        return new LocalDate(year, n, (h + l - (7 * m) + (33 * n) + 19) % 32);
    }
}
