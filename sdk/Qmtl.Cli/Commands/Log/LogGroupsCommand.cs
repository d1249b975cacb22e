using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Messaging.Log;
using Qmtl.Standalone;

namespace Qmtl.Cli.Commands.Log;

/// <summary>The groups that read a log.</summary>
internal sealed class LogGroupsCommand : LogCommand
{
    private readonly Argument<string?> _group = new("GROUP") { Description = "Only this group.", Arity = ArgumentArity.ZeroOrOne };

    public LogGroupsCommand(CliShell shell)
        : base(shell, "groups", "List who reads: how far each group is in each partition, and what waits for it.") => Add(_group);

    protected override async Task<int> RunAsync(CliRun run, LogMaintenance log, CancellationToken cancellationToken)
    {
        var groups = run.Get(_group) is { } one ? [one] : await log.Topics.GroupsAsync(cancellationToken);
        var rows = new List<(string Group, GroupState State)>();
        foreach (var group in groups) rows.AddRange((await log.Topics.DescribeGroupAsync(group, cancellationToken)).Select(state => (group, state)));
        run.Print(
            () => new JsonObject { ["partitions"] = new JsonArray([.. rows.Select(Document)]) },
            screen =>
            {
                if (rows.Count == 0) screen.Line("No group has read anything yet.");
                else screen.Table(["group", "partition", "committed", "end", "waiting", "owner"], rows.Select(row => (IReadOnlyList<string>)[row.Group, row.State.Partition.ToString(), Screen.Whole(row.State.Committed), Screen.Whole(row.State.End), Screen.Whole(row.State.Lag), row.State.Owner ?? ""]));
            });
        return ExitCodes.Done;
    }

    private static JsonObject Document((string Group, GroupState State) row) => new()
    {
        ["group"] = row.Group,
        ["topic"] = row.State.Partition.Topic,
        ["partition"] = row.State.Partition.Partition,
        ["committed"] = row.State.Committed,
        ["end"] = row.State.End,
        ["lag"] = row.State.Lag,
        ["owner"] = row.State.Owner,
    };
}
