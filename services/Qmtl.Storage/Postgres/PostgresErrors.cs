using System.Data.Common;
using Npgsql;

namespace Qmtl.Storage.Postgres;

internal static class PostgresErrors
{
    public static StorageException Translate(DbException error) => error is PostgresException refusal ? Translate(refusal)
        : error is NpgsqlException ? new StorageException(StorageFailure.Unavailable, $"Postgres cannot be reached: {error.Message}", error)
        : new StorageException(StorageFailure.Other, error.Message, error);

    private static StorageException Translate(PostgresException error)
    {
        if (error.SqlState is PostgresErrorCodes.UniqueViolation) return new UniqueViolationException(error.TableName, KeyColumns(error.Detail), error);
        var failure = error.SqlState switch
        {
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable => StorageFailure.Contention,
            PostgresErrorCodes.ReadOnlySqlTransaction => StorageFailure.Unavailable,
            _ => error.SqlState[..2] switch
            {
                "23" => StorageFailure.ConstraintViolation,
                // connection exception, insufficient resources (disk full, too many connections), operator intervention (shutdown), system error
                "08" or "53" or "57" or "58" => StorageFailure.Unavailable,
                _ => StorageFailure.Other,
            },
        };
        return new StorageException(failure, error.MessageText, error);
    }

    // The detail reads: Key (world_id, version)=(w1, 3) already exists. Servers may withhold or translate it; then the columns stay unnamed.
    private static string[] KeyColumns(string? detail)
    {
        var open = detail?.IndexOf('(', StringComparison.Ordinal) ?? -1;
        var close = detail?.IndexOf(")=(", StringComparison.Ordinal) ?? -1;
        return open >= 0 && close > open ? detail![(open + 1)..close].Split(", ") : [];
    }
}
