namespace Qmtl.Data;

/// <summary>Bars from CSV files.</summary>
/// <remarks>
/// Header in any order and case: timestamp (or time, date, datetime, ts), open, high, low, close; volume and any other columns are kept. Times are
/// ISO-8601 (UTC unless an offset is given) or epoch seconds or milliseconds. A text column "symbol" makes several instruments of one
/// file. Every malformed cell is refused with its line and column.
/// </remarks>
public static class CsvBars
{
    private const string SymbolColumn = "symbol";

    /// <summary>Reads files and folders of *.csv files; the instrument is the file's name unless the file has a symbol column.</summary>
    /// <exception cref="Identity.RefusalException">A file is missing or malformed; the message names file, line and column.</exception>
    public static MarketData Load(IReadOnlyList<string> paths, CsvOptions options = default, CancellationToken ct = default)
    {
        var files = paths.SelectMany(Expand).ToArray();
        return MarketData.Of([.. files.SelectMany(file => ReadFile(file, options, ct))]);
    }

    /// <summary>Reads one file.</summary>
    public static IReadOnlyList<BarSeries> ReadFile(string path, CsvOptions options = default, CancellationToken ct = default)
    {
        using var stream = Open(path);
        return Read(path, Path.GetFileNameWithoutExtension(path), stream, options, ct);
    }

    /// <summary>Reads a stream that can seek.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="instrument">The instrument, where there is no symbol column.</param>
    /// <param name="stream">The text.</param>
    /// <param name="options">Sorting and duplicates.</param>
    /// <param name="ct">Cancels.</param>
    public static IReadOnlyList<BarSeries> Read(string name, string instrument, Stream stream, CsvOptions options = default, CancellationToken ct = default)
    {
        var texts = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            try
            {
                stream.Position = 0;
                var table = RegularCsv.Read(name, stream, texts, ct);
                if (table is null)
                {
                    stream.Position = 0;
                    table = IrregularCsv.Read(name, stream, texts, ct);
                }

                return table.Rows == 0 ? throw DataRefusal.NoBars(name) : Split(name, instrument, table, options);
            }
            catch (NotANumberException e)
            {
                texts.Add(e.Column);
            }
        }
    }

    private static IEnumerable<string> Expand(string path)
    {
        if (!Directory.Exists(path)) return [path];
        var files = Directory.GetFiles(path, "*.csv");
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length > 0 ? files : throw DataRefusal.EmptyFolder(path);
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataRefusal.Unreadable(path, e.Message);
        }
    }

    private static IReadOnlyList<BarSeries> Split(string file, string instrument, CsvTable table, CsvOptions options)
    {
        var symbols = table.Texts.FirstOrDefault(column => string.Equals(column.Name, SymbolColumn, StringComparison.Ordinal)).Values;
        if (symbols is null) return [Make(file, instrument, table, null, options)];
        return
        [
            .. Enumerable.Range(0, table.Rows).GroupBy(row => symbols[row], StringComparer.Ordinal)
                .Select(group => Make(file, group.Key.Length > 0 ? group.Key : instrument, table, [.. group], options)),
        ];
    }

    private static BarSeries Make(string file, string instrument, CsvTable table, int[]? rows, CsvOptions options)
    {
        rows = RowOrder.Of(file, table, rows, options);
        return new BarSeries(
            instrument,
            Pick(table.Times, rows),
            table.Numbers.ToDictionary(column => column.Name, column => Pick(column.Values.AsSpan(0, table.Rows), rows), StringComparer.Ordinal),
            table.Texts.ToDictionary(column => column.Name, column => Pick(column.Values.ToArray(), rows), StringComparer.Ordinal));
    }

    private static T[] Pick<T>(ReadOnlySpan<T> values, int[]? rows)
    {
        if (rows is null) return values.ToArray();
        var picked = new T[rows.Length];
        for (var i = 0; i < rows.Length; i++) picked[i] = values[rows[i]];
        return picked;
    }
}
