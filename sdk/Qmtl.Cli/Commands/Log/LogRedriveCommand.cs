using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Messaging.Topics;
using Qmtl.Standalone;

namespace Qmtl.Cli.Commands.Log;

/// <summary>Sends failed records back.</summary>
internal sealed class LogRedriveCommand : LogCommand
{
    private readonly Argument<string> _topic = new("TOPIC") { Description = "A dead-letter topic, such as activation.dlq." };
    private readonly Option<int> _limit = new("--limit", "-n") { Description = "At most this many, oldest first.", HelpName = "N", DefaultValueFactory = _ => 1000 };

    public LogRedriveCommand(CliShell shell)
        : base(shell, "redrive", "Send the records of a dead-letter topic back to the group that failed, each once.")
    {
        Add(_topic);
        Add(_limit);
    }

    protected override async Task<int> RunAsync(CliRun run, LogMaintenance log, CancellationToken cancellationToken)
    {
        var (topic, limit) = (run.Get(_topic), run.Get(_limit));
        if (!TopicSettings.IsDeadLetter(topic)) throw new UsageException("topic", $"{topic} is not a dead-letter topic; did you mean {TopicSettings.DeadLetterOf(topic)}?");
        if (limit < 1) throw new UsageException(_limit.Name, $"--limit was {limit}; it must be at least 1.");
        await ExistingAsync(log, topic, cancellationToken);
        var result = await log.Redrive.RedriveAsync(topic, limit, cancellationToken);
        run.Print(
            () => new JsonObject { ["topic"] = topic, ["sent"] = result.Sent, ["skipped"] = result.Skipped },
            screen =>
            {
                screen.Line(result.Sent == 0 ? $"{topic} holds nothing that was not sent back before." : $"{Screen.Whole(result.Sent)} records went back to where they failed.");
                if (result.Skipped > 0) screen.Line($"{Screen.Whole(result.Skipped)} do not say where they came from and stay.");
            });
        return ExitCodes.Done;
    }
}
