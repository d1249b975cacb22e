namespace Qmtl.Storage;

/// <summary>Why the database refused.</summary>
public enum StorageFailure
{
    /// <summary>An error of the statement or of the server that nothing below describes.</summary>
    Other,

    /// <summary>A row with the same unique key exists.</summary>
    UniqueViolation,

    /// <summary>A foreign key, check or not-null constraint does not hold.</summary>
    ConstraintViolation,

    /// <summary>Transactions stood in each other's way (serialization failure, deadlock, busy) more often than retries allow.</summary>
    Contention,

    /// <summary>The database cannot be reached or cannot write (down, disk full, read-only).</summary>
    Unavailable,

    /// <summary>The connection broke while committing: whether the transaction stands is not known. Read before writing again.</summary>
    OutcomeUnknown,
}

/// <summary>The database refused.</summary>
public class StorageException : Exception
{
    /// <summary>Creates the exception.</summary>
    public StorageException(StorageFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    /// <summary>Why.</summary>
    public StorageFailure Failure { get; }
}

/// <summary>A row with the same unique key exists.</summary>
public sealed class UniqueViolationException : StorageException
{
    internal UniqueViolationException(string? table, IReadOnlyList<string> columns, Exception inner)
        : base(StorageFailure.UniqueViolation, $"{table ?? "A table"} already has a row with this {(columns.Count == 0 ? "key" : string.Join(", ", columns))}.", inner)
    {
        Table = table;
        Columns = columns;
    }

    /// <summary>The table whose key it is.</summary>
    public string? Table { get; }

    /// <summary>The columns of the key, as far as the database names them.</summary>
    public IReadOnlyList<string> Columns { get; }
}
