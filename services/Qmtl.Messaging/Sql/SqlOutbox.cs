using System.Diagnostics;
using System.Text.Json;
using Dapper;
using Qmtl.Messaging.Events;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging.Sql;

/// <summary>Writes messages into <c>bus_log</c> with the transaction that they belong to. Here, outbox and log are one.</summary>
internal sealed class SqlOutbox(LogSignal signal, MessagingTelemetry telemetry) : IOutbox
{
    /// <summary>What Kafka takes by default; larger things belong into an artifact store, with their address on the bus.</summary>
    public const int MaxPayload = 1024 * 1024;

    private const int MaxKey = 1024;
    private const int RowsPerStatement = 100;

    public BusMessage Prepare(BusMessage message)
    {
        if (string.IsNullOrEmpty(message.Key) || message.Key.Length > MaxKey) throw new ArgumentException($"Key of a message for {message.Topic} had {message.Key?.Length ?? 0} characters; it must have 1 to {MaxKey}.", nameof(message));
        if (string.IsNullOrEmpty(message.Type)) throw new ArgumentException($"Type of a message for {message.Topic} was empty.", nameof(message));
        if (message.Payload.Length > MaxPayload) throw new ArgumentException($"Payload of a message for {message.Topic} had {message.Payload.Length} bytes; the most is {MaxPayload}.", nameof(message));
        if (TopicCatalog.Find(message.Topic) is { IsControl: true } && !string.Equals(EventCatalog.Find(message.Type)?.Topic, message.Topic, StringComparison.Ordinal))
            throw new EventRefusedException(message.Type, "topic", $"{message.Topic} does not take it");
        return Traced(message);
    }

    public async Task FlushAsync(IUnitOfWork unit, IReadOnlyList<AppendReceipt> pending)
    {
        var partitions = await PartitionsAsync(unit, [.. pending.Select(receipt => receipt.Message.Topic).Distinct(StringComparer.Ordinal)]);
        // One order for all writers: two that append to the same partitions never wait for each other in a circle.
        foreach (var group in pending.GroupBy(receipt => PartitionOf(receipt.Message, partitions)).OrderBy(group => group.Key))
        {
            var receipts = group.ToArray();
            var end = await unit.FirstOrDefaultAsync<long?>(
                "UPDATE bus_partition SET next_offset = next_offset + @Length WHERE topic = @Topic AND partition = @Partition RETURNING next_offset",
                new { receipts.Length, group.Key.Topic, group.Key.Partition }) ?? throw new UnknownTopicException(group.Key.Topic);
            var first = end - receipts.Length;
            foreach (var (index, receipt) in receipts.Index()) receipt.Assign(new LogPosition(group.Key.Topic, group.Key.Partition, first + index));
            foreach (var (index, chunk) in receipts.Chunk(RowsPerStatement).Index()) await InsertAsync(unit, group.Key, chunk, first + (index * RowsPerStatement));
        }
        unit.OnCommitted(() =>
        {
            foreach (var topic in pending.CountBy(receipt => receipt.Message.Topic)) telemetry.Appended(topic.Key, topic.Value);
            signal.Raise(partitions.Keys);
        });
    }

    /// <summary>The partitions of topics that exist; those of the catalogue come into being here.</summary>
    internal static async Task<Dictionary<string, int>> PartitionsAsync(IUnitOfWork unit, IReadOnlyList<string> topics)
    {
        var rows = await unit.QueryAsync<TopicRow>("SELECT topic, partitions FROM bus_topic WHERE topic IN @topics", new { topics });
        var known = rows.ToDictionary(row => row.Topic, row => row.Partitions, StringComparer.Ordinal);
        foreach (var topic in topics.Where(topic => !known.ContainsKey(topic)))
        {
            var settings = TopicCatalog.Find(topic) ?? (TopicSettings.IsDeadLetter(topic) ? TopicCatalog.DeadLetter(topic) : throw new UnknownTopicException(topic));
            known[topic] = (await SqlTopics.EnsureAsync(unit, settings)).Partitions;
        }
        return known;
    }

    private static TopicPartition PartitionOf(BusMessage message, Dictionary<string, int> partitions) => new(message.Topic, KeyPartitioner.PartitionOf(message.Key, partitions[message.Topic]));

    private static async Task InsertAsync(IUnitOfWork unit, TopicPartition partition, AppendReceipt[] receipts, long first)
    {
        var parameters = new DynamicParameters(new { partition.Topic, partition.Partition, unit.Now });
        var rows = new string[receipts.Length];
        for (var row = 0; row < receipts.Length; row++)
        {
            var message = receipts[row].Message;
            rows[row] = $"(@Topic, @Partition, @o{row}, @k{row}, @t{row}, @h{row}, @p{row}, @Now)";
            parameters.Add($"o{row}", first + row);
            parameters.Add($"k{row}", message.Key);
            parameters.Add($"t{row}", message.Type);
            parameters.Add($"h{row}", JsonSerializer.Serialize(message.Headers));
            parameters.Add($"p{row}", message.Payload.ToArray());
        }
        await unit.ExecuteAsync($"INSERT INTO bus_log (topic, partition, log_offset, message_key, message_type, headers, payload, ts) VALUES {string.Join(", ", rows)}", parameters);
    }

    private static BusMessage Traced(BusMessage message)
    {
        if (Activity.Current is not { Id: { } id, IdFormat: ActivityIdFormat.W3C } activity || message.Headers.ContainsKey(MessagingTelemetry.TraceParent)) return message;
        var headers = new Dictionary<string, string>(message.Headers, StringComparer.Ordinal) { [MessagingTelemetry.TraceParent] = id };
        if (!string.IsNullOrEmpty(activity.TraceStateString)) headers[MessagingTelemetry.TraceState] = activity.TraceStateString;
        return message with { Headers = headers };
    }

    private sealed record TopicRow
    {
        public string Topic { get; init; } = "";

        public int Partitions { get; init; }
    }
}
