using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Data.Tests;

public sealed class CsvBarWriterTests
{
    [Fact]
    public void Write_AnyTime_IsWhatTheTimeIsCalledElsewhere() =>
        Prop.ForAll<NonEmptyArray<int>, bool>((numbers, whole) =>
        {
            // Seconds around 1970 and far from it, many on the same day; some with a fraction.
            var times = numbers.Get.SelectMany(number => new[] { number, (long)number * 7_919, (long)number * 86_400 })
                .Select(seconds => Math.Clamp(seconds, -9_000_000_000, 9_000_000_000) * BarTime.NanosecondsPerSecond)
                .Select((time, i) => whole ? time : time + (i * 100)).ToArray();
            using var writer = new StringWriter();

            CsvBarWriter.Write(times, [new CsvColumn("x", Enumerable.Repeat(double.NaN, times.Length).ToArray())], writer);

            return writer.ToString() == "timestamp,x\n" + string.Concat(times.Select(time => BarTime.Format(time) + ",\n"));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Write_ThenRead_GivesTheSameBits() =>
        Prop.ForAll<PositiveInt>(seed =>
        {
            var bars = SyntheticBars.Generate(new SyntheticOptions { Count = 200, Seed = (ulong)seed.Get, IntervalSeconds = 1 + (seed.Get % 5_000), Decimals = seed.Get % 9 });
            using var writer = new StringWriter();

            CsvBarWriter.Write(bars, writer);
            var read = CsvBars.Read("f.csv", bars.Instrument, new MemoryStream(Encoding.UTF8.GetBytes(writer.ToString()))).Single();

            return read.Times.SequenceEqual(bars.Times) && bars.ColumnNames.All(name => read.FindColumn(name)!.Value.Span.SequenceEqual(bars.FindColumn(name)!.Value.Span));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Write_LongestNumbers_FitTheirCells()
    {
        double[] values = [-double.MaxValue, -double.Epsilon, -1.2345678901234567e-300, double.PositiveInfinity];
        using var writer = new StringWriter();

        CsvBarWriter.Write(new long[values.Length], [.. Enumerable.Range(0, 3).Select(i => new CsvColumn($"c{i}", values))], writer);

        var lines = writer.ToString().Split('\n');
        Assert.Equal("1970-01-01T00:00:00Z,-1.7976931348623157E+308,-1.7976931348623157E+308,-1.7976931348623157E+308", lines[1]);
        Assert.Equal("1970-01-01T00:00:00Z,,,", lines[4]);
    }

    [Fact]
    public void Write_ColumnOfAnotherLength_IsRefused() =>
        Assert.Throws<ArgumentException>(() => CsvBarWriter.Write([1, 2], [new CsvColumn("x", new double[1])], TextWriter.Null));
}
