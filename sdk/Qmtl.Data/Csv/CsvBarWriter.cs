using System.Globalization;

namespace Qmtl.Data;

/// <summary>A column of numbers to be written.</summary>
/// <param name="Name">Its heading.</param>
/// <param name="Values">One a row; what is missing (NaN) becomes an empty cell.</param>
public readonly record struct CsvColumn(string Name, ReadOnlyMemory<double> Values);

/// <summary>Writes bars as CSV: what <see cref="CsvBars"/> reads back to the same bits.</summary>
public static class CsvBarWriter
{
    // Longer than any time and any double that reads back to itself.
    private const int LongestCell = 40;
    private static readonly string[] Leading = ["open", "high", "low", "close", "volume"];

    /// <summary>Writes header and rows; missing values are empty cells.</summary>
    public static void Write(BarSeries bars, TextWriter writer, CancellationToken ct = default)
    {
        var names = Leading.Where(bars.ColumnNames.Contains).Concat(bars.ColumnNames.Except(Leading, StringComparer.Ordinal));
        Write(bars.Times, [.. names.Select(name => new CsvColumn(name, bars.FindColumn(name)!.Value))], writer, ct);
    }

    /// <summary>Writes a header and a row for each time; a value that is not finite is an empty cell.</summary>
    /// <param name="times">Nanoseconds UTC.</param>
    /// <param name="columns">The columns behind the time, each as long as <paramref name="times"/>.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="ct">Cancels.</param>
    public static void Write(ReadOnlySpan<long> times, IReadOnlyList<CsvColumn> columns, TextWriter writer, CancellationToken ct = default)
    {
        foreach (var column in columns)
        {
            if (column.Values.Length != times.Length) throw new ArgumentException($"The column {column.Name} has {column.Values.Length} values for {times.Length} times.", nameof(columns));
        }

        writer.Write($"timestamp,{string.Join(',', columns.Select(column => CsvText.Cell(column.Name)))}\n");
        var time = new TimeFormat();
        var row = new char[(columns.Count + 1) * LongestCell];
        for (var i = 0; i < times.Length; i++)
        {
            ct.ThrowIfCancellationRequested();
            var used = time.Write(times[i], row);
            for (var c = 0; c < columns.Count; c++)
            {
                row[used++] = ',';
                var value = columns[c].Values.Span[i];
                if (!double.IsFinite(value)) continue;
                value.TryFormat(row.AsSpan(used), out var written, "R", CultureInfo.InvariantCulture);
                used += written;
            }

            row[used++] = '\n';
            writer.Write(row, 0, used);
        }
    }

    /// <summary>Times as text. Neighbouring rows share their date, so the last one is remembered.</summary>
    private sealed class TimeFormat
    {
        private const long SecondsPerDay = 86_400;
        private readonly char[] _date = new char[10];
        private long _day = long.MinValue;

        /// <summary>Writes what <see cref="BarTime.Format"/> gives.</summary>
        /// <returns>How many characters.</returns>
        public int Write(long nanoseconds, Span<char> text)
        {
            var (seconds, fraction) = Math.DivRem(nanoseconds, BarTime.NanosecondsPerSecond);
            if (fraction != 0 || seconds < 0)
            {
                var whole = BarTime.Format(nanoseconds);
                whole.CopyTo(text);
                return whole.Length;
            }

            var (day, second) = Math.DivRem(seconds, SecondsPerDay);
            if (day != _day)
            {
                BarTime.Format(nanoseconds).AsSpan(0, _date.Length).CopyTo(_date);
                _day = day;
            }

            _date.CopyTo(text);
            text[10] = 'T';
            TwoDigits((int)(second / 3_600), text[11..]);
            text[13] = ':';
            TwoDigits((int)(second / 60 % 60), text[14..]);
            text[16] = ':';
            TwoDigits((int)(second % 60), text[17..]);
            text[19] = 'Z';
            return 20;
        }

        private static void TwoDigits(int value, Span<char> text)
        {
            text[0] = (char)('0' + (value / 10));
            text[1] = (char)('0' + (value % 10));
        }
    }
}
