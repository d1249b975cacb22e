using System.Globalization;
using Dapper;
using Qmtl.Storage;

namespace Qmtl.DagManager.Graph;

/// <summary>Rows for one table, written many to a statement: a graph of a thousand nodes must not be thousands of round trips.</summary>
/// <param name="into">Table and columns: <c>table (a, b)</c>.</param>
/// <param name="conflict">What follows the values, such as <c>ON CONFLICT ... DO NOTHING</c>.</param>
internal sealed class RowBatch(string into, string conflict = "")
{
    private const int RowsPerStatement = 100;
    private readonly List<object?[]> _rows = [];

    /// <summary>Adds a row, its values in the order of the columns.</summary>
    public void Add(params object?[] values) => _rows.Add(values);

    /// <summary>Writes them all.</summary>
    public async Task WriteAsync(IUnitOfWork unit)
    {
        foreach (var chunk in _rows.Chunk(RowsPerStatement))
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
