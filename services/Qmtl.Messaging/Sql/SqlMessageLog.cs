using System.Text.Json;
using Microsoft.Extensions.Logging;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging.Sql;

/// <summary>The table <c>bus_log</c> is the log.</summary>
internal sealed class SqlMessageLog(IDatabase database, LogSignal signal, MessagingTelemetry telemetry, TimeProvider clock, ILoggerFactory loggers) : IMessageLog
{
    private const string Columns = "topic, partition, log_offset, message_key, message_type, headers, payload, ts";

    public async Task<IReadOnlyList<LogPosition>> AppendAsync(IReadOnlyList<BusMessage> messages, CancellationToken cancellationToken = default)
    {
        if (messages.Count == 0) return [];
        var receipts = await database.WriteAsync(
            async unit =>
            {
                var appended = new List<AppendReceipt>(messages.Count);
                foreach (var message in messages) appended.Add(await unit.AppendAsync(message));
                return appended;
            },
            cancellationToken);
        return [.. receipts.Select(receipt => receipt.Position)];
    }

    public Task<IReadOnlyList<LogRecord>> ReadAsync(TopicPartition partition, long fromOffset, int limit, CancellationToken cancellationToken = default)
    {
        if (limit is < 1 or > 10_000) throw new ArgumentOutOfRangeException(nameof(limit), limit, "The limit must be 1 to 10000.");
        return database.ReadAsync(session => ReadAsync(session, partition, fromOffset, limit), cancellationToken);
    }

    public async Task<ILogConsumer> OpenAsync(ConsumerOptions options, CancellationToken cancellationToken = default)
    {
        if (options.Problem() is { } problem) throw new ArgumentException(problem, nameof(options));
        // Topics of the catalogue come into being with their first reader, too.
        await database.WriteAsync(unit => SqlOutbox.PartitionsAsync(unit, options.Topics), cancellationToken);
        var assignments = new AssignmentTable(clock);
        var membership = options.Group is null
            ? (IMembership)new LoneReader(database, options, assignments)
            : new GroupMember(database, options, options.Group, assignments, signal, telemetry, clock, loggers.CreateLogger<GroupMember>());
        var consumer = new SqlConsumer(database, options, assignments, membership, signal, telemetry, clock, loggers.CreateLogger<SqlConsumer>());
        try
        {
            await membership.JoinAsync(cancellationToken);
            return consumer;
        }
        catch
        {
            await consumer.DisposeAsync();
            throw;
        }
    }

    internal static async Task<IReadOnlyList<LogRecord>> ReadAsync(ISession session, TopicPartition partition, long fromOffset, int limit)
    {
        var rows = await session.QueryAsync<Row>(
            $"SELECT {Columns} FROM bus_log WHERE topic = @Topic AND partition = @Partition AND log_offset >= @fromOffset ORDER BY log_offset LIMIT @limit",
            new { partition.Topic, partition.Partition, fromOffset, limit });
        return [.. rows.Select(row => row.ToRecord())];
    }

    private sealed record Row
    {
        public string Topic { get; init; } = "";

        public int Partition { get; init; }

        public long LogOffset { get; init; }

        public string MessageKey { get; init; } = "";

        public string MessageType { get; init; } = "";

        public string Headers { get; init; } = "";

        public byte[] Payload { get; init; } = [];

        public DateTimeOffset Ts { get; init; }

        public LogRecord ToRecord() => new(
            new LogPosition(Topic, Partition, LogOffset), MessageKey, MessageType, JsonSerializer.Deserialize<Dictionary<string, string>>(Headers) ?? [], Payload, Ts);
    }
}
