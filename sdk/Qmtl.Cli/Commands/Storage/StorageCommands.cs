using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Identity;
using Qmtl.Standalone;
using Qmtl.Storage;
using Qmtl.Storage.Backup;

namespace Qmtl.Cli.Commands.Storage;

/// <summary>Commands about the database behind a stack.</summary>
internal static class StorageCommands
{
    public static Command Create(CliShell shell) => new("storage", "Back up, restore, verify and thin out a stack's database.")
    {
        new BackupCommand(shell), new RestoreCommand(shell), new VerifyStorageCommand(shell), new RetentionCommand(shell),
    };
}

/// <summary>A command that works on a database: the folder of --state, or a Postgres that --postgres names.</summary>
internal abstract class StorageCommand : CliCommand
{
    private readonly Option<string?> _postgres = new("--postgres") { Description = "Connection string of a Postgres database, instead of the folder of --state.", HelpName = "CONNECTION" };

    protected StorageCommand(CliShell shell, string name, string description)
        : base(shell, name, description) => Add(_postgres);

    protected async Task<int> WithStateAsync(CliRun run, bool mustExist, Func<StateMaintenance, Task<int>> work, CancellationToken cancellationToken)
    {
        var postgres = run.Get(_postgres);
        if (postgres is null && mustExist && !File.Exists(Path.Combine(run.StateDirectory, StorageOptions.FileName)))
            throw new RefusalException(ReasonCodes.NotFound, $"{run.StateDirectory} holds no state; name its folder with --state, or a database with {_postgres.Name}.");
        try
        {
            await using var state = postgres is null ? StateMaintenance.OpenFolder(run.StateDirectory) : StateMaintenance.OpenPostgres(postgres);
            if (mustExist && !await state.IsThereAsync(cancellationToken)) throw new RefusalException(ReasonCodes.NotFound, "The database holds no state: no stack has used it yet.");
            return await work(state);
        }
        catch (BackupException problem)
        {
            throw new RefusalException(ReasonCodes.BackupInvalid, problem.Message, errors: null, metadata: null, problem);
        }
        catch (StorageException problem)
        {
            throw new RefusalException(ReasonCodes.Unavailable, problem.Message, errors: null, metadata: null, problem);
        }
    }

    protected static JsonObject Document(BackupSummary summary) => new()
    {
        ["created_at"] = summary.CreatedAt.ToString("O"),
        ["dialect"] = summary.Dialect,
        ["schema"] = new JsonObject(summary.Schema.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value))),
        ["tables"] = summary.Tables,
        ["rows"] = summary.Rows,
        ["state_hash"] = summary.StateHash,
    };

    protected static void Draw(Screen screen, string title, BackupSummary summary)
    {
        screen.Line(title);
        screen.Fields(
            ("rows", $"{Screen.Whole(summary.Rows)} in {Screen.Whole(summary.Tables)} tables"),
            ("schema", string.Join(", ", summary.Schema.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key} {Screen.Whole(one.Value)}"))),
            ("state", summary.StateHash));
    }
}

/// <summary>Writes everything into one file.</summary>
internal sealed class BackupCommand : StorageCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "Where to write it; it appears when it is whole." };

    public BackupCommand(CliShell shell)
        : base(shell, "backup", "Write one consistent snapshot of all tables into a file.") => Add(_file);

    protected override Task<int> RunAsync(CliRun run, CancellationToken cancellationToken) => WithStateAsync(
        run,
        mustExist: true,
        async state =>
        {
            var path = run.Get(_file);
            await using var file = new WholeFile("/file", path);
            var summary = await state.BackupAsync(file.Content, cancellationToken);
            file.Keep();
            run.Print(() => Document(summary), screen => Draw(screen, $"{path}: backup of {summary.Dialect}", summary));
            return ExitCodes.Done;
        },
        cancellationToken);
}

/// <summary>Fills an empty database from a file.</summary>
internal sealed class RestoreCommand : StorageCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "A file that backup wrote." };

    public RestoreCommand(CliShell shell)
        : base(shell, "restore", "Fill an empty database from a backup: all of it, or nothing.") => Add(_file);

    protected override Task<int> RunAsync(CliRun run, CancellationToken cancellationToken) => WithStateAsync(
        run,
        mustExist: false,
        async state =>
        {
            await using var file = BackupPath.Open(run.Get(_file));
            var summary = await state.RestoreAsync(file, cancellationToken);
            run.Print(() => Document(summary), screen => Draw(screen, $"restored what was backed up at {summary.CreatedAt:u}", summary));
            return ExitCodes.Done;
        },
        cancellationToken);
}

/// <summary>Whether a database, or a backup, is what it should be.</summary>
internal sealed class VerifyStorageCommand : StorageCommand
{
    private readonly Option<string?> _file = new("--file") { Description = "A backup to verify, instead of a database.", HelpName = "FILE" };

    public VerifyStorageCommand(CliShell shell)
        : base(shell, "verify", "Verify every audit chain of a database, or the checksums of a backup.") => Add(_file);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        if (run.Get(_file) is not { } path) return await WithStateAsync(run, mustExist: true, state => VerifyAsync(run, state, cancellationToken), cancellationToken);
        await using var file = BackupPath.Open(path);
        try
        {
            var summary = await BackupCheck.VerifyFileAsync(file, cancellationToken);
            run.Print(() => Document(summary), screen => Draw(screen, $"{path}: whole, from {summary.CreatedAt:u}", summary));
            return ExitCodes.Done;
        }
        catch (BackupException problem)
        {
            throw new RefusalException(ReasonCodes.BackupInvalid, $"{path}: {problem.Message}", errors: null, metadata: null, problem);
        }
    }

    private static async Task<int> VerifyAsync(CliRun run, StateMaintenance state, CancellationToken cancellationToken)
    {
        var summary = await state.DescribeAsync(cancellationToken);
        var chains = await state.VerifyAuditAsync(cancellationToken);
        var broken = chains.Where(chain => !chain.Verdict.Intact).ToArray();
        run.Print(
            () =>
            {
                var document = Document(summary);
                document["ok"] = broken.Length == 0;
                document["audit"] = new JsonArray([.. chains.Select(chain => new JsonObject { ["world_id"] = chain.World, ["entries"] = chain.Verdict.Entries, ["ok"] = chain.Verdict.Intact, ["head_hash"] = chain.Verdict.HeadHash, ["reason"] = chain.Verdict.Reason ?? "" })]);
                return document;
            },
            screen =>
            {
                Draw(screen, $"{summary.Dialect} database", summary);
                screen.Table(["audit of", "entries", "whole", "head"], chains.Select(chain => (IReadOnlyList<string>)[chain.World.Length == 0 ? "(no world)" : chain.World, Screen.Whole(chain.Verdict.Entries), Screen.YesNo(chain.Verdict.Intact), chain.Verdict.HeadHash]));
                foreach (var (world, verdict) in broken) screen.Line($"{world}: BROKEN at {verdict.BrokenAt}: {verdict.Reason}");
            });
        return broken.Length == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }
}

/// <summary>Removes what is old; without --apply only counts it.</summary>
internal sealed class RetentionCommand : StorageCommand
{
    private readonly Option<bool> _apply = new("--apply") { Description = "Remove it; without this, only count." };

    public RetentionCommand(CliShell shell)
        : base(shell, "retention", "Count what is older than has to be kept, and remove it with --apply.") => Add(_apply);

    protected override Task<int> RunAsync(CliRun run, CancellationToken cancellationToken) => WithStateAsync(
        run,
        mustExist: true,
        async state =>
        {
            var apply = run.Get(_apply);
            var results = await state.SweepAsync(apply, run.Host.Variable("QMTL_ACTOR") ?? run.Host.Variable("USER") ?? "operator", cancellationToken);
            run.Print(
                () => new JsonObject { ["applied"] = apply, ["kinds"] = new JsonArray([.. results.Select(result => new JsonObject { ["kind"] = result.Kind, ["days"] = result.Days, ["rows"] = result.Rows })]) },
                screen =>
                {
                    screen.Table(["kind", "days kept", apply ? "removed" : "would go", "what"], results.Select(result => (IReadOnlyList<string>)[result.Kind, Screen.Whole(result.Days), Screen.Whole(result.Rows), result.Description]));
                    if (!apply) screen.Line("Nothing was removed; do it with --apply.");
                });
            return ExitCodes.Done;
        },
        cancellationToken);
}

/// <summary>Backup files as commands read them.</summary>
internal static class BackupPath
{
    public static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw RefusalException.At(ReasonCodes.NotFound, "/file", $"{path} cannot be read: {problem.Message}");
        }
    }
}
