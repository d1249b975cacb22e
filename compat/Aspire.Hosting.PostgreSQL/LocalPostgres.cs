using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Npgsql;

namespace Aspire.Hosting.Postgres;

/// <summary>Runs the Postgres installed on this machine.</summary>
internal sealed class LocalPostgres(PostgresServerResource server) : ILocalServer
{
    private static readonly TimeSpan PreviousMayTake = TimeSpan.FromSeconds(15);

    public async Task<ProcessPlan> PrepareAsync(LocalServerContext context, CancellationToken cancellationToken)
    {
        var account = await ServerAccount.ChooseAsync(cancellationToken).ConfigureAwait(false);
        var user = await server.UserNameReference.GetValueAsync(cancellationToken).ConfigureAwait(false) ?? PostgresServerResource.DefaultUserName;
        var password = server.PasswordParameter.Value;
        var data = Path.Combine(context.Folder, "data");
        if (File.Exists(Path.Combine(data, "PG_VERSION")))
        {
            await AwaitPreviousAsync(data, context.Say, cancellationToken).ConfigureAwait(false);
            await SetPasswordAsync(account, data, user, password, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            context.Say($"makes a new data folder {data}");
            await InitialiseAsync(account, context, data, user, password, cancellationToken).ConfigureAwait(false);
        }

        var port = server.PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["-D", data, "-p", port, "-c", "listen_addresses=localhost", "-c", "unix_socket_directories="];
        var (program, all) = account.Command(PostgresPrograms.Require("postgres"), arguments);

        // SIGINT is Postgres' fast shutdown: sessions are ended, data is written.
        return new ProcessPlan(program, all, context.Folder) { StopSignal = "INT", Grace = TimeSpan.FromSeconds(20) };
    }

    public async Task ReadyAsync(LocalServerContext context, CancellationToken cancellationToken)
    {
        var text = await PostgresBuilderExtensions.MaintenanceConnectionAsync(server, cancellationToken).ConfigureAwait(false);
        var connection = new NpgsqlConnection(text + ";Pooling=false");
        await using (connection.ConfigureAwait(false))
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            foreach (var name in server.Databases.Values.Distinct(StringComparer.Ordinal)) await CreateAsync(connection, name, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task CreateAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        var create = connection.CreateCommand();
        await using (create.ConfigureAwait(false))
        {
            create.CommandText = $"CREATE DATABASE \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
            try
            {
                await create.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.DuplicateDatabase)
            {
                // Kept from an earlier run.
            }
        }
    }

    private static async Task InitialiseAsync(
        ServerAccount account, LocalServerContext context, string data, string user, string password, CancellationToken cancellationToken)
    {
        // Half a data folder is what an interrupted first start leaves; it never held anything.
        if (Directory.Exists(data)) Directory.Delete(data, recursive: true);
        Directory.CreateDirectory(context.Folder);
        await account.OwnAsync(data, cancellationToken).ConfigureAwait(false);

        // initdb takes the password from a file. It stays in the folder, which only the server's account can enter, until initdb has read it.
        var scratch = Path.Combine(context.Folder, "init");
        await account.OwnAsync(scratch, cancellationToken).ConfigureAwait(false);
        var file = Path.Combine(scratch, "password");
        await account.RunAsync("/bin/sh", ["-c", "umask 077 && cat > \"$1\"", "sh", file], password, cancellationToken).ConfigureAwait(false);
        string[] arguments =
            ["-D", data, "-U", user, "--pwfile=" + file, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", .. context.Keeps ? Array.Empty<string>() : ["--no-sync"]];
        await account.RunAsync(PostgresPrograms.Require("initdb"), arguments, input: null, cancellationToken).ConfigureAwait(false);
        Directory.Delete(scratch, recursive: true);
    }

    /// <summary>A generated password is new at every start, so the folder is told before the server listens.</summary>
    /// <remarks>The single-user server also recovers what an unclean end left behind.</remarks>
    private static Task SetPasswordAsync(ServerAccount account, string data, string user, string password, CancellationToken cancellationToken)
    {
        var statement = $"ALTER ROLE \"{user.Replace("\"", "\"\"", StringComparison.Ordinal)}\" PASSWORD '{password.Replace("'", "''", StringComparison.Ordinal)}'\n";
        return account.RunAsync(PostgresPrograms.Require("postgres"), ["--single", "-D", data, "postgres"], statement, cancellationToken);
    }

    /// <summary>An AppHost that was killed leaves a server that is just ending; two servers must never share a folder.</summary>
    private static async Task AwaitPreviousAsync(string data, Action<string> say, CancellationToken cancellationToken)
    {
        var file = Path.Combine(data, "postmaster.pid");
        var told = false;
        for (var waited = TimeSpan.Zero; ; waited += TimeSpan.FromMilliseconds(100))
        {
            if (PreviousServer(file, data) is not { } id) return;
            if (waited > PreviousMayTake)
            {
                throw new DistributedApplicationException($"the Postgres server with pid {id} still uses {data}: end it first");
            }

            if (!told) say($"waits for the previous server (pid {id}) to end");
            told = true;
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The live server that the lock file names: ids are used again, so its command line must name the folder.</summary>
    private static string? PreviousServer(string file, string data)
    {
        try
        {
            var id = File.Exists(file) ? File.ReadLines(file).First() : null;
            return id is not null && File.ReadAllText($"/proc/{id}/cmdline").Contains(data, StringComparison.Ordinal) ? id : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return null;
        }
    }
}
