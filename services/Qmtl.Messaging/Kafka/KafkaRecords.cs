using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Qmtl.Messaging.Log;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;
using Partition = Qmtl.Messaging.Topics.TopicPartition;

namespace Qmtl.Messaging.Kafka;

/// <summary>Records as Kafka carries them: type and time stand in headers, key and payload are themselves.</summary>
internal static class KafkaRecords
{
    private const string TypeHeader = "qmtl-type";
    private const string TimeHeader = "qmtl-time";

    /// <summary>A message that is appended directly.</summary>
    public static Message<string, byte[]> ToKafka(BusMessage message, DateTimeOffset now) => ToKafka(message.Key, message.Type, message.Headers, message.Payload, now, id: null);

    /// <summary>A record of the outbox. Sent again, it carries the same id.</summary>
    public static Message<string, byte[]> ToKafka(LogRecord record) =>
        ToKafka(record.Key, record.Type, record.Headers, record.Payload, record.At, record.Headers.ContainsKey(RecordId.Header) ? null : RecordId.Of(record));

    public static LogRecord FromKafka(ConsumeResult<string, byte[]> result)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var header in result.Message.Headers ?? []) headers[header.Key] = header.GetValueBytes() is { } value ? Encoding.UTF8.GetString(value) : "";
        headers.Remove(TypeHeader, out var type);
        var at = headers.Remove(TimeHeader, out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var nanoseconds)
            ? UnixTime.FromNanoseconds(nanoseconds)
            : DateTimeOffset.FromUnixTimeMilliseconds(result.Message.Timestamp.UnixTimestampMs);
        return new LogRecord(new LogPosition(result.Topic, result.Partition.Value, result.Offset.Value), result.Message.Key ?? "", type ?? "", headers, result.Message.Value ?? [], at);
    }

    public static Confluent.Kafka.TopicPartition ToKafka(Partition partition) => new(partition.Topic, partition.Partition);

    public static TopicPartitionOffset At(Partition partition, long offset) => new(partition.Topic, partition.Partition, offset);

    public static Partition FromKafka(Confluent.Kafka.TopicPartition partition) => new(partition.Topic, partition.Partition.Value);

    private static Message<string, byte[]> ToKafka(string key, string type, IReadOnlyDictionary<string, string> headers, ReadOnlyMemory<byte> payload, DateTimeOffset at, string? id)
    {
        var kafka = new Headers
        {
            { TypeHeader, Encoding.UTF8.GetBytes(type) },
            { TimeHeader, Encoding.UTF8.GetBytes(UnixTime.ToNanoseconds(at).ToString(CultureInfo.InvariantCulture)) },
        };
        foreach (var (name, value) in headers) kafka.Add(name, Encoding.UTF8.GetBytes(value));
        if (id is not null) kafka.Add(RecordId.Header, Encoding.UTF8.GetBytes(id));
        return new Message<string, byte[]> { Key = key, Value = payload.ToArray(), Headers = kafka, Timestamp = new Timestamp(at) };
    }
}
