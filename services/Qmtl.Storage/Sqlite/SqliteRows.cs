using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Qmtl.Storage.Sqlite;

/// <summary>Runs one statement for many rows of values on the bare engine.</summary>
/// <remarks>The provider makes a reader and walks a list of parameters for each execution; next to an insert, that is most of the time.</remarks>
internal static class SqliteRows
{
    // Often enough to be stopped in time, seldom enough not to be felt.
    private const int RowsPerCheck = 256;

    /// <summary>Parameters are positions: the n-th value goes to the n-th parameter of the statement.</summary>
    /// <returns>How many rows changed.</returns>
    public static int Execute(SqliteConnection connection, string sql, IReadOnlyList<object?[]> rows, CancellationToken cancellationToken)
    {
        var database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(database, sql, out var statement), database);
        using (statement)
        {
            var changed = 0;
            for (var row = 0; row < rows.Count; row++)
            {
                if (row % RowsPerCheck == 0) cancellationToken.ThrowIfCancellationRequested();
                var values = rows[row];
                for (var column = 0; column < values.Length; column++) Check(Bind(statement, column + 1, values[column]), database);
                var outcome = raw.sqlite3_step(statement);
                if (outcome is not (raw.SQLITE_DONE or raw.SQLITE_ROW)) Check(outcome, database);
                changed += raw.sqlite3_changes(database);
                Check(raw.sqlite3_reset(statement), database);
            }

            return changed;
        }
    }

    private static int Bind(sqlite3_stmt statement, int index, object? value) => value switch
    {
        null or DBNull => raw.sqlite3_bind_null(statement, index),
        string text => raw.sqlite3_bind_text(statement, index, text),
        long number => raw.sqlite3_bind_int64(statement, index, number),
        int number => raw.sqlite3_bind_int64(statement, index, number),
        uint number => raw.sqlite3_bind_int64(statement, index, number),
        bool flag => raw.sqlite3_bind_int64(statement, index, flag ? 1 : 0),
        double number => raw.sqlite3_bind_double(statement, index, number),
        byte[] bytes => raw.sqlite3_bind_blob(statement, index, bytes),
        _ => throw new ArgumentException($"A row holds a {value.GetType().Name}, which has no place in a column; use text, whole numbers, double, bool, bytes or a time.", nameof(value)),
    };

    private static void Check(int result, sqlite3 database) => SqliteException.ThrowExceptionForRC(result, database);
}
