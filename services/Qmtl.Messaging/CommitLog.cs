using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging;

/// <summary>A submission in the commit log: on the wire <c>["gateway.ingest", ts_ms, strategy_id, payload]</c>.</summary>
/// <param name="StrategyId">The strategy's id.</param>
/// <param name="At">When it was accepted, to the millisecond.</param>
/// <param name="Payload">The submission with its compute context.</param>
public sealed record IngestRecord(string StrategyId, DateTimeOffset At, JsonNode Payload)
{
    /// <summary>The record's type.</summary>
    public const string Type = "gateway.ingest";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The message for the log.</summary>
    public BusMessage ToMessage()
    {
        var record = new JsonArray(Type, At.ToUnixTimeMilliseconds(), StrategyId, Payload.DeepClone());
        return new BusMessage(TopicCatalog.GatewayIngest, "ingest:" + StrategyId, Type, Encoding.UTF8.GetBytes(record.ToJsonString(Plain)));
    }

    /// <summary>Reads a record of the log.</summary>
    /// <exception cref="PoisonMessageException">It is not one.</exception>
    public static IngestRecord Read(LogRecord record)
    {
        try
        {
            if (JsonNode.Parse(record.Payload.Span) is JsonArray { Count: 4 } parts && string.Equals(parts[0]?.GetValue<string>(), Type, StringComparison.Ordinal)
                && parts[1] is JsonValue time && parts[2] is JsonValue id && parts[3] is { } payload)
            {
                parts.RemoveAt(3);
                return new IngestRecord(id.GetValue<string>(), DateTimeOffset.FromUnixTimeMilliseconds(time.GetValue<long>()), payload);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            throw new PoisonMessageException(string.Create(CultureInfo.InvariantCulture, $"{record.Position} is not an ingest record: {error.Message}"), error);
        }
        throw new PoisonMessageException($"{record.Position} is not an ingest record.");
    }
}

/// <summary>The log of what was accepted, written before anything is done about it.</summary>
public interface ICommitLog
{
    /// <summary>Appends; when the task completes, the submission can no longer be lost. With a broker it stands in the outbox then, and the place is that in the outbox.</summary>
    Task<LogPosition> AppendAsync(IngestRecord record, CancellationToken cancellationToken = default);

    /// <summary>Hands each record to <paramref name="handle"/> until <paramref name="stop"/>. Its offset is committed after it was handled, so it comes again after a crash in between.</summary>
    Task RunAsync(string group, Func<IngestRecord, LogPosition, CancellationToken, Task> handle, CancellationToken stop);
}

/// <summary>Submissions that go with a change.</summary>
public static class CommitLogExtensions
{
    /// <summary>Appends when, and only when, this unit of work commits.</summary>
    public static ValueTask<AppendReceipt> AppendAsync(this IUnitOfWork unit, IngestRecord record) => unit.AppendAsync(record.ToMessage());
}

/// <inheritdoc/>
internal sealed class CommitLog(IDatabase database, ISubscriptions subscriptions) : ICommitLog
{
    public async Task<LogPosition> AppendAsync(IngestRecord record, CancellationToken cancellationToken = default) =>
        (await database.WriteAsync(async unit => await unit.AppendAsync(record), cancellationToken)).Position;

    public Task RunAsync(string group, Func<IngestRecord, LogPosition, CancellationToken, Task> handle, CancellationToken stop) =>
        subscriptions.RunAsync(
            new SubscriptionOptions { Consumer = new ConsumerOptions(TopicCatalog.GatewayIngest) { Group = group } },
            (record, cancellationToken) => handle(IngestRecord.Read(record), record.Position, cancellationToken),
            stop);
}
