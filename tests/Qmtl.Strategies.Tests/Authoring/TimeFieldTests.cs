namespace Qmtl.Strategies.Tests;

public sealed class TimeFieldTests
{
    [Fact]
    public void TimeFields_EveryBarOfTwoWeeks_AreThoseOfTheCalendar()
    {
        var bars = Data.SyntheticBars.Generate(new Data.SyntheticOptions { Instrument = "X", Count = 700, IntervalSeconds = 1_740, Start = new(2024, 2, 26, 3, 17, 0, TimeSpan.Zero) });

        var hours = Compute.Values(p => p.HourOfDay, bars);
        var minutes = Compute.Values(p => p.MinuteOfDay, bars);
        var days = Compute.Values(p => p.DayOfWeek, bars);

        for (var i = 0; i < bars.Count; i++)
        {
            var time = Data.BarTime.ToDateTimeOffset(bars.Times[i]);
            Assert.Equal((time.Hour, (time.Hour * 60) + time.Minute, (int)time.DayOfWeek), (hours[i], minutes[i], days[i]));
        }
    }
}
