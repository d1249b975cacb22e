using Qmtl.Data;
using Qmtl.Testing;

namespace Qmtl.Strategies.Tests;

/// <summary>Sessions of the calendar, and volume-weighted means anchored at them.</summary>
public sealed class VolumeAnchorTests
{
    public static TheoryData<CalendarPeriod> Periods => [.. Enum.GetValues<CalendarPeriod>()];

    [Theory]
    [MemberData(nameof(Periods))]
    public void StartOf_BarsWithGaps_IsTrueWhereTheCalendarChanges(CalendarPeriod period)
    {
        foreach (var hours in new[] { 0, 14 })
        {
            var bars = WithGaps(3_000);
            var offset = TimeSpan.FromHours(hours);
            var keys = bars.Times.ToArray().Select(time => KeyOf(period, At(time) - offset)).ToArray();

            var starts = Compute.Values(p => p.StartOf(period, offset).AsSeries(), bars);

            Assert.Equal(keys.Select((key, i) => i == 0 || key != keys[i - 1] ? 1.0 : 0.0), starts);
            Assert.True(starts.Sum() > 1);
        }
    }

    [Theory]
    [InlineData("day", CalendarPeriod.Day)]
    [InlineData("month", CalendarPeriod.Month)]
    public void AnchoredVwap_ByPeriod_IsTheMeanOfThePeriodSoFar(string anchor, CalendarPeriod period) => AssertAnchored(WithGaps(500), anchor, period);

    [RequiresFact(Needs.MarketData)]
    public void AnchoredVwap_RealBars_IsTheMeanOfTheDaySoFar() => AssertAnchored(TestBars.Real("crypto/1m/BTC-PERP.csv", 3_000), "day", CalendarPeriod.Day);

    [Fact]
    public void AnchoredVwap_ByTime_BeginsWithTheFirstBarAtOrAfterIt()
    {
        var bars = WithGaps(200);
        var since = At(bars.Times[80]).AddMinutes(-1);

        var vwap = TestBars.Columns("anchored_vwap", bars, ("anchor", "time"), ("since", since.ToString("O")), ("price", "close"))["anchored_vwap"];
        var bySeconds = TestBars.Columns("anchored_vwap", bars, ("anchor", "time"), ("since", $"{since.ToUnixTimeSeconds()}"), ("price", "close"))["anchored_vwap"];

        var ohlcv = new Ohlcv(bars);
        var expected = AverageReference.Missing(200);
        var (money, size) = (0.0, 0.0);
        for (var i = 80; i < 200; i++)
        {
            (money, size) = (money + (ohlcv.Close[i] * ohlcv.Volume[i]), size + ohlcv.Volume[i]);
            expected[i] = money / size;
        }

        TestBars.Near(expected, vwap);
        Assert.Equal(vwap, bySeconds);
    }

    [Fact]
    public void AnchoredVwap_TimeBeforeTheData_CountsFromTheFirstBar()
    {
        var vwap = TestBars.Columns("anchored_vwap", WithGaps(10), ("anchor", "time"), ("since", "2001-01-01"))["anchored_vwap"];

        Assert.DoesNotContain(vwap, double.IsNaN);
    }

    [Fact]
    public void AnchoredVwap_SinceWithoutItsAnchor_IsRefused()
    {
        var refusal = Assert.Throws<Identity.RefusalException>(() => TestBars.Columns("anchored_vwap", WithGaps(10), ("since", "2024-02-01")));

        Assert.Contains("since counts with anchor=time only", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("1500-01-01")]
    public void AnchoredVwap_NoTime_IsRefused(string since)
    {
        var refusal = Assert.Throws<Identity.RefusalException>(() => IndicatorCatalog.Create("anchored_vwap").With(new Dictionary<string, string>(StringComparer.Ordinal) { ["since"] = since }));

        Assert.Contains("since must be a time", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(86_400)]
    [InlineData(0.5)]
    public void StartOf_OffsetOutsideADay_IsRefused(double seconds)
    {
        var refusal = Assert.Throws<Identity.RefusalException>(() => Compute.GraphOf(p => p.StartOf(CalendarPeriod.Day, TimeSpan.FromSeconds(seconds)).AsSeries()));

        Assert.Contains("offset must be whole seconds from 0 to less than a day", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void VwapSince_AnchorComesOnABarWithoutPrice_StillBeginsAnew()
    {
        double[] price = [1, 2, double.NaN, 5, 7];
        var bars = new BarSeries("X", [.. Enumerable.Range(0, 5).Select(i => i * 60_000_000_000L)], new Dictionary<string, double[]>(StringComparer.Ordinal)
        {
            ["open"] = [1, 0, 1, 0, 0],
            ["high"] = price,
            ["low"] = price,
            ["close"] = price,
            ["volume"] = [1, 1, 1, 1, 1],
        });

        Assert.Equal([1, 1.5, double.NaN, 5, 6], Compute.Values(p => p.VwapSince(p.Open > 0.5), bars));
    }

    private static void AssertAnchored(BarSeries bars, string anchor, CalendarPeriod period)
    {
        var ohlcv = new Ohlcv(bars);
        var typical = VolumeReference.Typical(ohlcv);
        var expected = new double[bars.Count];
        var (money, size) = (0m, 0m);
        for (var i = 0; i < bars.Count; i++)
        {
            if (i > 0 && KeyOf(period, At(bars.Times[i])) != KeyOf(period, At(bars.Times[i - 1]))) (money, size) = (0, 0);
            (money, size) = (money + ((decimal)typical[i] * (decimal)ohlcv.Volume[i]), size + (decimal)ohlcv.Volume[i]);
            expected[i] = (double)(money / size);
        }

        TestBars.Near(expected, TestBars.Columns("anchored_vwap", bars, ("anchor", anchor))["anchored_vwap"]);
    }

    private static DateTimeOffset At(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);

    private static string KeyOf(CalendarPeriod period, DateTimeOffset time) => period switch
    {
        CalendarPeriod.Day => time.ToString("yyyyMMdd"),
        CalendarPeriod.Week => $"{System.Globalization.ISOWeek.GetYear(time.UtcDateTime)}-{System.Globalization.ISOWeek.GetWeekOfYear(time.UtcDateTime)}",
        CalendarPeriod.Month => time.ToString("yyyyMM"),
        CalendarPeriod.Quarter => $"{time.Year}-{(time.Month + 2) / 3}",
        _ => time.ToString("yyyy"),
    };

    /// <summary>Bars of an hour from the end of 2023, now and then with days or weeks between them.</summary>
    private static BarSeries WithGaps(int count)
    {
        var walk = TestBars.Walk(count);
        var random = new Random(count);
        var time = new DateTimeOffset(2023, 12, 30, 22, 0, 0, TimeSpan.Zero);
        var times = new long[count];
        for (var i = 0; i < count; i++)
        {
            times[i] = (time - DateTimeOffset.UnixEpoch).Ticks * 100;
            time = time.AddHours(random.Next(50) == 0 ? random.Next(1, 500) : 1);
        }

        return new BarSeries("X", times, walk.ColumnNames.ToDictionary(name => name, name => walk.FindColumn(name)!.Value.ToArray(), StringComparer.Ordinal));
    }
}
