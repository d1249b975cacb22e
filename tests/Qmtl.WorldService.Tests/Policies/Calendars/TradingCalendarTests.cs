using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Qmtl.V1;
using Qmtl.WorldService.Policies.Calendars;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Tests.Policies.Calendars;

public sealed class TradingCalendarTests
{
    [Theory]
    // Winter: New York is five hours behind, so the session is 14:30 to 21:00. Friday 20:59 to Monday 14:31 is one minute and one minute.
    [InlineData("us_equity", "2026-01-09T20:59:00Z", "2026-01-12T14:31:00Z", "00:02:00")]
    // Summer: four hours behind, 13:30 to 20:00.
    [InlineData("us_equity", "2026-07-08T13:00:00Z", "2026-07-08T21:00:00Z", "06:30:00")]
    // Over the change of the clocks on Sunday 8 March 2026: half an hour of Friday, half an hour of Monday.
    [InlineData("us_equity", "2026-03-06T20:30:00Z", "2026-03-09T14:00:00Z", "01:00:00")]
    // Thursday 2 April 2026 to Monday: Good Friday is closed.
    [InlineData("us_equity", "2026-04-02T20:00:00Z", "2026-04-06T13:30:00Z", "00:00:00")]
    // The day after Thanksgiving closes at 13:00, which is 18:00 in London.
    [InlineData("us_equity", "2026-11-27T14:30:00Z", "2026-11-27T23:00:00Z", "03:30:00")]
    // A whole week of five sessions.
    [InlineData("us_equity", "2026-06-08T00:00:00Z", "2026-06-15T00:00:00Z", "1.08:30:00")]
    [InlineData("us_etf", "2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z", "00:00:00")]
    // Friday 17:00 in New York is 22:00 in winter; Sunday 17:00 likewise.
    [InlineData("fx", "2026-01-09T21:00:00Z", "2026-01-11T23:30:00Z", "02:30:00")]
    [InlineData("FX", "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z", "1.00:00:00")]
    [InlineData("forex", "2026-01-10T03:00:00Z", "2026-01-11T03:00:00Z", "00:00:00")]
    [InlineData("crypto", "2026-01-09T21:00:00Z", "2026-01-11T23:30:00Z", "2.02:30:00")]
    [InlineData("tulips", "2026-01-09T21:00:00Z", "2026-01-10T21:00:00Z", "1.00:00:00")]
    [InlineData("crypto", "2026-01-09T21:00:00Z", "2026-01-09T20:00:00Z", "00:00:00")]
    [InlineData("us_equity", "2026-01-09T21:00:00Z", "2026-01-09T15:00:00Z", "00:00:00")]
    public void OpenBetween_ByHand(string assetClass, string start, string end, string expected) =>
        Assert.Equal(TimeSpan.Parse(expected, CultureInfo.InvariantCulture), TradingCalendar.Of(assetClass).OpenBetween(Time(start), Time(end)));

    [Fact]
    public void CloseOf_HolidaysOfTheExchange_AsItPublishedThem()
    {
        // nyse.com/markets/hours-calendars; 2021, 2022 and 2027 have holidays on weekends.
        Dictionary<int, string> published = new()
        {
            [2021] = "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24",
            [2022] = "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26",
            [2023] = "01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25",
            [2024] = "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25",
            [2026] = "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
            [2027] = "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24",
        };
        Assert.All(published, year => Assert.Equal(year.Value.Split(' '), Days(year.Key, close => close is null)));
        Assert.Equal(["07-03", "11-29", "12-24"], Days(2024, close => close == new LocalTime(13, 0)));
        Assert.Equal(["11-25"], Days(2022, close => close == new LocalTime(13, 0)));
    }

    [Theory]
    [InlineData("us_equity")]
    [InlineData("fx")]
    [InlineData("crypto")]
    public void OpenBetween_OverAnyCut_Adds(string assetClass)
    {
        var calendar = TradingCalendar.Of(assetClass);
        var start = Time("2025-10-20T00:00:00Z");
        Prop.ForAll(ArbMap.Default.ArbFor<(NonNegativeInt, NonNegativeInt)>(), minutes =>
        {
            var middle = start.AddMinutes(minutes.Item1.Get * 61.0);
            var end = middle.AddMinutes(minutes.Item2.Get * 97.0);
            var whole = calendar.OpenBetween(start, end);
            return whole == calendar.OpenBetween(start, middle) + calendar.OpenBetween(middle, end) && whole >= TimeSpan.Zero && whole <= end - start;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    [Fact]
    public void WorldCalendar_OneKindOfMarketOrTheStrictest()
    {
        Assert.Same(TradingCalendar.UsEquity, WorldCalendar.Of(Data("us_equity", "us_etf")));
        Assert.Same(TradingCalendar.Continuous, WorldCalendar.Of(Data("us_equity", "crypto")));
        Assert.Same(TradingCalendar.Continuous, WorldCalendar.Of(Data("us_equity", "")));
        Assert.Same(TradingCalendar.Continuous, WorldCalendar.Of(Data()));
        Assert.Same(TradingCalendar.Continuous, WorldCalendar.Of(null));
    }

    [Theory]
    // A weekend, from Friday 15:00 in New York to Monday 10:00: on the clock 67 hours.
    [InlineData("crypto", "exchange_calendar", "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "2.19:00:00")]
    [InlineData("fx", "exchange_calendar", "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "19:00:00")]
    [InlineData("us_equity", "exchange_calendar", "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "01:30:00")]
    // Overnight: the close of Monday to half an hour after the open of Tuesday.
    [InlineData("us_equity", "exchange_calendar", "2026-01-12T21:00:00Z", "2026-01-13T15:00:00Z", "00:30:00")]
    // Martin Luther King's day is a holiday of the exchange, and one of neither other market.
    [InlineData("us_equity", "exchange_calendar", "2026-01-19T00:00:00Z", "2026-01-20T00:00:00Z", "00:00:00")]
    [InlineData("fx", "exchange_calendar", "2026-01-19T00:00:00Z", "2026-01-20T00:00:00Z", "1.00:00:00")]
    // Who does not know the market, or has several, or asks for the clock, forgives nothing.
    [InlineData("tulips", "exchange_calendar", "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "2.19:00:00")]
    [InlineData("", "exchange_calendar", "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "2.19:00:00")]
    [InlineData("us_equity,fx", "exchange_calendar", "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "2.19:00:00")]
    [InlineData("us_equity,us_etf", "exchange_calendar", "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "01:30:00")]
    [InlineData("us_equity", "utc", "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "2.19:00:00")]
    [InlineData("us_equity", null, "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "2.19:00:00")]
    [InlineData("fx", "no policy", "2026-01-09T20:00:00Z", "2026-01-12T15:00:00Z", "2.19:00:00")]
    public void Lag_CountsTheHoursThatPolicyAndMarketSay(string markets, string? alignment, string start, string end, string expected)
    {
        var world = new WorldRow { Data = markets.Length == 0 ? null : Json.Write(Data(markets.Split(','))) };
        var policy = alignment is "no policy" ? null : PolicyFixture.Load($"data_currency: {{max_lag: 1h{(alignment is null ? "" : $", bar_alignment: {alignment}")}}}");

        var lag = WorldCalendar.Of(world, policy).OpenBetween(Time(start), Time(end));

        Assert.Equal(TimeSpan.Parse(expected, CultureInfo.InvariantCulture), lag);
        if (policy is not null) Assert.Same(WorldCalendar.Of(world, policy), WorldCalendar.For(policy, WorldCalendar.MarketOf(world)));
    }

    private static WorldData Data(params string[] assetClasses)
    {
        var data = new WorldData();
        data.Presets.Add(assetClasses.Select(asset => new DataPreset { Id = asset, Universe = new DataUniverse { AssetClass = asset } }));
        return data;
    }

    private static string[] Days(int year, Func<LocalTime?, bool> chosen) => [.. Enumerable.Range(0, 366)
        .Select(day => new LocalDate(year, 1, 1).PlusDays(day))
        .Where(date => date.Year == year && date.DayOfWeek is not (IsoDayOfWeek.Saturday or IsoDayOfWeek.Sunday) && chosen(UsEquityCalendar.CloseOf(date)))
        .Select(date => date.ToString("MM-dd", CultureInfo.InvariantCulture))];

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
