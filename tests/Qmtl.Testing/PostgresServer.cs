using System.Globalization;
using Npgsql;

namespace Qmtl.Testing;

/// <summary>A Postgres server of our own: fresh data folder, free port on 127.0.0.1, gone with the test process.</summary>
/// <remarks>Most tests use <see cref="CreateSharedDatabaseAsync"/>: one server per test process, one database per test.</remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly Lazy<Task<PostgresServer>> Shared = new(() => StartAsync());
    private static int _databases;

    private readonly string _folder;
    private readonly bool _fsync;
    private ServerProcess _process;

    private PostgresServer(string folder, bool fsync, int port, ServerProcess process)
    {
        _folder = folder;
        _fsync = fsync;
        Port = port;
        _process = process;
    }

    public int Port { get; }

    /// <summary>Connects to the maintenance database.</summary>
    public string AdminConnectionString => ConnectionString("postgres");

    /// <summary>The server that all tests of this process share; started by the first who asks.</summary>
    public static Task<PostgresServer> SharedAsync() => Shared.Value;

    /// <summary>A new, empty database on the shared server.</summary>
    public static async Task<string> CreateSharedDatabaseAsync() => await (await SharedAsync()).CreateDatabaseAsync();

    /// <summary>Creates a cluster and starts it.</summary>
    /// <param name="fsync">Whether commits reach the disk. Tests that do not cut the power do not need it.</param>
    public static async Task<PostgresServer> StartAsync(bool fsync = false)
    {
        var initdb = Machine.PostgresBinary("initdb") ?? throw new InvalidOperationException(Machine.WhyMissing(Needs.Postgres));
        var folder = Directory.CreateTempSubdirectory("qmtl-pg-").FullName;
        if (Machine.IsRoot) await ServerProcess.RunAsync("chown", ["postgres:postgres", folder], "/");
        string[] command =
        [
            .. ServerProcess.RunAs("postgres"), initdb, "--pgdata", Path.Combine(folder, "data"), "--username", "postgres", "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions",
        ];
        await ServerProcess.RunAsync(command[0], command[1..], folder);
        var port = ServerProcess.FreePort();
        return new PostgresServer(folder, fsync, port, await RunAsync(folder, port, fsync));
    }

    /// <summary>A new, empty database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync(string? name = null)
    {
        name ??= string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await using var source = NpgsqlDataSource.Create(AdminConnectionString);
        await using var command = source.CreateCommand($"CREATE DATABASE \"{name}\"");
        await command.ExecuteNonQueryAsync();
        return ConnectionString(name);
    }

    /// <summary>kill -9, then start again on the same data: what a crash of the server leaves behind.</summary>
    public async Task CrashAndRestartAsync()
    {
        // kill -9 of the postmaster leaves its workers a moment; they notice by themselves, and hold the shared memory until then.
        await _process.KillAsync();
        await _process.DisposeAsync();
        _process = await RunAsync(_folder, Port, _fsync);
    }

    /// <summary>A clean stop and start on the same data.</summary>
    public async Task RestartAsync()
    {
        await _process.StopAsync();
        await _process.DisposeAsync();
        _process = await RunAsync(_folder, Port, _fsync);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<ServerProcess> RunAsync(string folder, int port, bool fsync)
    {
        var postgres = Machine.PostgresBinary("postgres")!;
        var durability = fsync ? "on" : "off";
        for (var attempt = 1; ; attempt++)
        {
            var process = ServerProcess.Start(folder, "QUIT",
            [
                .. ServerProcess.RunAs("postgres"), postgres, "-D", Path.Combine(folder, "data"), "-p", port.ToString(CultureInfo.InvariantCulture),
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", $"fsync={durability}", "-c", $"full_page_writes={durability}",
                "-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "lc_messages=C", "-c", "dynamic_shared_memory_type=mmap",
            ]);
            try
            {
                await process.WaitUntilAsync(() => AnswersAsync(port), "postgres");
                return process;
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                await process.DisposeAsync();
                await Task.Delay(200);
            }
        }
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString(port, "postgres") + ";Pooling=false;Timeout=2");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private string ConnectionString(string database) => ConnectionString(Port, database);

    private static string ConnectionString(int port, string database) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={port};Username=postgres;Database={database};Include Error Detail=true");
}
