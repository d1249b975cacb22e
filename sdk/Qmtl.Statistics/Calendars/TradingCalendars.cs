namespace Qmtl.Statistics;

/// <summary>When a market trades, as far as counting its bars needs to know.</summary>
public enum TradingCalendar
{
    /// <summary>Always: 365 days of 24 hours.</summary>
    Crypto,

    /// <summary>Around the clock on weekdays: 260 days of 24 hours.</summary>
    Fx,

    /// <summary>US exchange sessions: 252 days of 6.5 hours.</summary>
    UsEquity,
}

/// <summary>A calendar concluded from time stamps.</summary>
/// <param name="Calendar">The calendar.</param>
/// <param name="Reason">What it was concluded from, for people.</param>
/// <param name="BarSeconds">The median interval of the bars, in seconds.</param>
/// <param name="BarsPerYear">Bars in a year by this calendar at that interval.</param>
public readonly record struct CalendarGuess(TradingCalendar Calendar, string Reason, double BarSeconds, double BarsPerYear);

/// <summary>Trading calendars: bars in a year, by name or concluded from time stamps.</summary>
public static class TradingCalendars
{
    private const double DaySeconds = 86_400;
    private const double SessionSeconds = 6.5 * 3600;

    /// <summary>The calendar's text: <c>crypto</c>, <c>fx</c> or <c>us-equity</c>.</summary>
    public static string ToToken(this TradingCalendar calendar) => calendar switch
    {
        TradingCalendar.Fx => "fx",
        TradingCalendar.UsEquity => "us-equity",
        _ => "crypto",
    };

    /// <summary>The calendar that <paramref name="token"/> names in any case, or null.</summary>
    public static TradingCalendar? Parse(string? token) => token?.Trim().ToLowerInvariant() switch
    {
        "crypto" => TradingCalendar.Crypto,
        "fx" => TradingCalendar.Fx,
        "us-equity" => TradingCalendar.UsEquity,
        _ => null,
    };

    /// <summary>Bars in a year: trading days × bars a day. Bars longer than a day are counted by the calendar year (52.1 weeks).</summary>
    public static double BarsPerYear(TradingCalendar calendar, double barSeconds)
    {
        if (!(barSeconds > 0) || !double.IsFinite(barSeconds)) throw new ArgumentOutOfRangeException(nameof(barSeconds), barSeconds, "A bar must last a positive time.");
        if (barSeconds > DaySeconds) return 365 * DaySeconds / barSeconds;
        return calendar switch
        {
            TradingCalendar.Fx => 260 * DaySeconds / barSeconds,
            // A bar longer than the session is a daily bar.
            TradingCalendar.UsEquity => 252 * Math.Max(SessionSeconds / barSeconds, 1),
            _ => 365 * DaySeconds / barSeconds,
        };
    }

    /// <summary>The median interval between bars in seconds; null below two bars, or when most bars share their time.</summary>
    public static double? MedianInterval(ReadOnlySpan<long> timestamps)
    {
        if (timestamps.Length < 2) return null;
        var intervals = new double[timestamps.Length - 1];
        for (var i = 0; i < intervals.Length; i++) intervals[i] = timestamps[i + 1] - timestamps[i];
        return Moments.Quantile(intervals, 0.5) is > 0 and var median ? median : null;
    }

    /// <summary>
    /// Concludes the calendar from which days and hours have bars. Null when there is no interval to be seen.
    /// </summary>
    /// <param name="timestamps">Epoch seconds of the bars in ascending order, UTC.</param>
    public static CalendarGuess? Guess(ReadOnlySpan<long> timestamps)
    {
        if (MedianInterval(timestamps) is not { } interval) return null;
        var (calendar, reason) = Conclude(Observe(timestamps), interval, timestamps[^1] - timestamps[0]);
        return new CalendarGuess(calendar, reason, interval, BarsPerYear(calendar, interval));
    }

    private readonly record struct Traits(int Saturdays, int Sundays, int OutsideSession, int Holidays, int Bars);

    private static (TradingCalendar Calendar, string Reason) Conclude(Traits seen, double interval, long span)
    {
        if (seen.Saturdays > 0) return (TradingCalendar.Crypto, "bars on Saturdays");
        if (interval > DaySeconds) return (TradingCalendar.Crypto, "bars longer than a day are counted by the calendar year");
        if (seen.Sundays > 0) return (TradingCalendar.Fx, "bars on Sundays but not on Saturdays");
        if (interval == DaySeconds)
        {
            return seen.Holidays > 0
                ? (TradingCalendar.Fx, "daily bars on weekdays, US market holidays included")
                : (TradingCalendar.UsEquity, "daily bars on weekdays, none on a US market holiday");
        }

        // A few stray bars do not make a market trade at night.
        if (seen.OutsideSession <= seen.Bars / 50) return (TradingCalendar.UsEquity, "bars on weekdays within US trading hours");
        return span < 7 * DaySeconds
            ? (TradingCalendar.Crypto, "bars around the clock, in a sample too short to show a weekend")
            : (TradingCalendar.Fx, "bars around the clock on weekdays, none on weekends");
    }

    private static Traits Observe(ReadOnlySpan<long> timestamps)
    {
        int saturdays = 0, sundays = 0, outside = 0, holidays = 0;
        foreach (var timestamp in timestamps)
        {
            var time = DateTimeOffset.FromUnixTimeSeconds(timestamp);
            if (time.DayOfWeek == DayOfWeek.Saturday) saturdays++;
            if (time.DayOfWeek == DayOfWeek.Sunday) sundays++;
            if (IsHoliday(time)) holidays++;
            // 9:30 to 16:00 in New York is 13:30 to 20:00 UTC in summer and an hour later in winter; bars carry their start or their end.
            if (time.TimeOfDay < new TimeSpan(13, 0, 0) || time.TimeOfDay > new TimeSpan(21, 0, 0)) outside++;
        }

        return new Traits(saturdays, sundays, outside, holidays, timestamps.Length);
    }

    // Holidays that US exchanges keep and currency markets do not: Presidents' Day, Memorial Day, Labor Day and Thanksgiving.
    private static bool IsHoliday(DateTimeOffset time) => (time.Month, time.DayOfWeek) switch
    {
        (2, DayOfWeek.Monday) => time.Day is >= 15 and <= 21,
        (5, DayOfWeek.Monday) => time.Day >= 25,
        (9, DayOfWeek.Monday) => time.Day <= 7,
        (11, DayOfWeek.Thursday) => time.Day is >= 22 and <= 28,
        _ => false,
    };
}
