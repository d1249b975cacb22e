using System.Globalization;
using System.Text;
using Qmtl.Bench.Measuring;
using Qmtl.Data;

namespace Qmtl.Bench.Engine;

/// <summary>A file of minute bars, as text in memory, made into columns. The baseline splits lines and lets the framework parse each cell.</summary>
internal static class CsvText
{
    public static Contest Prepare(Scale scale)
    {
        var text = Generate(scale switch { Scale.Full => 1_000_000, Scale.Quick => 100_000, _ => 500 });
        return new Contest(
            text.Length,
            () => Baseline(text),
            () => Results(CsvBars.Read("bars.csv", "SYN", new MemoryStream(text, writable: false))[0]),
            Tolerance: 0);
    }

    private static byte[] Generate(int rows)
    {
        var bars = SyntheticBars.Generate(new SyntheticOptions { Count = rows, Seed = 13, Price = 40_000, Decimals = 2 });
        using var text = new MemoryStream();
        using (var writer = new StreamWriter(text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true)) CsvBarWriter.Write(bars, writer);
        return text.ToArray();
    }

    private static double[] Baseline(byte[] text)
    {
        var times = new List<long>();
        var columns = new List<double>[5];
        for (var i = 0; i < columns.Length; i++) columns[i] = [];
        using var reader = new StreamReader(new MemoryStream(text, writable: false));
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            var cells = line.Split(',');
            var time = DateTime.Parse(cells[0], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal);
            times.Add((time - DateTime.UnixEpoch).Ticks * 100);
            for (var i = 0; i < columns.Length; i++) columns[i].Add(double.Parse(cells[i + 1], CultureInfo.InvariantCulture));
        }

        return Results([.. times], columns[3].ToArray(), columns[4].ToArray());
    }

    private static double[] Results(BarSeries bars) => Results(bars.Times, bars.Close, bars.FindColumn("volume")!.Value.Span);

    // Enough to notice a lost or misread row, and next to nothing to compute.
    private static double[] Results(ReadOnlySpan<long> times, ReadOnlySpan<double> close, ReadOnlySpan<double> volume) =>
        [times.Length, times[0], times[^1], close[0], close[close.Length / 2], close[^1], volume[0], volume[volume.Length / 2], volume[^1]];
}
