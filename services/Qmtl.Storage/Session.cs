using System.Data.Common;
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

    private async Task<T> RunAsync<T>(Func<CommandDefinition, Task<T>> run, string sql, object? parameters)
    {
        BeforeStatement();
        try
        {
            return await run(new CommandDefinition(dialect.Lists(sql), parameters, cancellationToken: cancellationToken));
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
