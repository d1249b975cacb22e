using System.Globalization;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging.Consuming;

/// <summary>How a record is set aside, and how it comes back.</summary>
internal static class DeadLetters
{
    public const string TopicHeader = "dlq-topic";
    public const string GroupHeader = "dlq-group";

    /// <summary>Header of a record that came back: the only group that it is for. The others have handled it the first time.</summary>
    public const string ForGroupHeader = "redrive-group";

    private const string Prefix = "dlq-";

    /// <summary>The record as it goes to the dead-letter topic, with why.</summary>
    public static BusMessage Of(LogRecord record, string group, int attempts, string reason, Exception error) =>
        new(TopicSettings.DeadLetterOf(record.Position.Topic), record.Key, record.Type, record.Payload)
        {
            Headers = new Dictionary<string, string>(record.Headers, StringComparer.Ordinal)
            {
                [TopicHeader] = record.Position.Topic,
                ["dlq-partition"] = record.Position.Partition.ToString(CultureInfo.InvariantCulture),
                ["dlq-offset"] = record.Position.Offset.ToString(CultureInfo.InvariantCulture),
                [GroupHeader] = group,
                ["dlq-attempts"] = attempts.ToString(CultureInfo.InvariantCulture),
                ["dlq-reason"] = reason,
                ["dlq-error"] = $"{error.GetType().Name}: {error.Message}",
            },
        };

    /// <summary>The record as it goes back to where it failed; null when it does not say where that was.</summary>
    public static BusMessage? Back(LogRecord dead)
    {
        if (!dead.Headers.TryGetValue(TopicHeader, out var topic) || topic.Length == 0) return null;
        var headers = dead.Headers.Where(header => !header.Key.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(StringComparer.Ordinal);
        headers[ForGroupHeader] = dead.Headers.GetValueOrDefault(GroupHeader, "");
        // An id of its own: it is to be handled although the record has been seen, but once, however often it is sent back.
        headers[RecordId.Header] = "redrive:" + RecordId.Of(dead);
        return new BusMessage(topic, dead.Key, dead.Type, dead.Payload) { Headers = headers };
    }

    /// <summary>Whether a group is to handle a record.</summary>
    public static bool IsFor(LogRecord record, string group) =>
        !record.Headers.TryGetValue(ForGroupHeader, out var only) || string.Equals(only, group, StringComparison.Ordinal);
}
