using System.Numerics;
using System.Runtime.InteropServices;

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
        if (HasNoGaps(timestamps)) return timestamps[1] > timestamps[0] ? timestamps[1] - timestamps[0] : null;
        var intervals = new double[timestamps.Length - 1];
        for (var i = 0; i < intervals.Length; i++) intervals[i] = timestamps[i + 1] - timestamps[i];
        return Moments.Quantile(intervals, 0.5) is > 0 and var median ? median : null;
    }

    /// <summary>
    /// Concludes the calendar from which days and hours have bars. Null when there is no interval to be seen.
    /// </summary>
    /// <param name="timestamps">Times of the bars since 1970 in ascending order, UTC.</param>
    /// <param name="unitsPerSecond">Units of those times in a second: 1 for seconds, 1,000,000,000 for nanoseconds.</param>
    public static CalendarGuess? Guess(ReadOnlySpan<long> timestamps, long unitsPerSecond = 1)
    {
        if (MedianInterval(timestamps) / unitsPerSecond is not { } interval) return null;
        var (calendar, reason) = Conclude(Observe(timestamps, unitsPerSecond), interval, (timestamps[^1] - timestamps[0]) / unitsPerSecond);
        return new CalendarGuess(calendar, reason, interval, BarsPerYear(calendar, interval));
    }

    private static bool HasNoGaps(ReadOnlySpan<long> timestamps)
    {
        var interval = timestamps[1] - timestamps[0];
        var before = MemoryMarshal.Cast<long, Vector<long>>(timestamps[..^1]);
        var after = MemoryMarshal.Cast<long, Vector<long>>(timestamps[1..]);
        for (var i = 0; i < before.Length; i++)
        {
            if (!Vector.EqualsAll(after[i] - before[i], new Vector<long>(interval))) return false;
        }

        for (var i = (before.Length * Vector<long>.Count) + 1; i < timestamps.Length; i++)
        {
            if (timestamps[i] - timestamps[i - 1] != interval) return false;
        }

        return true;
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

    private static Traits Observe(ReadOnlySpan<long> timestamps, long unitsPerSecond)
    {
        // 9:30 to 16:00 in New York is 13:30 to 20:00 UTC in summer and an hour later in winter; bars carry their start or their end.
        var (day, opens, closes) = (86_400 * unitsPerSecond, 13 * 3600 * unitsPerSecond, 21 * 3600 * unitsPerSecond);
        int sundays = 0, outside = 0, holidays = 0;
        for (var i = 0; i < timestamps.Length;)
        {
            var midnight = timestamps[i] - (((timestamps[i] % day) + day) % day);
            var date = DateTimeOffset.FromUnixTimeSeconds(midnight / unitsPerSecond);
            // Bars on a Saturday decide, whatever else there is.
            if (date.DayOfWeek == DayOfWeek.Saturday) return new Traits(1, sundays, outside, holidays, timestamps.Length);
            var first = i;
            for (; i < timestamps.Length && timestamps[i] < midnight + day; i++)
            {
                if (timestamps[i] < midnight + opens || timestamps[i] > midnight + closes) outside++;
            }

            if (date.DayOfWeek == DayOfWeek.Sunday) sundays += i - first;
            if (IsHoliday(date)) holidays += i - first;
        }

        return new Traits(0, sundays, outside, holidays, timestamps.Length);
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
