using System.Text;

namespace Qmtl.Data;

/// <summary>The rows of a file as they are read: one growing array per column.</summary>
internal sealed class CsvTable
{
    private readonly CsvLayout _layout;
    private readonly TimeText _time = new();
    private readonly double[]?[] _numbers;
    private readonly List<string>?[] _texts;
    private long[] _times;
    private List<int>? _lines;

    /// <summary>An empty table.</summary>
    /// <param name="layout">The columns.</param>
    /// <param name="textColumns">Names of columns that are known to hold text.</param>
    /// <param name="capacity">Expected number of rows.</param>
    public CsvTable(CsvLayout layout, IReadOnlySet<string> textColumns, int capacity)
    {
        _layout = layout;
        _times = GC.AllocateUninitializedArray<long>(Math.Max(16, capacity));
        _numbers = new double[]?[layout.Names.Length];
        _texts = new List<string>?[layout.Names.Length];
        for (var i = 0; i < layout.Names.Length; i++)
        {
            if (i == layout.TimeIndex) continue;
            if (textColumns.Contains(layout.Names[i])) _texts[i] = [];
            else _numbers[i] = GC.AllocateUninitializedArray<double>(_times.Length);
        }
    }

    public int Columns => _layout.Names.Length;

    public int Rows { get; private set; }

    public ReadOnlySpan<long> Times => _times.AsSpan(0, Rows);

    public IEnumerable<(string Name, double[] Values)> Numbers => _layout.Names.Select((name, i) => (name, _numbers[i]!)).Where(column => column.Item2 is not null);

    public IEnumerable<(string Name, List<string> Values)> Texts => _layout.Names.Select((name, i) => (name, _texts[i]!)).Where(column => column.Item2 is not null);

    /// <summary>The line of the file that a row came from; the header is line 1.</summary>
    public int LineOf(int row) => _lines is null ? row + 2 : _lines[row];

    /// <summary>Reads the cell <c>block[start..end]</c> of the row being read.</summary>
    /// <exception cref="NotANumberException">An extra column turns out to hold text.</exception>
    public void Set(int column, ReadOnlySpan<byte> block, int start, int end, int line)
    {
        if (_numbers[column] is { } numbers && NumberText.TryParseUsual(block, start, end, out numbers[Rows])) return;
        Set(column, block[start..end], line);
    }

    /// <summary>Reads one cell of the row being read.</summary>
    /// <exception cref="NotANumberException">An extra column turns out to hold text.</exception>
    public void Set(int column, ReadOnlySpan<byte> text, int line)
    {
        text = Trim(text);
        if (column == _layout.TimeIndex)
        {
            if (!_time.TryParse(text, out _times[Rows])) throw DataRefusal.Time(_layout.File, line, Encoding.UTF8.GetString(text));
        }
        else if (_numbers[column] is not { } numbers)
        {
            _texts[column]!.Add(Encoding.UTF8.GetString(text));
        }
        else if (!NumberText.TryParse(text, out numbers[Rows]))
        {
            numbers[Rows] = NotANumber(column, text, line);
        }
    }

    /// <summary>Completes the row being read.</summary>
    public void EndRow(int line)
    {
        if (_lines is null && line != Rows + 2) _lines = [.. Enumerable.Range(2, Rows)];
        _lines?.Add(line);
        if (++Rows < _times.Length) return;
        Array.Resize(ref _times, Rows * 2);
        for (var i = 0; i < _numbers.Length; i++)
        {
            if (_numbers[i] is not null) Array.Resize(ref _numbers[i], Rows * 2);
        }
    }

    private double NotANumber(int column, ReadOnlySpan<byte> text, int line)
    {
        var name = _layout.Names[column];
        if (CsvLayout.MayBeEmpty(name))
        {
            if (text.IsEmpty || Ascii.EqualsIgnoreCase(text, "nan"u8) || Ascii.EqualsIgnoreCase(text, "null"u8)) return double.NaN;
            if (!string.Equals(name, "volume", StringComparison.Ordinal)) throw new NotANumberException(name);
        }

        throw DataRefusal.Number(_layout.File, line, name, Encoding.UTF8.GetString(text));
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        if (text.Length > 0 && text[0] > ' ' && text[^1] > ' ') return text;
        return text.Trim(" \t\r"u8);
    }
}

/// <summary>Signals that a column holds text, so that the file is read again with that known. Never leaves the reader.</summary>
internal sealed class NotANumberException(string column) : Exception
{
    public string Column { get; } = column;
}
