using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Qmtl.Storage.Outbox;

namespace Qmtl.Storage.Sqlite;

/// <summary>One file in write-ahead mode: readers never wait, writers queue in <see cref="SqliteWriter"/>.</summary>
internal sealed class SqliteDatabase : Database
{
    private readonly SqliteWriter _writer;
    // The indexes that a large transaction inserts into at random places should stay in memory; the default of 2 MiB reads most pages anew.
    private const int WriterCacheKibibytes = 64 * 1024;

    private readonly string _readConnectionString;

    public SqliteDatabase(string file, StorageOptions options, IOutbox? outbox, TimeProvider clock, ILogger<SqliteDatabase> logger)
        : base(Dialect.Sqlite, options, outbox, clock, logger)
    {
        SQLitePCL.Batteries_V2.Init();
        file = Path.GetFullPath(file);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        _readConnectionString = ConnectionString(file, SqliteOpenMode.ReadOnly, pooling: true);
        // Opened first: it creates the file that readers then find.
        _writer = new SqliteWriter(OpenWriter(file, options), options.GroupCommit, clock, Telemetry);
    }

    // The one contention left is another process with the same file, and SQLite has waited for that already.
    protected override int WriteAttempts => 1;

    public override async Task<T> ReadAsync<T>(Func<ISession, Task<T>> read, CancellationToken cancellationToken = default)
    {
        await using var connection = new SqliteConnection(_readConnectionString);
        var session = new Session(connection, Dialect, SqliteErrors.Translate, cancellationToken);
        Open(connection);
        // The first SELECT takes the snapshot. The connection goes back to its pool afterwards, so the transaction must end in any case.
        await session.ScalarAsync<int>("BEGIN; SELECT 1");
        try
        {
            return await read(session);
        }
        finally
        {
            await new Session(connection, Dialect, SqliteErrors.Translate, CancellationToken.None).ScalarAsync<int>("ROLLBACK; SELECT 1");
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await using (var connection = new SqliteConnection(_readConnectionString)) SqliteConnection.ClearPool(connection);
        await base.DisposeAsync();
    }

    protected override async Task<T> WriteOnceAsync<T>(Func<IUnitOfWork, Task<T>> work, CancellationToken cancellationToken)
    {
        var result = default(T)!;
        UnitOfWork? unit = null;
        await _writer.RunAsync(
            async connection =>
            {
                unit = new UnitOfWork(connection, Dialect, SqliteErrors.Translate, Outbox, Clock.GetUtcNow(), cancellationToken);
                result = await RunAsync(unit, work);
            },
            cancellationToken);
        Committed(unit!);
        return result;
    }

    private static SqliteConnection OpenWriter(string file, StorageOptions options)
    {
        var connection = new SqliteConnection(ConnectionString(file, SqliteOpenMode.ReadWriteCreate, pooling: false));
        try
        {
            connection.DefaultTimeout = (int)Math.Ceiling(options.BusyTimeout.TotalSeconds);
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"PRAGMA journal_mode = WAL; PRAGMA synchronous = {(options.Fsync ? "FULL" : "NORMAL")}; PRAGMA foreign_keys = ON; PRAGMA cache_size = -{WriterCacheKibibytes}; PRAGMA busy_timeout = {(int)options.BusyTimeout.TotalMilliseconds};";
            command.ExecuteNonQuery();
            return connection;
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw SqliteErrors.Translate(error);
        }
    }

    private static void Open(SqliteConnection connection)
    {
        try
        {
            connection.Open();
        }
        catch (SqliteException error)
        {
            throw SqliteErrors.Translate(error);
        }
    }

    private static string ConnectionString(string file, SqliteOpenMode mode, bool pooling) =>
        new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Cache = SqliteCacheMode.Private, Pooling = pooling }.ToString();
}
