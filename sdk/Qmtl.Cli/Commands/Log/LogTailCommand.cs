using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Messaging.Log;
using Qmtl.Standalone;

namespace Qmtl.Cli.Commands.Log;

/// <summary>Records of a topic.</summary>
internal sealed class LogTailCommand : LogCommand
{
    private const int Most = 10_000;
    private const int Shown = 160;

    private readonly Argument<string> _topic = new("TOPIC") { Description = "A topic; failed records are in TOPIC.dlq." };
    private readonly Option<int> _limit = new("--limit", "-n") { Description = "At most this many, 1 to 10000.", HelpName = "N", DefaultValueFactory = _ => 20 };
    private readonly Option<int?> _partition = new("--partition") { Description = "Only this partition.", HelpName = "P" };
    private readonly Option<long?> _from = new("--from") { Description = "From this offset of the partition on, instead of the latest.", HelpName = "OFFSET" };

    public LogTailCommand(CliShell shell)
        : base(shell, "tail", "Print the latest records of a topic, or those of a partition from an offset on.")
    {
        Add(_topic);
        Add(_limit);
        Add(_partition);
        Add(_from);
    }

    protected override async Task<int> RunAsync(CliRun run, LogMaintenance log, CancellationToken cancellationToken)
    {
        var limit = run.Get(_limit);
        if (limit is < 1 or > Most) throw new UsageException(_limit.Name, $"--limit was {limit}; it must be 1 to {Most}.");
        var (partition, from) = (run.Get(_partition), run.Get(_from));
        if (from is not null && partition is null) throw new UsageException(_from.Name, "--from counts in one partition; name it with --partition.");
        var topic = await ExistingAsync(log, run.Get(_topic), cancellationToken);
        var records = new List<LogRecord>();
        foreach (var bounds in (await log.Topics.DescribeAsync(topic, cancellationToken)).Where(bounds => partition is null || bounds.Partition.Partition == partition))
            records.AddRange(await log.Log.ReadAsync(bounds.Partition, from ?? Math.Max(bounds.Start, bounds.End - limit), limit, cancellationToken));
        var shown = records.OrderBy(record => record.At).ThenBy(record => record.Position.Offset).TakeLast(limit).ToArray();
        run.Print(
            () => new JsonObject { ["records"] = new JsonArray([.. shown.Select(Document)]) },
            screen =>
            {
                if (shown.Length == 0) screen.Line($"{topic} holds no such records.");
                foreach (var record in shown) Draw(screen, record);
            });
        return ExitCodes.Done;
    }

    private static void Draw(Screen screen, LogRecord record)
    {
        screen.Line($"{record.Position}  {record.At:u}  {record.Type}  {record.Key}");
        if (record.Headers.TryGetValue("dlq-error", out var error)) screen.Line($"    set aside by {record.Headers.GetValueOrDefault("dlq-group", "")} after {record.Headers.GetValueOrDefault("dlq-attempts", "")} attempts: {error}");
        var text = Text(record.Payload.Span) ?? Convert.ToBase64String(record.Payload.Span);
        screen.Line("    " + (text.Length <= Shown ? text : text[..Shown] + "..."));
    }

    private static JsonObject Document(LogRecord record)
    {
        var text = Text(record.Payload.Span);
        return new JsonObject
        {
            ["topic"] = record.Position.Topic,
            ["partition"] = record.Position.Partition,
            ["offset"] = record.Position.Offset,
            ["at"] = record.At.ToString("O"),
            ["type"] = record.Type,
            ["key"] = record.Key,
            ["headers"] = new JsonObject(record.Headers.OrderBy(header => header.Key, StringComparer.Ordinal).Select(header => KeyValuePair.Create(header.Key, (JsonNode?)header.Value))),
            [text is null ? "payload_base64" : "payload"] = text ?? Convert.ToBase64String(record.Payload.Span),
        };
    }

    /// <summary>The payload when it is text, else null.</summary>
    private static string? Text(ReadOnlySpan<byte> payload)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(payload);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
