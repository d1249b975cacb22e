using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Qmtl.Storage.Sqlite;

internal static class SqliteErrors
{
    private const string UniquePrefix = "UNIQUE constraint failed: ";

    public static StorageException Translate(DbException error) => error is SqliteException refusal ? Translate(refusal) : new StorageException(StorageFailure.Other, error.Message, error);

    private static StorageException Translate(SqliteException error) => (error.SqliteErrorCode, error.SqliteExtendedErrorCode) switch
    {
        // constraint: unique, primary key, rowid
        (19, 2067 or 1555 or 2579) => UniqueViolation(error),
        (19, _) => new StorageException(StorageFailure.ConstraintViolation, error.Message, error),
        // busy, locked
        (5 or 6, _) => new StorageException(StorageFailure.Contention, error.Message, error),
        // read-only, I/O error, full, cannot open
        (8 or 10 or 13 or 14, _) => new StorageException(StorageFailure.Unavailable, error.Message, error),
        _ => new StorageException(StorageFailure.Other, error.Message, error),
    };

    // The message ends: UNIQUE constraint failed: ws_policy.world_id, ws_policy.version'.
    private static UniqueViolationException UniqueViolation(SqliteException error)
    {
        var start = error.Message.IndexOf(UniquePrefix, StringComparison.Ordinal);
        if (start < 0) return new UniqueViolationException(null, [], error);
        var names = error.Message[(start + UniquePrefix.Length)..].TrimEnd('.', '\'').Split(", ").Select(name => name.Split('.', 2)).ToArray();
        return new UniqueViolationException(names[0][0], [.. names.Select(name => name[^1])], error);
    }
}
