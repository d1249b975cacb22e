using System.Data.Common;
using System.Globalization;
using Dapper;

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

    /// <summary>Runs a statement once for each row of values, its parameters named <c>@p0</c> on; it is compiled once for all.</summary>
    protected Task<int> RunEachAsync(string sql, IReadOnlyList<object?[]> rows) => GuardAsync(async () =>
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var column in Enumerable.Range(0, rows[0].Length))
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"@p{column}");
            command.Parameters.Add(parameter);
        }

        var changed = 0;
        foreach (var row in rows)
        {
            for (var column = 0; column < row.Length; column++) command.Parameters[column].Value = row[column] ?? DBNull.Value;
            changed += await command.ExecuteNonQueryAsync(cancellationToken);
        }

        return changed;
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
