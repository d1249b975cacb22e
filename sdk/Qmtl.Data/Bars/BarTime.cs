using System.Globalization;
using Qmtl.Strategies;

namespace Qmtl.Data;

/// <summary>Times of bars: nanoseconds since 1970-01-01 UTC.</summary>
public static class BarTime
{
    /// <summary>Nanoseconds in a second.</summary>
    public const long NanosecondsPerSecond = 1_000_000_000;

    private const long NanosecondsPerTick = 100;

    /// <summary>The nanoseconds of a time.</summary>
    public static long FromDateTimeOffset(DateTimeOffset time) => checked((time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) * NanosecondsPerTick);

    /// <summary>The time of the nanoseconds, cut to 100 ns.</summary>
    public static DateTimeOffset ToDateTimeOffset(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick);

    /// <summary>ISO-8601 UTC, with as many decimals of a second as needed: 2022-01-31T23:59:00Z.</summary>
    public static string Format(long nanoseconds) =>
        ToDateTimeOffset(nanoseconds).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}

/// <summary>The interval of bars.</summary>
internal static class BarInterval
{
    /// <summary>The median distance between neighbours, in whole seconds from 1 to a day; one day when there are fewer than two bars.</summary>
    public static int MedianSeconds(ReadOnlySpan<long> times)
    {
        if (times.Length < 2) return Interval.MaxSeconds;
        var gaps = new long[times.Length - 1];
        for (var i = 0; i < gaps.Length; i++) gaps[i] = times[i + 1] - times[i];
        // Data without gaps is the usual case, and needs no sorting.
        if (gaps.AsSpan().ContainsAnyExcept(gaps[0])) Array.Sort(gaps);
        return (int)Math.Clamp(gaps[gaps.Length / 2] / BarTime.NanosecondsPerSecond, 1, Interval.MaxSeconds);
    }
}
