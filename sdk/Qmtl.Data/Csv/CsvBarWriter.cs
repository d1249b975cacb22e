using System.Globalization;

namespace Qmtl.Data;

/// <summary>Writes bars as CSV: what <see cref="CsvBars"/> reads back to the same bits.</summary>
public static class CsvBarWriter
{
    private static readonly string[] Leading = ["open", "high", "low", "close", "volume"];

    /// <summary>Writes header and rows; missing values are empty cells.</summary>
    public static void Write(BarSeries bars, TextWriter writer, CancellationToken ct = default)
    {
        var names = Leading.Where(bars.ColumnNames.Contains).Concat(bars.ColumnNames.Except(Leading, StringComparer.Ordinal)).ToArray();
        writer.Write($"timestamp,{string.Join(',', names)}\n");
        var columns = Array.ConvertAll(names, name => bars.FindColumn(name)!.Value);
        for (var row = 0; row < bars.Count; row++)
        {
            ct.ThrowIfCancellationRequested();
            writer.Write(BarTime.Format(bars.Times[row]));
            foreach (var column in columns)
            {
                writer.Write(',');
                var value = column.Span[row];
                if (!double.IsNaN(value)) writer.Write(value.ToString("R", CultureInfo.InvariantCulture));
            }

            writer.Write('\n');
        }
    }
}
