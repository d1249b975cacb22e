using System.Data.Common;
using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using Qmtl.Storage.Sqlite;

namespace Qmtl.Storage;

/// <summary>Statements on an open connection; every error leaves it translated.</summary>
internal class Session(DbConnection connection, Dialect dialect, Func<DbException, StorageException> translate, CancellationToken cancellationToken) : ISession
{
    public Dialect Dialect => dialect;

    public Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters = null) =>
        RunAsync<IReadOnlyList<T>>(async command => (await connection.QueryAsync<T>(command)).AsList(), sql, parameters);

    public Task<T?> FirstOrDefaultAsync<T>(string sql, object? parameters = null) => RunAsync(connection.QueryFirstOrDefaultAsync<T>, sql, parameters);

    public Task<T?> ScalarAsync<T>(string sql, object? parameters = null) => RunAsync(connection.ExecuteScalarAsync<T>, sql, parameters);

    protected Task<int> RunStatementAsync(string sql, object? parameters) => RunAsync(connection.ExecuteAsync, sql, parameters);

    /// <summary>Called with what a statement failed with.</summary>
    protected virtual void Failed(Exception error)
    {
    }

    protected virtual void BeforeStatement()
    {
    }

    /// <summary>Runs a statement of SQLite once for each row of values, the n-th value for its n-th parameter.</summary>
    protected Task<int> RunEachAsync(string sql, IReadOnlyList<object?[]> rows) =>
        GuardAsync(() => Task.FromResult(SqliteRows.Execute((SqliteConnection)connection, sql, rows, cancellationToken)));

    /// <summary>Runs a statement of Postgres whose parameters <c>@c0</c>, <c>@c1</c> ... are columns of values.</summary>
    protected Task<int> RunColumnsAsync(string sql, IReadOnlyList<Array> columns) => GuardAsync(async () =>
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var column = 0; column < columns.Count; column++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"c{column}");
            parameter.Value = columns[column];
            command.Parameters.Add(parameter);
        }

        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    private Task<T> RunAsync<T>(Func<CommandDefinition, Task<T>> run, string sql, object? parameters) =>
        GuardAsync(() => run(new CommandDefinition(dialect.Lists(sql), parameters, cancellationToken: cancellationToken)));

    private async Task<T> GuardAsync<T>(Func<Task<T>> run)
    {
        BeforeStatement();
        try
        {
            return await run();
        }
        catch (DbException error)
        {
            var translated = translate(error);
            Failed(translated);
            throw translated;
        }
        catch (Exception error)
        {
            Failed(error);
            throw;
        }
    }
}
