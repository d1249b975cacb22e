using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.Running;

namespace Aspire.Hosting.Postgres;

/// <summary>Finds the programs of Postgres: on PATH, else the newest of Debian's folders.</summary>
internal static class PostgresPrograms
{
    private const string Debian = "/usr/lib/postgresql";

    public static string Require(string name) =>
        Programs.Find(name)
        ?? Versions().Select(folder => Path.Combine(folder, "bin", name)).FirstOrDefault(File.Exists)
        ?? throw new DistributedApplicationException(
            $"the Postgres server is not installed here ('{name}' is neither on PATH nor in {Debian}/*/bin): install it (Debian: apt-get install postgresql), " +
            "or give the connection string of a server that runs elsewhere");

    private static IEnumerable<string> Versions() => Directory.Exists(Debian)
        ? Directory.GetDirectories(Debian).OrderByDescending(folder => double.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0)
        : [];
}

/// <summary>The account that the server runs under: Postgres refuses to run as root.</summary>
internal sealed class ServerAccount
{
    private const string Unprivileged = "postgres";

    private readonly bool _switches;

    private ServerAccount(bool switches) => _switches = switches;

    public static async Task<ServerAccount> ChooseAsync(CancellationToken cancellationToken)
    {
        _ = PostgresPrograms.Require("postgres");
        if (!Environment.IsPrivilegedProcess) return new ServerAccount(switches: false);
        var accounts = await File.ReadAllLinesAsync("/etc/passwd", cancellationToken).ConfigureAwait(false);
        return accounts.Any(line => line.StartsWith(Unprivileged + ":", StringComparison.Ordinal))
            ? new ServerAccount(switches: true)
            : throw new DistributedApplicationException($"Postgres does not run as root, and there is no user '{Unprivileged}' to run it as: create one, or start the AppHost as another user");
    }

    /// <summary>The command line that runs a program under the account.</summary>
    public (string Program, IReadOnlyList<string> Arguments) Command(string program, IReadOnlyList<string> arguments) => _switches
        ? (Programs.Require("setpriv", "Install util-linux."),
            [$"--reuid={Unprivileged}", $"--regid={Unprivileged}", "--init-groups", "--", program, .. arguments])
        : (program, arguments);

    /// <summary>Makes a folder that only the account can enter.</summary>
    public async Task OwnAsync(string folder, CancellationToken cancellationToken)
    {
        string[] owner = _switches ? ["-o", Unprivileged, "-g", Unprivileged] : [];
        await StartAsync("install", ["-d", "-m", "700", .. owner, folder], input: null, cancellationToken).ConfigureAwait(false);
        if (!_switches) return;
        try
        {
            await RunAsync("/usr/bin/test", ["-w", folder], input: null, cancellationToken).ConfigureAwait(false);
        }
        catch (DistributedApplicationException)
        {
            throw new DistributedApplicationException(
                $"user '{Unprivileged}' cannot enter {folder}: make the folders above it passable for others, or set LocalServers:DataFolder to one that is");
        }
    }

    /// <summary>Runs a program to its end; its errors become the message of the refusal.</summary>
    public Task RunAsync(string program, IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken)
    {
        var (command, all) = Command(program, arguments);
        return StartAsync(command, all, input, cancellationToken);
    }

    private static async Task StartAsync(string program, IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardInput.WriteAsync(input).ConfigureAwait(false);
        process.StandardInput.Close();
        await Task.WhenAll(output, errors).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode == 0) return;
        var said = (await errors.ConfigureAwait(false)).Trim();
        throw new DistributedApplicationException($"{Path.GetFileName(program)} {arguments[0]} ended with exit code {process.ExitCode}: {said}");
    }
}
