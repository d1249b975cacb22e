namespace Qmtl.Storage.Backup;

/// <summary>How a column's values are written into a backup, whatever database they come from.</summary>
internal enum ColumnKind
{
    Text,
    Whole,
    Real,
    Flag,
    Bytes,
}

/// <summary>One column.</summary>
/// <param name="KeyOrder">Place in the primary key, from 1; 0 outside of it.</param>
internal sealed record TableColumn(string Name, ColumnKind Kind, int KeyOrder);

/// <summary>One table, with its columns in order of name: the two databases need not agree on any other order.</summary>
internal sealed record TableShape(string Name, IReadOnlyList<TableColumn> Columns)
{
    public IEnumerable<TableColumn> Key => Columns.Where(column => column.KeyOrder > 0).OrderBy(column => column.KeyOrder);
}

/// <summary>Reads from the database itself which tables there are: a backup that works from a list would one day miss one.</summary>
internal static class TableCatalog
{
    /// <summary>What the migrations write about themselves; a backup carries it in its head.</summary>
    public const string Migrations = "storage_migration";

    /// <summary>All tables, each behind those it refers to, else by name; so rows can be inserted in this order.</summary>
    public static async Task<IReadOnlyList<TableShape>> ReadAsync(ISession session)
    {
        var columns = await session.QueryAsync<ColumnRow>(session.Dialect.IsPostgres ? PostgresColumns : SqliteColumns);
        var references = await session.QueryAsync<ReferenceRow>(session.Dialect.IsPostgres ? PostgresReferences : SqliteReferences);
        var tables = columns.Where(row => !string.Equals(row.TableName, Migrations, StringComparison.Ordinal))
            .GroupBy(row => row.TableName, StringComparer.Ordinal)
            .Select(table => new TableShape(table.Key, [.. table.OrderBy(row => row.ColumnName, StringComparer.Ordinal).Select(row => new TableColumn(row.ColumnName, KindOf(row), row.KeyOrder))]));
        return Order(tables, references.ToLookup(row => row.Child, row => row.Parent, StringComparer.Ordinal));
    }

    private static List<TableShape> Order(IEnumerable<TableShape> tables, ILookup<string, string> parents)
    {
        var open = new SortedDictionary<string, TableShape>(StringComparer.Ordinal);
        foreach (var table in tables) open.Add(table.Name, table);
        var ordered = new List<TableShape>(open.Count);
        while (open.Count > 0)
        {
            var next = open.Values.FirstOrDefault(table => !parents[table.Name].Any(parent => !string.Equals(parent, table.Name, StringComparison.Ordinal) && open.ContainsKey(parent)))
                ?? throw new InvalidOperationException($"The tables {string.Join(", ", open.Keys)} refer to each other in a circle.");
            ordered.Add(next);
            open.Remove(next.Name);
        }
        return ordered;
    }

    private static ColumnKind KindOf(ColumnRow column) => column.ColumnType.ToUpperInvariant() switch
    {
        "TEXT" => ColumnKind.Text,
        "BIGINT" or "INTEGER" => ColumnKind.Whole,
        "DOUBLE PRECISION" => ColumnKind.Real,
        "BOOLEAN" => ColumnKind.Flag,
        "BYTEA" or "BLOB" => ColumnKind.Bytes,
        var other => throw new InvalidOperationException($"{column.TableName}.{column.ColumnName} has the type {other}, which a backup cannot carry to the other database."),
    };

    private const string SqliteColumns =
        """
        SELECT m.name AS TableName, c.name AS ColumnName, c.type AS ColumnType, c.pk AS KeyOrder
        FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
        """;

    private const string PostgresColumns =
        """
        SELECT c.table_name::text AS TableName, c.column_name::text AS ColumnName, c.data_type::text AS ColumnType, COALESCE(array_position(i.indkey::int2[], a.attnum), -1) + 1 AS KeyOrder
        FROM information_schema.columns c
        JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
        JOIN pg_attribute a ON a.attrelid = format('%I.%I', c.table_schema, c.table_name)::regclass AND a.attname = c.column_name
        LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
        WHERE c.table_schema = current_schema()
        """;

    private const string SqliteReferences =
        "SELECT m.name AS Child, f.\"table\" AS Parent FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";

    private const string PostgresReferences =
        """
        SELECT c.relname::text AS Child, p.relname::text AS Parent FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
        WHERE k.contype = 'f' AND c.relnamespace = current_schema()::regnamespace
        """;

    private sealed record ColumnRow
    {
        public string TableName { get; init; } = "";

        public string ColumnName { get; init; } = "";

        public string ColumnType { get; init; } = "";

        public int KeyOrder { get; init; }
    }

    private sealed record ReferenceRow
    {
        public string Child { get; init; } = "";

        public string Parent { get; init; } = "";
    }
}
