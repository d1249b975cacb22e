using System.Globalization;
using Dapper;

namespace Qmtl.Storage;

/// <summary>Rows for one table, written many to a statement: a thousand rows must not be a thousand round trips.</summary>
/// <param name="into">Table and columns: <c>table (a, b)</c>.</param>
/// <param name="conflict">What follows the values, such as <c>ON CONFLICT ... DO NOTHING</c>. No two rows may have the same key then: Postgres refuses them.</param>
public sealed class RowBatch(string into, string conflict = "")
{
    // SQLite finds a parameter by walking through all of its statement, so longer statements become slower again.
    private const int ParametersPerStatement = 300;
    private readonly List<object?[]> _rows = [];

    /// <summary>How many rows there are.</summary>
    public int Count => _rows.Count;

    /// <summary>Adds a row, its values in the order of the columns.</summary>
    public void Add(params object?[] values) => _rows.Add(values);

    /// <summary>Writes them all.</summary>
    public async Task WriteAsync(IUnitOfWork unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (_rows.Count == 0) return;
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
        parameters.Add(name, value is DateTimeOffset time ? UnixTime.ToNanoseconds(time) : value);
        return "@" + name;
    }
}
