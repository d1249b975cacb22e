using System.Globalization;
using Dapper;

namespace Qmtl.Storage;

/// <summary>Rows for one table, written together: a thousand rows must be neither a thousand round trips nor a thousand statements to compile.</summary>
/// <param name="into">Table and columns: <c>table (a, b)</c>.</param>
/// <param name="conflict">What follows the values, such as <c>ON CONFLICT ... DO NOTHING</c>. No two rows may have the same key then: Postgres refuses them.</param>
public sealed class RowBatch(string into, string conflict = "")
{
    // Drivers look parameters up by name in lists: longer statements become slower again.
    private const int ParametersPerStatement = 300;
    private readonly List<object?[]> _rows = [];

    /// <summary>How many rows there are.</summary>
    public int Count => _rows.Count;

    /// <summary>Adds a row, its values in the order of the columns.</summary>
    public void Add(params object?[] values) => _rows.Add([.. values.Select(value => value is DateTimeOffset time ? UnixTime.ToNanoseconds(time) : value)]);

    /// <summary>Writes them all.</summary>
    public async Task WriteAsync(IUnitOfWork unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (_rows.Count == 0) return;
        if (unit is UnitOfWork { Dialect.IsPostgres: false } local)
        {
            // SQLite is in this process: there are no round trips to save, but compiling a statement costs more than running it.
            var columns = string.Join(", ", Enumerable.Range(0, _rows[0].Length).Select(column => string.Create(CultureInfo.InvariantCulture, $"@p{column}")));
            await local.ExecuteEachAsync($"INSERT INTO {into} VALUES ({columns}) {conflict}", _rows);
            return;
        }

        foreach (var chunk in _rows.Chunk(Math.Max(1, ParametersPerStatement / _rows[0].Length)))
        {
            var parameters = new DynamicParameters();
            var rows = chunk.Select((values, row) => $"({string.Join(", ", values.Select((value, column) => Parameter(parameters, row, column, value)))})");
            await unit.ExecuteAsync($"INSERT INTO {into} VALUES {string.Join(", ", rows)} {conflict}", parameters);
        }
    }

    private static string Parameter(DynamicParameters parameters, int row, int column, object? value)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"p{row}_{column}");
        parameters.Add(name, value);
        return "@" + name;
    }
}
