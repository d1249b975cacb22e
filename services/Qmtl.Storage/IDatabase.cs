using Qmtl.Storage.Audit;
using Qmtl.Storage.Outbox;

namespace Qmtl.Storage;

/// <summary>The one database of a deployment: SQLite embedded, Postgres in production, the same SQL for both.</summary>
public interface IDatabase
{
    /// <summary>Which database this is, and the few words of SQL that differ.</summary>
    Dialect Dialect { get; }

    /// <summary>Runs <paramref name="read"/> on one consistent snapshot; it sees no write that commits meanwhile.</summary>
    Task<T> ReadAsync<T>(Func<ISession, Task<T>> read, CancellationToken cancellationToken = default);

    /// <summary>Runs <paramref name="work"/> in one transaction: its rows, audit entries and messages commit together or not at all.</summary>
    /// <remarks>
    /// When the task completes, the commit is durable. The work may run more than once (a lost race is retried), so it must have no effect outside of
    /// its unit of work; what must follow a commit belongs in <see cref="IUnitOfWork.OnCommitted"/>. It must not wait for anything but its own
    /// statements: on SQLite all writers stand behind it.
    /// </remarks>
    /// <exception cref="UniqueViolationException">A row with this key exists.</exception>
    /// <exception cref="StorageException">Any other refusal of the database, with its reason.</exception>
    Task<T> WriteAsync<T>(Func<IUnitOfWork, Task<T>> work, CancellationToken cancellationToken = default);
}

/// <summary>Statements on one connection. Parameters are properties of an (anonymous) object, named <c>@like_this</c> or <c>@LikeThis</c> in SQL; a list reads <c>IN @ids</c> in both.</summary>
/// <remarks>
/// Row types have settable properties (<c>sealed record Row { public string WorldId { get; init; } }</c>); columns in snake_case find them. Positional
/// records do not work: SQLite knows one integer type only, and Dapper wants constructor parameters to match exactly.
/// </remarks>
public interface ISession
{
    /// <inheritdoc cref="IDatabase.Dialect"/>
    Dialect Dialect { get; }

    /// <summary>All rows.</summary>
    Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters = null);

    /// <summary>The first row, or default when there is none.</summary>
    Task<T?> FirstOrDefaultAsync<T>(string sql, object? parameters = null);

    /// <summary>The first column of the first row, or default when there is none.</summary>
    Task<T?> ScalarAsync<T>(string sql, object? parameters = null);
}

/// <summary>One transaction that writes.</summary>
public interface IUnitOfWork : ISession
{
    /// <summary>The time of this transaction; every row of it carries the same.</summary>
    DateTimeOffset Now { get; }

    /// <summary>Runs a statement.</summary>
    /// <returns>How many rows it changed.</returns>
    Task<int> ExecuteAsync(string sql, object? parameters = null);

    /// <summary>Waits until no other transaction holds <paramref name="scope"/>, then holds it until the end of this one.</summary>
    /// <remarks>For read, decide, write: lock what is decided about (such as <c>world:w1</c>) before reading it. SQLite has one writer anyway.</remarks>
    Task LockAsync(string scope);

    /// <summary>Appends a message to the log with this transaction.</summary>
    /// <returns>Where the message stands in the log, known once the transaction committed.</returns>
    ValueTask<AppendReceipt> AppendAsync(BusMessage message);

    /// <summary>Adds an entry to the audit chain of its world with this transaction.</summary>
    ValueTask AuditAsync(AuditEntry entry);

    /// <summary>Runs <paramref name="action"/> once this transaction is durable; never when it fails.</summary>
    void OnCommitted(Action action);
}

/// <summary>Shorthands over <see cref="IDatabase"/>.</summary>
public static class DatabaseExtensions
{
    /// <inheritdoc cref="IDatabase.WriteAsync{T}"/>
    public static Task WriteAsync(this IDatabase database, Func<IUnitOfWork, Task> work, CancellationToken cancellationToken = default) =>
        database.WriteAsync<object?>(
            async unit =>
            {
                await work(unit);
                return null;
            },
            cancellationToken);

    /// <summary>The rows of a single query.</summary>
    public static Task<IReadOnlyList<T>> QueryAsync<T>(this IDatabase database, string sql, object? parameters = null, CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => session.QueryAsync<T>(sql, parameters), cancellationToken);

    /// <summary>The first row of a single query, or default.</summary>
    public static Task<T?> FirstOrDefaultAsync<T>(this IDatabase database, string sql, object? parameters = null, CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => session.FirstOrDefaultAsync<T>(sql, parameters), cancellationToken);

    /// <summary>The first value of a single query, or default.</summary>
    public static Task<T?> ScalarAsync<T>(this IDatabase database, string sql, object? parameters = null, CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => session.ScalarAsync<T>(sql, parameters), cancellationToken);
}
