using Dapper;

namespace Qmtl.Storage.Backup;

/// <summary>Reads whole tables, in pages, in the order of their keys.</summary>
internal static class TableReader
{
    private const int Page = 2_000;

    public static async IAsyncEnumerable<IDictionary<string, object?>> RowsAsync(ISession session, TableShape table)
    {
        var columns = string.Join(", ", table.Columns.Select(column => Quote(column.Name)));
        var key = table.Key.ToArray();
        if (key.Length == 0) throw new InvalidOperationException($"{table.Name} has no primary key, so its rows have no order.");
        // Text keys sort by code point in both databases, or their backups would differ.
        var ordered = string.Join(", ", key.Select(column => Ordered(session, column)));
        var behind = $"WHERE ({ordered}) > ({string.Join(", ", key.Select((column, i) => $"@k{i}"))})";
        DynamicParameters? after = null;
        while (true)
        {
            var rows = await session.QueryAsync<object>($"SELECT {columns} FROM {Quote(table.Name)} {(after is null ? "" : behind)} ORDER BY {ordered} LIMIT {Page}", after);
            foreach (IDictionary<string, object?> row in rows) yield return row;
            if (rows.Count < Page) yield break;
            var last = (IDictionary<string, object?>)rows[^1];
            after = new DynamicParameters();
            for (var i = 0; i < key.Length; i++) after.Add($"k{i}", last[key[i].Name]);
        }
    }

    public static string Quote(string name) => $"\"{name}\"";

    private static string Ordered(ISession session, TableColumn column) => column.Kind == ColumnKind.Text ? $"{Quote(column.Name)} {session.Dialect.Ordinal}" : Quote(column.Name);
}
