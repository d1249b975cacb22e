using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Messaging.Topics;
using Qmtl.Standalone;

namespace Qmtl.Cli.Commands.Log;

/// <summary>The topics of a log.</summary>
internal sealed class LogTopicsCommand(CliShell shell) : LogCommand(shell, "topics", "List the topics: how they are divided, what they hold, how long they keep it.")
{
    protected override async Task<int> RunAsync(CliRun run, LogMaintenance log, CancellationToken cancellationToken)
    {
        var rows = new List<(TopicSettings Topic, long Records, long Appended)>();
        foreach (var topic in await log.Topics.ListAsync(cancellationToken))
        {
            var partitions = await log.Topics.DescribeAsync(topic.Name, cancellationToken);
            rows.Add((topic, partitions.Sum(partition => partition.End - partition.Start), partitions.Sum(partition => partition.End)));
        }
        run.Print(
            () => new JsonObject { ["topics"] = new JsonArray([.. rows.Select(Document)]) },
            screen =>
            {
                if (rows.Count == 0) screen.Line("Nothing was appended yet.");
                else screen.Table(["topic", "partitions", "records", "appended", "kept"], rows.Select(row => (IReadOnlyList<string>)[row.Topic.Name, Screen.Whole(row.Topic.Partitions), Screen.Whole(row.Records), Screen.Whole(row.Appended), Kept(row.Topic)]));
                foreach (var (topic, records, _) in rows.Where(row => TopicSettings.IsDeadLetter(row.Topic.Name) && row.Records > 0))
                    screen.Line($"{Screen.Whole(records)} records were set aside in {topic.Name}: see why with qmtl log tail {topic.Name}, send them back with qmtl log redrive {topic.Name}.");
            });
        return ExitCodes.Done;
    }

    private static JsonObject Document((TopicSettings Topic, long Records, long Appended) row) => new()
    {
        ["topic"] = row.Topic.Name,
        ["partitions"] = row.Topic.Partitions,
        ["records"] = row.Records,
        ["appended"] = row.Appended,
        ["retention_seconds"] = (long)row.Topic.Retention.TotalSeconds,
        ["retention_bytes"] = row.Topic.RetentionBytes,
        ["keep_uncommitted"] = row.Topic.KeepUncommitted,
    };

    private static string Kept(TopicSettings topic)
    {
        var time = topic.Retention.TotalDays >= 2 ? $"{Screen.Whole((long)topic.Retention.TotalDays)} d" : $"{Screen.Whole((long)topic.Retention.TotalHours)} h";
        var bytes = topic.RetentionBytes is { } most ? $", {Screen.Whole(most)} bytes a partition" : "";
        return time + bytes + (topic.KeepUncommitted ? ", and what a group still wants" : "");
    }
}
