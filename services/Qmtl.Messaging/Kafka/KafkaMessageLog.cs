using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;
using Partition = Qmtl.Messaging.Topics.TopicPartition;

namespace Qmtl.Messaging.Kafka;

/// <summary>A broker is the log. What belongs to a change of state comes here through the outbox; what is appended directly stands alone.</summary>
internal sealed class KafkaMessageLog(KafkaClients clients, KafkaTopics topics, KafkaReaders readers, MessagingTelemetry telemetry, TimeProvider clock, ILoggerFactory loggers) : IMessageLog, IDisposable
{
    private readonly KafkaSender _sender = new(clients, clients.Options.DeliveryTimeout, clock);

    public async Task<IReadOnlyList<LogPosition>> AppendAsync(IReadOnlyList<BusMessage> messages, CancellationToken cancellationToken = default)
    {
        if (messages.Count == 0) return [];
        // All are looked at before any is sent: what can be refused is refused as a whole.
        var now = clock.GetUtcNow();
        var batch = new List<(Confluent.Kafka.TopicPartition Partition, Message<string, byte[]> Message)>(messages.Count);
        foreach (var message in messages)
        {
            var prepared = MessageRules.Prepare(message);
            var partitions = await topics.PartitionsAsync(message.Topic, cancellationToken);
            batch.Add((new(message.Topic, KeyPartitioner.PartitionOf(message.Key, partitions)), KafkaRecords.ToKafka(prepared, now)));
        }
        var outcome = await _sender.SendAsync(batch, cancellationToken);
        if (outcome.Failure is { } failure) throw failure is KafkaException error ? KafkaErrors.Translate(error) : new StorageException(StorageFailure.Other, failure.Message, failure);
        foreach (var topic in messages.CountBy(message => message.Topic, StringComparer.Ordinal)) telemetry.Appended(topic.Key, topic.Value);
        return [.. batch.Zip(outcome.Offsets, (sent, offset) => new LogPosition(sent.Partition.Topic, sent.Partition.Partition.Value, offset))];
    }

    public async Task<IReadOnlyList<LogRecord>> ReadAsync(Partition partition, long fromOffset, int limit, CancellationToken cancellationToken = default)
    {
        if (limit is < 1 or > 10_000) throw new ArgumentOutOfRangeException(nameof(limit), limit, "The limit must be 1 to 10000.");
        return await topics.FindAsync(partition.Topic, cancellationToken) is { } count && partition.Partition < count
            ? await readers.ReadAsync(partition, fromOffset, limit, cancellationToken)
            : [];
    }

    public async Task<ILogConsumer> OpenAsync(ConsumerOptions options, CancellationToken cancellationToken = default)
    {
        if (options.Problem() is { } problem) throw new ArgumentException(problem, nameof(options));
        var partitions = new List<Partition>();
        foreach (var topic in options.Topics)
        {
            var count = await topics.PartitionsAsync(topic, cancellationToken);
            partitions.AddRange(Enumerable.Range(0, count).Select(partition => new Partition(topic, partition)));
        }
        var consumer = new KafkaConsumer(clients, options, telemetry, clock, loggers.CreateLogger<KafkaConsumer>());
        try
        {
            await consumer.JoinAsync(partitions, cancellationToken);
            return consumer;
        }
        catch
        {
            await consumer.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => _sender.Dispose();
}
