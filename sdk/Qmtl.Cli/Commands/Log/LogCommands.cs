using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.Identity;
using Qmtl.Standalone;
using Qmtl.Storage;
using Qmtl.Strategies;

namespace Qmtl.Cli.Commands.Log;

/// <summary>Commands about the message log behind a stack.</summary>
internal static class LogCommands
{
    public static Command Create(CliShell shell) => new("log", "Look into a stack's message log, and send dead letters back.")
    {
        new LogTopicsCommand(shell), new LogGroupsCommand(shell), new LogTailCommand(shell), new LogRedriveCommand(shell),
    };
}

/// <summary>A command that works on a log: that of the folder of --state, of a Postgres, or of a broker.</summary>
internal abstract class LogCommand : CliCommand
{
    private readonly Option<string?> _postgres = new("--postgres") { Description = "Connection string of a Postgres database, instead of the folder of --state.", HelpName = "CONNECTION" };
    private readonly Option<string?> _kafka = new("--kafka") { Description = "Bootstrap servers, when a broker is the log; the database is named as well.", HelpName = "SERVERS" };

    protected LogCommand(CliShell shell, string name, string description)
        : base(shell, name, description)
    {
        Add(_postgres);
        Add(_kafka);
    }

    protected sealed override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var postgres = run.Get(_postgres);
        if (postgres is null && !File.Exists(Path.Combine(run.StateDirectory, StorageOptions.FileName)))
            throw new RefusalException(ReasonCodes.NotFound, $"{run.StateDirectory} holds no state; name its folder with --state, or a database with {_postgres.Name}.");
        try
        {
            await using var log = LogMaintenance.Open(run.StateDirectory, postgres, run.Get(_kafka));
            if (!await log.IsThereAsync(cancellationToken)) throw new RefusalException(ReasonCodes.NotFound, "The database holds no state: no stack has used it yet.");
            return await RunAsync(run, log, cancellationToken);
        }
        catch (StorageException problem)
        {
            throw new RefusalException(ReasonCodes.Unavailable, problem.Message, errors: null, metadata: null, problem);
        }
    }

    protected abstract Task<int> RunAsync(CliRun run, LogMaintenance log, CancellationToken cancellationToken);

    /// <summary>A topic that exists.</summary>
    protected static async Task<string> ExistingAsync(LogMaintenance log, string topic, CancellationToken cancellationToken)
    {
        var names = (await log.Topics.ListAsync(cancellationToken)).Select(each => each.Name).ToArray();
        if (names.Contains(topic, StringComparer.Ordinal)) return topic;
        var near = Nearest.To(topic, names) is { } meant ? $"; did you mean {meant}?" : ".";
        throw RefusalException.At(ReasonCodes.NotFound, "/topic", $"There is no topic {topic}{near}");
    }
}
