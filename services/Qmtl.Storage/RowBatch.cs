using System.Globalization;

namespace Qmtl.Storage;

/// <summary>Rows for one table, written together: a thousand rows must be neither a thousand round trips nor a thousand statements to compile.</summary>
/// <remarks>Postgres gets one statement with an array for each column; SQLite, which is in this process, one compiled statement that runs for each row.</remarks>
/// <param name="into">Table and columns: <c>table (a, b)</c>.</param>
/// <param name="conflict">What follows the values, such as <c>ON CONFLICT ... DO NOTHING</c>. No two rows may have the same key then: Postgres refuses them.</param>
public sealed class RowBatch(string into, string conflict = "")
{
    /// <summary>Stands for the time of the transaction that writes the row, so that rows can be made before it begins.</summary>
    public static object Now { get; } = new Moment();

    private readonly List<object?[]> _rows = [];
    private readonly HashSet<(int Row, int Column)> _moments = [];

    /// <summary>How many rows there are.</summary>
    public int Count => _rows.Count;

    /// <summary>Adds a row, its values in the order of the columns: text, whole numbers, double, bool, bytes, a time, or <see cref="Now"/>.</summary>
    public void Add(params object?[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        for (var column = 0; column < values.Length; column++)
        {
            if (values[column] is DateTimeOffset time) values[column] = UnixTime.ToNanoseconds(time);
        }

        _rows.Add(values);
    }

    /// <summary>Writes them all.</summary>
    public Task WriteAsync(IUnitOfWork unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (_rows.Count == 0) return Task.CompletedTask;
        if (unit is not UnitOfWork writer) throw new ArgumentException($"Rows are written by units of work of a database, not by {unit.GetType().Name}.", nameof(unit));
        SetTime(UnixTime.ToNanoseconds(unit.Now));
        return unit.Dialect.IsPostgres ? WriteColumnsAsync(writer) : writer.ExecuteEachAsync($"INSERT INTO {into} VALUES ({Places(_rows[0].Length)}) {conflict}", _rows);
    }

    // Remembers where the marks were: a unit of work that lost a race writes the same rows again, at another time.
    private void SetTime(object now)
    {
        for (var row = 0; row < _rows.Count; row++)
        {
            var values = _rows[row];
            for (var column = 0; column < values.Length; column++)
            {
                if (values[column] is Moment) _moments.Add((row, column));
            }
        }

        foreach (var (row, column) in _moments) _rows[row][column] = now;
    }

    private Task<int> WriteColumnsAsync(UnitOfWork unit)
    {
        var columns = new List<Array>();
        var selected = new List<string>();
        for (var column = 0; column < _rows[0].Length; column++)
        {
            if (ColumnOf(column) is { } values)
            {
                selected.Add(string.Create(CultureInfo.InvariantCulture, $"c{columns.Count}"));
                columns.Add(values);
            }
            else
            {
                // Nothing says what type the nulls are of; as a literal they take that of the column.
                selected.Add("NULL");
            }
        }

        if (columns.Count == 0) throw new InvalidOperationException($"All values for {into} are null.");
        var names = string.Join(", ", Enumerable.Range(0, columns.Count).Select(column => string.Create(CultureInfo.InvariantCulture, $"c{column}")));
        var arrays = string.Join(", ", Enumerable.Range(0, columns.Count).Select(column => string.Create(CultureInfo.InvariantCulture, $"@c{column}")));
        return unit.ExecuteColumnsAsync($"INSERT INTO {into} SELECT {string.Join(", ", selected)} FROM unnest({arrays}) AS v ({names}) {conflict}", columns);
    }

    /// <summary>The values of one column; null when all of them are.</summary>
    private Array? ColumnOf(int column) => _rows.Select(row => row[column]).FirstOrDefault(value => value is not null) switch
    {
        null => null,
        string => Fill<string?>(column, value => (string)value),
        int or long or uint => Fill<long?>(column, value => Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        bool => Fill<bool?>(column, value => (bool)value),
        double => Fill<double?>(column, value => (double)value),
        byte[] => Fill<byte[]?>(column, value => (byte[])value),
        var other => throw new InvalidOperationException($"A row for {into} holds a {other.GetType().Name}, which has no place in a column; use text, whole numbers, double, bool, bytes or a time."),
    };

    private T[] Fill<T>(int column, Func<object, T> convert)
    {
        var values = new T[_rows.Count];
        for (var row = 0; row < values.Length; row++)
        {
            if (_rows[row][column] is { } value) values[row] = convert(value);
        }

        return values;
    }

    private static string Places(int count) => string.Join(", ", Enumerable.Repeat("?", count));

    private sealed class Moment;
}
