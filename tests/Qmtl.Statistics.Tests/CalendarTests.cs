using System.Globalization;
using Qmtl.Testing;

namespace Qmtl.Statistics.Tests;

public sealed class CalendarTests
{
    [Theory]
    [InlineData(TradingCalendar.Crypto, 60, 525_600)]
    [InlineData(TradingCalendar.Crypto, 86_400, 365)]
    [InlineData(TradingCalendar.Fx, 3600, 6240)]
    [InlineData(TradingCalendar.Fx, 86_400, 260)]
    [InlineData(TradingCalendar.UsEquity, 300, 19_656)]
    [InlineData(TradingCalendar.UsEquity, 3600, 1638)]
    [InlineData(TradingCalendar.UsEquity, 86_400, 252)]
    [InlineData(TradingCalendar.UsEquity, 604_800, 365.0 / 7)]
    public void BarsPerYear_CalendarAndInterval_AreDaysTimesBarsADay(TradingCalendar calendar, double seconds, double expected) =>
        Assert.Equal(expected, TradingCalendars.BarsPerYear(calendar, seconds), 9);

    [Theory]
    [InlineData(0)]
    [InlineData(-60)]
    [InlineData(double.NaN)]
    public void BarsPerYear_BarWithoutLength_IsRefused(double seconds) => Assert.Throws<ArgumentOutOfRangeException>(() => TradingCalendars.BarsPerYear(TradingCalendar.Fx, seconds));

    [Fact]
    public void Guess_BarsOnSaturdays_AreCrypto() => Assert.Equal(TradingCalendar.Crypto, Guess(3600, _ => true).Calendar);

    [Fact]
    public void Guess_BarsAroundTheClockOnWeekdays_AreFx() => Assert.Equal(TradingCalendar.Fx, Guess(3600, t => IsWeekday(t)).Calendar);

    [Fact]
    public void Guess_BarsInTheSession_AreUsEquity() =>
        Assert.Equal(TradingCalendar.UsEquity, Guess(1800, t => IsWeekday(t) && t.TimeOfDay >= new TimeSpan(13, 30, 0) && t.TimeOfDay < new TimeSpan(20, 0, 0)).Calendar);

    [Fact]
    public void Guess_DailyBarsOnAUsHoliday_AreFxElseUsEquity()
    {
        // Memorial Day 2024 was the 27th of May.
        Assert.Equal(TradingCalendar.Fx, Guess(86_400, IsWeekday).Calendar);
        Assert.Equal(TradingCalendar.UsEquity, Guess(86_400, t => IsWeekday(t) && t is not { Month: 5, Day: 27 } and not { Month: 2, Day: 19 }).Calendar);
    }

    [Fact]
    public void Guess_TwoWeekdaysAroundTheClock_DoesNotTakeAMissingWeekendForAClosedMarket()
    {
        long[] times = [.. Enumerable.Range(0, 48).Select(i => new DateTimeOffset(2024, 1, 2, 0, 0, 0, TimeSpan.Zero).AddHours(i).ToUnixTimeSeconds())];
        var guess = TradingCalendars.Guess(times)!.Value;
        Assert.Equal(TradingCalendar.Crypto, guess.Calendar);
        Assert.Contains("too short", guess.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Guess_OneBarOrNoInterval_IsNull()
    {
        Assert.Null(TradingCalendars.Guess([1]));
        Assert.Null(TradingCalendars.Guess([1, 1, 1]));
    }

    [RequiresTheory(Needs.MarketData)]
    [InlineData("crypto/1m/BTC-PERP.csv", TradingCalendar.Crypto, 525_600)]
    [InlineData("fx/1h/EURUSD.csv", TradingCalendar.Fx, 6240)]
    [InlineData("equity/1d/SPY.csv", TradingCalendar.UsEquity, 252)]
    public void Guess_RealBars_FindsTheirMarket(string file, TradingCalendar calendar, double barsPerYear)
    {
        long[] times =
        [
            .. File.ReadLines(Path.Combine(Machine.MarketDataFolder!, file)).Skip(1)
                .Select(line => DateTimeOffset.Parse(line[..line.IndexOf(',', StringComparison.Ordinal)], CultureInfo.InvariantCulture).ToUnixTimeSeconds()),
        ];
        var guess = TradingCalendars.Guess(times)!.Value;
        Assert.Equal((calendar, barsPerYear), (guess.Calendar, guess.BarsPerYear));
    }

    [Theory]
    [InlineData("crypto")]
    [InlineData("FX")]
    [InlineData("us-equity")]
    public void Parse_Token_RoundTrips(string token) => Assert.Equal(token.ToLowerInvariant(), TradingCalendars.Parse(token)!.Value.ToToken());

    [Fact]
    public void Parse_UnknownToken_IsNull() => Assert.Null(TradingCalendars.Parse("nyse"));

    private static CalendarGuess Guess(int seconds, Func<DateTimeOffset, bool> trades)
    {
        var start = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return TradingCalendars.Guess([.. Enumerable.Range(0, 200 * 86_400 / seconds).Select(i => start.AddSeconds((double)i * seconds)).Where(trades).Select(t => t.ToUnixTimeSeconds())])!.Value;
    }

    private static bool IsWeekday(DateTimeOffset time) => time.DayOfWeek is not DayOfWeek.Saturday and not DayOfWeek.Sunday;
}
