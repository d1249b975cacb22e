using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging.Sql;

/// <summary>Writes messages into <c>bus_log</c> with the transaction that they belong to. Without a broker, outbox and log are one; with one, a relay reads here.</summary>
internal sealed class SqlOutbox(LogSignal signal, MessagingTelemetry telemetry) : IOutbox
{
    public BusMessage Prepare(BusMessage message) => MessageRules.Prepare(message);

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
            await InsertAsync(unit, group.Key, receipts, first);
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
            known[topic] = (await SqlTopics.EnsureAsync(unit, TopicCatalog.Settings(topic) ?? throw new UnknownTopicException(topic))).Partitions;
        }
        return known;
    }

    private static TopicPartition PartitionOf(BusMessage message, Dictionary<string, int> partitions) => new(message.Topic, KeyPartitioner.PartitionOf(message.Key, partitions[message.Topic]));

    private static Task InsertAsync(IUnitOfWork unit, TopicPartition partition, AppendReceipt[] receipts, long first)
    {
        if (unit.Dialect.IsPostgres) return InsertColumnsAsync(unit, partition, receipts, first);
        var rows = new RowBatch("bus_log (topic, partition, log_offset, message_key, message_type, headers, payload, ts)");
        foreach (var (index, receipt) in receipts.Index())
        {
            var message = receipt.Message;
            rows.Add(partition.Topic, partition.Partition, first + index, message.Key, message.Type, MessageRules.ToJson(message.Headers), message.Payload.ToArray(), unit.Now);
        }
        return rows.WriteAsync(unit);
    }

    // However many rows, one statement that the server has planned before: each column travels as one array.
    private static Task<int> InsertColumnsAsync(IUnitOfWork unit, TopicPartition partition, AppendReceipt[] receipts, long first) => unit.ExecuteAsync(
        """
        INSERT INTO bus_log (topic, partition, log_offset, message_key, message_type, headers, payload, ts)
        SELECT @Topic, @Partition, @first + row.number - 1, row.key, row.type, row.headers, row.payload, @Now
        FROM unnest(@keys, @types, @headers, @payloads) WITH ORDINALITY AS row (key, type, headers, payload, number)
        """,
        new
        {
            partition.Topic,
            partition.Partition,
            first,
            keys = receipts.Select(receipt => receipt.Message.Key).ToArray(),
            types = receipts.Select(receipt => receipt.Message.Type).ToArray(),
            headers = receipts.Select(receipt => MessageRules.ToJson(receipt.Message.Headers)).ToArray(),
            payloads = receipts.Select(receipt => receipt.Message.Payload.ToArray()).ToArray(),
            unit.Now,
        });

    private sealed record TopicRow
    {
        public string Topic { get; init; } = "";

        public int Partitions { get; init; }
    }
}
