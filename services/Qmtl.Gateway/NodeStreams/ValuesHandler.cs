using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Qmtl.Identity;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;
using Qmtl.V1;

namespace Qmtl.Gateway.NodeStreams;

/// <summary>The values of shared nodes: appended to the log with the stream's progress in one transaction, and read from it.</summary>
internal sealed class ValuesHandler(IDatabase database, IMessageLog log, SessionHandler sessions, SharedComputeMetrics metrics)
{
    /// <summary>What a record of node values is called in the log.</summary>
    public const string RecordType = "node_values";

    private const int MostBytes = 6 * 1024 * 1024;
    private const int MostStreams = 5000;
    // A poll may give this many records of each stream, of up to a megabyte.
    private const int RecordsAtOnce = 4;

    /// <summary>Appends values, all or nothing.</summary>
    /// <exception cref="RefusalException">A batch is not whole, or its stream does not take it.</exception>
    public async Task<AppendNodeValuesResponse> AppendAsync(AppendNodeValuesRequest request, CancellationToken cancellation)
    {
        var size = 0L;
        foreach (var (index, batch) in request.Batches.Index())
        {
            BatchCheck.ThrowIfRefused(batch, index);
            size += batch.CalculateSize();
        }

        if (size > MostBytes) throw RefusalException.At(ReasonCodes.TooLarge, "/batches", $"a request carries at most {MostBytes} bytes of batches, this one {size}; send several");
        await sessions.OpenSessionAsync(request.SessionId, cancellation);
        var (rows, appended) = await database.WriteAsync(unit => AppendAsync(unit, request), cancellation);
        metrics.Appended(appended);
        return new AppendNodeValuesResponse { Streams = { rows.Select(row => new StreamPosition { StreamId = row.StreamId, NextBar = row.NextBar }) } };
    }

    /// <summary>Streams values until the caller has enough.</summary>
    /// <exception cref="RefusalException">A stream is not the session's to read, or its beginning is gone.</exception>
    public async Task ReadAsync(ReadNodeValuesRequest request, IServerStreamWriter<NodeValues> responses, CancellationToken cancellation)
    {
        if (request.Streams.Count is 0 or > MostStreams) throw RefusalException.At(ReasonCodes.InvalidArgument, "/streams", $"streams must hold 1 to {MostStreams} entries, holds {request.Streams.Count}");
        var session = await sessions.OpenSessionAsync(request.SessionId, cancellation);
        var next = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var stream in request.Streams) next[stream.StreamId] = stream.NextBar;
        var rows = await database.ReadAsync(reader => StreamStore.FindAsync(reader, [.. next.Keys]), cancellation);
        ThrowIfForeign(session, rows, next);

        await using var consumer = await log.OpenAsync(new ConsumerOptions([.. rows.Select(row => row.Topic).Distinct(StringComparer.Ordinal)]) { BatchSize = RecordsAtOnce }, cancellation);
        var wanted = rows.GroupBy(row => new TopicPartition(row.Topic, row.LogPartition)).ToDictionary(group => group.Key, group => group.Min(row => row.FirstOffset));
        foreach (var partition in consumer.Assigned.ToArray())
        {
            if (wanted.TryGetValue(partition, out var offset)) consumer.Seek(partition, offset);
            else consumer.Pause(partition);
        }

        while (true)
        {
            foreach (var record in await consumer.PollAsync(cancellation))
            {
                // Other inputs, other streams: they share the node's topic.
                if (!next.TryGetValue(record.Key, out var bar)) continue;
                var values = NodeValues.Parser.ParseFrom(record.Payload.Span);
                if (values.FirstBar + values.Bars <= bar) continue;
                if (values.FirstBar > bar) throw Trimmed(record.Key, bar, values.FirstBar);
                next[record.Key] = values.FirstBar + values.Bars;
                await responses.WriteAsync(values, cancellation);
                metrics.Delivered(values.Bars);
            }
        }
    }

    private static async Task<(IReadOnlyCollection<StreamRow> Rows, long Appended)> AppendAsync(IUnitOfWork unit, AppendNodeValuesRequest request)
    {
        var ids = request.Batches.Select(batch => batch.StreamId).Distinct(StringComparer.Ordinal).ToArray();
        var rows = (await StreamStore.LockAsync(unit, ids)).ToDictionary(row => row.StreamId, StringComparer.Ordinal);
        var moved = new HashSet<string>(StringComparer.Ordinal);
        var appended = 0L;
        foreach (var batch in request.Batches)
        {
            var before = rows.GetValueOrDefault(batch.StreamId);
            var after = AppendRules.Apply(before, request.SessionId, batch, unit.Now);
            if (ReferenceEquals(before, after)) continue;
            rows[batch.StreamId] = after;
            moved.Add(batch.StreamId);
            appended += batch.Bars;
            await unit.AppendAsync(Record(after, batch));
        }

        foreach (var id in moved.Order(StringComparer.Ordinal)) await StreamStore.AdvanceAsync(unit, rows[id]);
        return (rows.Values, appended);
    }

    /// <summary>The key keeps the values of a stream in order; the header is what a reader of the log alone drops repetitions by.</summary>
    private static BusMessage Record(StreamRow row, NodeValues batch) => new(row.Topic, row.StreamId, RecordType, batch.ToByteArray())
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["node_id"] = row.NodeId,
            ["epoch"] = batch.Epoch.ToString(CultureInfo.InvariantCulture),
            ["dedupe"] = string.Create(CultureInfo.InvariantCulture, $"{row.NodeId}:{batch.FirstBar}:{batch.InputWindowHash}"),
        },
    };

    private static void ThrowIfForeign(SessionRow session, IReadOnlyList<StreamRow> rows, Dictionary<string, long> asked)
    {
        var foreign = rows.FirstOrDefault(row => !string.Equals(row.WorldId, session.WorldId, StringComparison.Ordinal) || !string.Equals(row.ExecutionDomain, session.ExecutionDomain, StringComparison.Ordinal));
        // One answer for what is not there and what is not theirs: who may not read a stream need not learn that it exists.
        if (foreign is null && rows.Count == asked.Count) return;
        var first = foreign?.StreamId ?? asked.Keys.Except(rows.Select(row => row.StreamId), StringComparer.Ordinal).First();
        throw new RefusalException(
            ReasonCodes.NodeStreamForeign,
            $"{first} is no stream of {session.WorldId} in {session.ExecutionDomain}; a session reads what its own world computes in its own domain.",
            [new FieldError("/streams", "names a stream that is not the world's")]);
    }

    private static RefusalException Trimmed(string stream, long bar, long first) => new(
        ReasonCodes.NodeValuesTrimmed,
        $"The stream {stream} begins with bar {first}, bar {bar} was removed with age; compute the node for yourself.",
        errors: null,
        new Dictionary<string, string>(StringComparer.Ordinal) { ["stream_id"] = stream });
}
