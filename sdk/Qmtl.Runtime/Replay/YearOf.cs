using Qmtl.Data;
using Qmtl.Statistics;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>How many bars a year of the data has: what options say, else the calendar they name, else the one that the times look like.</summary>
internal static class YearOf
{
    public static (TradingCalendar Calendar, double BarsPerYear) Data(MarketData data, ReplayOptions options)
    {
        // A length that is given needs no calendar, and looking at all times for one takes longer than many a replay.
        if (options.BarsPerYear is { } given) return (options.Calendar ?? TradingCalendar.Crypto, given);
        var calendar = options.Calendar ?? TradingCalendars.Guess(data.Times, BarTime.NanosecondsPerSecond)?.Calendar ?? TradingCalendar.Crypto;
        return (calendar, TradingCalendars.BarsPerYear(calendar, SecondsBetween(data)));
    }

    /// <summary>The median distance between bars. Nodes know no interval above a day, but a year of weekly bars has 52 of them all the same.</summary>
    public static int SecondsBetween(MarketData data)
    {
        if (data.IntervalSeconds < Interval.MaxSeconds || TradingCalendars.MedianInterval(data.Times) is not { } median) return data.IntervalSeconds;
        return (int)Math.Clamp(median / BarTime.NanosecondsPerSecond, data.IntervalSeconds, int.MaxValue);
    }
}

/// <summary>What a run under some options offers a strategy.</summary>
public static class RunUniverse
{
    /// <summary>The universe of <paramref name="data"/>, its year as <paramref name="options"/> count it: what has to be compiled to get the nodes of that run.</summary>
    public static Universe UniverseOf(this ReplayOptions options, MarketData data)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(data);
        return data.Universe with { CountBarsPerYear = () => YearOf.Data(data, options).BarsPerYear };
    }
}
