using System.Text;
using Qmtl.Identity;

namespace Qmtl.Data.Tests;

public sealed class CsvBarsTests
{
    private const string Header = "timestamp,open,high,low,close,volume\n";

    [Fact]
    public void Read_RegularForm_ReadsEveryCell()
    {
        var bars = Read(Header + "2021-12-31T23:01:00Z,46319.0,46385.0,46318.5,46377.25,2300413.7295\n2021-12-31T23:02:00Z,1,2,0.5,1.5,7").Single();

        Assert.Equal("BTC", bars.Instrument);
        Assert.Equal([1_640_991_660_000_000_000, 1_640_991_720_000_000_000], bars.Times.ToArray());
        Assert.Equal([46319.0, 1], bars.Open.ToArray());
        Assert.Equal([46385.0, 2], bars.High.ToArray());
        Assert.Equal([46318.5, 0.5], bars.Low.ToArray());
        Assert.Equal([46377.25, 1.5], bars.Close.ToArray());
        Assert.Equal([2300413.7295, 7], bars.FindColumn("volume")!.Value.ToArray());
        Assert.Equal(60, bars.IntervalSeconds);
        Assert.Null(bars.FindColumn("vwap"));
    }

    [Theory]
    [InlineData("any order, any case", "Close,LOW,vwap,High,Timestamp,Open\n1.5,0.5,1.2,2,1640991660,1\n")]
    [InlineData("windows line ends", "timestamp,open,high,low,close,vwap\r\n1640991660,1,2,0.5,1.5,1.2\r\n")]
    [InlineData("byte order mark", "\uFEFFtimestamp,open,high,low,close,vwap\n1640991660,1,2,0.5,1.5,1.2\n")]
    [InlineData("blank lines at the end", "timestamp,open,high,low,close,vwap\n1640991660,1,2,0.5,1.5,1.2\n\r\n\n")]
    [InlineData("spaces", "timestamp, open ,high,low,close,vwap\n1640991660, 1 ,2,\t0.5,1.5 ,1.2\n")]
    [InlineData("quotes", "timestamp,open,high,low,close,vwap\n\"1640991660\",\"1\",2,0.5,1.5,1.2\n")]
    [InlineData("semicolons", "timestamp;open;high;low;close;vwap\n1640991660;1;2;0.5;1.5;1.2\n")]
    [InlineData("tabs", "timestamp\topen\thigh\tlow\tclose\tvwap\n1640991660\t1\t2\t0.5\t1.5\t1.2\n")]
    [InlineData("other name of the time", "date,open,high,low,close,vwap\n1640991660,1,2,0.5,1.5,1.2\n")]
    public void Read_AnyForm_GivesTheSameBars(string form, string text)
    {
        var bars = Read(text).Single();

        Assert.True(bars.Count == 1, form);
        Assert.Equal(1_640_991_660_000_000_000, bars.Times[0]);
        Assert.Equal([1, 2, 0.5, 1.5], [bars.Open[0], bars.High[0], bars.Low[0], bars.Close[0]]);
        Assert.Equal(1.2, bars.FindColumn("vwap")!.Value.Span[0]);
    }

    [Theory]
    [InlineData("1640991660", 1_640_991_660_000_000_000)]
    [InlineData("1640991660123", 1_640_991_660_123_000_000)]
    [InlineData("0", 0)]
    [InlineData("2021-12-31", 1_640_908_800_000_000_000)]
    [InlineData("2021-12-31T23:01:00Z", 1_640_991_660_000_000_000)]
    [InlineData("2021-12-31 23:01:00", 1_640_991_660_000_000_000)]
    [InlineData("2021-12-31T23:01", 1_640_991_660_000_000_000)]
    [InlineData("2021-12-31T23:01:00+00:00", 1_640_991_660_000_000_000)]
    [InlineData("2022-01-01T01:01:00+02:00", 1_640_991_660_000_000_000)]
    [InlineData("2021-12-31T18:01:00-0500", 1_640_991_660_000_000_000)]
    [InlineData("2021-12-31T23:01:00.123456789Z", 1_640_991_660_123_456_789)]
    [InlineData("1969-12-31T23:59:59Z", -1_000_000_000)]
    public void Read_AnyTime_IsNanosecondsUtc(string time, long nanoseconds) =>
        Assert.Equal(nanoseconds, Read($"{Header}{time},1,1,1,1,1").Single().Times[0]);

    [Theory]
    [InlineData("2021-12-31T23:01:00Z,1,2,x,1.5,7", "f.csv line 2, column low: must be a number, was \"x\".")]
    [InlineData("2021-12-31T23:01:00Z,1,2,,1.5,7", "f.csv line 2, column low: is empty; it must be a number.")]
    [InlineData("2021-12-31T23:01:00Z,1,2,NaN,1.5,7", "f.csv line 2, column low: must be a number, was \"NaN\".")]
    [InlineData("2021-12-31T23:01:00Z,1,1e999,1,1.5,7", "f.csv line 2, column high: must be a number, was \"1e999\".")]
    [InlineData("2021-12-31T23:01:00Z,1,2,1,1.5,much", "f.csv line 2, column volume: must be a number, was \"much\".")]
    [InlineData("2021-13-31T23:01:00Z,1,2,1,1.5,7", "f.csv line 2, column timestamp: must be ISO-8601 such as 2022-01-31T23:59:00Z, or epoch seconds or milliseconds, was \"2021-13-31T23:01:00Z\".")]
    [InlineData(",1,2,1,1.5,7", "f.csv line 2, column timestamp: is empty; it must be a time.")]
    [InlineData("2021-12-31T24:00:00Z,1,2,1,1.5,7", "f.csv line 2, column timestamp: must be ISO-8601 such as 2022-01-31T23:59:00Z, or epoch seconds or milliseconds, was \"2021-12-31T24:00:00Z\".")]
    [InlineData("2021-12-31T23:60:00Z,1,2,1,1.5,7", "f.csv line 2, column timestamp: must be ISO-8601 such as 2022-01-31T23:59:00Z, or epoch seconds or milliseconds, was \"2021-12-31T23:60:00Z\".")]
    [InlineData("2021-12-31T23:0a:00Z,1,2,1,1.5,7", "f.csv line 2, column timestamp: must be ISO-8601 such as 2022-01-31T23:59:00Z, or epoch seconds or milliseconds, was \"2021-12-31T23:0a:00Z\".")]
    [InlineData("2021-12-31T23-01-00Z,1,2,1,1.5,7", "f.csv line 2, column timestamp: must be ISO-8601 such as 2022-01-31T23:59:00Z, or epoch seconds or milliseconds, was \"2021-12-31T23-01-00Z\".")]
    [InlineData("2021-12-31T23:01:00Z,1,2,1", "f.csv line 2: the line has 4 cells; the header has 6.")]
    [InlineData("2021-12-31T23:01:00Z,1,2,1,1,1,1", "f.csv line 2: the line has 7 cells; the header has 6.")]
    [InlineData("2,1,1,1,1,1\n1,1,1,1,1,1", "f.csv line 3, column timestamp: is 1970-01-01T00:00:01Z, before 1970-01-01T00:00:02Z of the row above; use --sort to order the rows.")]
    [InlineData("2,1,1,1,1,1\n3,1,1,1,1,1\n3,1,1,1,1,1", "f.csv line 4, column timestamp: is 1970-01-01T00:00:03Z, the same as line 3; use --dedupe first or last to keep one of them.")]
    [InlineData("1,1,1,1,1,1\n\n1,1,1,1,1,1", "f.csv line 4, column timestamp: is 1970-01-01T00:00:01Z, the same as line 2; use --dedupe first or last to keep one of them.")]
    [InlineData("", "f.csv has no bars.")]
    public void Read_Malformed_NamesLineAndColumn(string rows, string message)
    {
        var refusal = Assert.Throws<RefusalException>(() => Read(Header + rows));

        Assert.Equal(message, refusal.Message);
        Assert.Equal(ReasonCodes.DataInvalid, refusal.Code);
    }

    [Theory]
    [InlineData("", "f.csv has no bars.")]
    [InlineData("timestamp,open,high,low\n", "f.csv line 1: the column close is missing; the header has timestamp, open, high, low.")]
    [InlineData("timestamp,open,high,low,clsoe\n", "f.csv line 1: the column close is missing; the header has timestamp, open, high, low, clsoe; is clsoe meant?")]
    [InlineData("timestamp,open,high,low,close,Close\n", "f.csv line 1: the column close occurs 2 times.")]
    [InlineData("timestamp,open,high,low,close,\n", "f.csv line 1: column 6 has no name.")]
    public void Read_BadHeader_SaysWhatIsMissing(string text, string message) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => Read(text)).Message);

    [Fact]
    public void Read_MalformedFarIntoAQuotedFile_NamesTheLineThere()
    {
        var rows = string.Concat(Enumerable.Range(0, 500).Select(i => $"\"{i}\",1,1,1,1,1\n"));

        var refusal = Assert.Throws<RefusalException>(() => Read(Header + rows + "\"500\",1,oops,1,1,1\n"));

        Assert.Equal("f.csv line 502, column high: must be a number, was \"oops\".", refusal.Message);
        Assert.Equal("502", refusal.Metadata["line"]);
    }

    [Fact]
    public void Read_SortAndDedupe_KeepsTheRowAskedFor()
    {
        const string Rows = "3,30,30,30,30,1\n1,10,10,10,10,1\n3,31,31,31,31,1\n2,20,20,20,20,1\n";

        Assert.Equal([10, 20, 30], Read(Header + Rows, new CsvOptions(Sort: true, Dedupe.First)).Single().Close.ToArray());
        Assert.Equal([10, 20, 31], Read(Header + Rows, new CsvOptions(Sort: true, Dedupe.Last)).Single().Close.ToArray());
        Assert.Throws<RefusalException>(() => Read(Header + Rows, new CsvOptions(Sort: true)));
        Assert.Throws<RefusalException>(() => Read(Header + Rows, new CsvOptions(Sort: false, Dedupe.Last)));
    }

    [Fact]
    public void Read_SymbolColumn_GivesOneSeriesEach()
    {
        var series = Read("timestamp,symbol,open,high,low,close\n1,A,1,1,1,1\n1,B,2,2,2,2\n2,A,3,3,3,3\n");

        Assert.Equal(["A", "B"], series.Select(s => s.Instrument));
        Assert.Equal([1, 3], series[0].Close.ToArray());
        Assert.Equal([2], series[1].Close.ToArray());
    }

    [Fact]
    public void Read_ExtraTextColumnAfterNumbers_IsKeptAsText()
    {
        var bars = Read("timestamp,open,high,low,close,note\n1,1,1,1,1,5\n2,1,1,1,1,split\n").Single();

        Assert.Equal(["5", "split"], bars.TextColumns["note"]);
        Assert.Null(bars.FindColumn("note"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1 << 20)]
    public void Read_ManyRowsInAnyPieces_ReadsThemAll(int piece)
    {
        var count = piece == 1 ? 300 : 40_000;
        var text = Header + string.Concat(Enumerable.Range(0, count).Select(i => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{i},{i}.5,{i + 1},{i},{i}.25,{i * 0.001}\n")));

        var bars = CsvBars.Read("f.csv", "X", new PiecewiseStream(Encoding.UTF8.GetBytes(text), piece)).Single();

        Assert.Equal(count, bars.Count);
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(i * BarTime.NanosecondsPerSecond, bars.Times[i]);
            Assert.Equal(i + 0.25, bars.Close[i]);
            Assert.Equal(i * 0.001, bars.FindColumn("volume")!.Value.Span[i]);
        }
    }

    [Fact]
    public void Load_MissingFile_IsRefused() =>
        Assert.Equal(ReasonCodes.DataInvalid, Assert.Throws<RefusalException>(() => CsvBars.Load(["no-such-file.csv"])).Code);

    private static IReadOnlyList<BarSeries> Read(string text, CsvOptions options = default) =>
        CsvBars.Read("f.csv", "BTC", new MemoryStream(Encoding.UTF8.GetBytes(text)), options);

    /// <summary>Gives at most so many bytes a read.</summary>
    private sealed class PiecewiseStream(byte[] data, int piece) : MemoryStream(data)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(piece, buffer.Length)]);
    }
}
