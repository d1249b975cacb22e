using Npgsql;
using Qmtl.Testing;

namespace Qmtl.Storage.Tests;

/// <summary>What tests stand on stands.</summary>
public sealed class ServerTests
{
    [RequiresFact(Needs.Postgres)]
    public async Task PostgresServer_Crash_IsSeenAsUnavailableAndKeepsWhatWasCommitted()
    {
        await using var server = await PostgresServer.StartAsync(fsync: true);
        await using var fixture = await StorageFixture.PostgresAsync(await server.CreateDatabaseAsync());
        await fixture.Database.WriteAsync(unit => unit.ExecuteAsync("INSERT INTO test_item (id, part) VALUES ('a', 1)")).Within();

        await server.CrashAndRestartAsync();

        // The pool still holds a connection to the server that was killed.
        var error = await Record.ExceptionAsync(() => fixture.Database.ScalarAsync<int>("SELECT COUNT(*) FROM test_item").Within());
        Assert.True(error is null or StorageException { Failure: StorageFailure.Unavailable }, error?.ToString());
        Assert.Equal(1, await fixture.Database.ScalarAsync<int>("SELECT COUNT(*) FROM test_item").Within());
    }

    [RequiresFact(Needs.Postgres)]
    public async Task PostgresServer_Disposed_IsGone()
    {
        var server = await PostgresServer.StartAsync();
        await server.DisposeAsync();

        await using var connection = new NpgsqlConnection(server.AdminConnectionString + ";Pooling=false;Timeout=2");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => connection.OpenAsync().Within());
    }

    [RequiresFact(Needs.Redis)]
    public async Task RedisServer_StartedCrashedDisposed_Works()
    {
        await using var server = await RedisServer.StartAsync();
        await server.CrashAndRestartAsync();
        Assert.InRange(server.Port, 1, 65_535);
    }
}
