namespace Qmtl.WorldService.Policies.Calendars;

/// <summary>
/// When a market is open. Pure: knows the regular sessions of a kind of market and nothing of what happens to them on the day, so
/// an unscheduled closure counts as open, and data looks older than it is rather than younger.
/// </summary>
internal abstract class TradingCalendar
{
    /// <summary>Open without pause, as crypto venues are. Also the calendar of a market that is not known: no lag is forgiven.</summary>
    public static readonly TradingCalendar Continuous = new ContinuousCalendar();

    /// <summary>Currencies: from Sunday 17:00 to Friday 17:00 in New York.</summary>
    public static readonly TradingCalendar Fx = new FxCalendar();

    /// <summary>Shares in the United States: weekdays 09:30 to 16:00 in New York, without the holidays of the New York Stock Exchange.</summary>
    public static readonly TradingCalendar UsEquity = new UsEquityCalendar();

    /// <summary>The calendar of an asset class as worlds declare it; <see cref="Continuous"/> for one that is not known.</summary>
    public static TradingCalendar Of(string? assetClass) => assetClass?.ToLowerInvariant() switch
    {
        "fx" or "forex" => Fx,
        "us_equity" or "us_etf" => UsEquity,
        _ => Continuous,
    };

    /// <summary>How long the market was open from <paramref name="start"/> to <paramref name="end"/>; zero when that is not after it.</summary>
    public abstract TimeSpan OpenBetween(DateTimeOffset start, DateTimeOffset end);

    private sealed class ContinuousCalendar : TradingCalendar
    {
        public override TimeSpan OpenBetween(DateTimeOffset start, DateTimeOffset end) => end > start ? end - start : TimeSpan.Zero;
    }
}
