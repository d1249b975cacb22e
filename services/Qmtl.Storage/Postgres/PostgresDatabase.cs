using System.Data;
using System.Data.Common;
using Microsoft.Extensions.Logging;
using Npgsql;
using Qmtl.Storage.Outbox;

namespace Qmtl.Storage.Postgres;

internal sealed class PostgresDatabase(NpgsqlDataSource source, StorageOptions options, IOutbox? outbox, TimeProvider clock, ILogger<PostgresDatabase> logger)
    : Database(Dialect.Postgres, options, outbox, clock, logger)
{
    public override async Task<T> ReadAsync<T>(Func<ISession, Task<T>> read, CancellationToken cancellationToken = default)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var transaction = await BeginAsync(connection, IsolationLevel.RepeatableRead, cancellationToken);
        var session = new Session(connection, Dialect, PostgresErrors.Translate, cancellationToken);
        await session.ScalarAsync<object>("SET TRANSACTION READ ONLY");
        var result = await read(session);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    protected override async Task<T> WriteOnceAsync<T>(Func<IUnitOfWork, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        // Read committed: the rows that everyone writes (counters) then queue instead of failing. Read-decide-write locks what it decides about.
        await using var transaction = await BeginAsync(connection, IsolationLevel.ReadCommitted, cancellationToken);
        var unit = new UnitOfWork(connection, Dialect, PostgresErrors.Translate, Outbox, Clock.GetUtcNow(), cancellationToken);
        if (!Options.Fsync) await unit.ExecuteAsync("SET LOCAL synchronous_commit = off");
        var result = await RunAsync(unit, work);
        await CommitAsync(transaction);
        Telemetry.Committed(1);
        Committed(unit);
        return result;
    }

    // Not cancellable: a cancelled commit may stand or not, and nobody could tell.
    private static async Task CommitAsync(NpgsqlTransaction transaction)
    {
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (PostgresException error)
        {
            throw PostgresErrors.Translate(error);
        }
        catch (NpgsqlException error)
        {
            throw new StorageException(StorageFailure.OutcomeUnknown, "The connection broke during the commit; the transaction may stand or not.", error);
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await source.OpenConnectionAsync(cancellationToken);
        }
        catch (DbException error)
        {
            throw PostgresErrors.Translate(error);
        }
    }

    private static async Task<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, IsolationLevel isolation, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.BeginTransactionAsync(isolation, cancellationToken);
        }
        catch (DbException error)
        {
            throw PostgresErrors.Translate(error);
        }
    }
}
