using Qmtl.Messaging.Log;
using Qmtl.Messaging.Sql;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;

namespace Qmtl.Messaging.Relay;

/// <summary>A partition of which not everything was handed on.</summary>
/// <param name="Partition">Which.</param>
/// <param name="From">The first record that is left.</param>
/// <param name="Count">How many are left.</param>
internal sealed record Backlog(TopicPartition Partition, long From, long Count);

/// <summary>What the relay reads and writes: rows of the log, and how far each partition was handed on.</summary>
internal sealed class Outbox(IDatabase database)
{
    /// <summary>All partitions with something left.</summary>
    public async Task<IReadOnlyList<Backlog>> BacklogAsync(CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<Row>(
            """
            SELECT p.topic, p.partition, p.low_offset, p.next_offset, COALESCE(r.relayed, 0) AS relayed
            FROM bus_partition p LEFT JOIN bus_relay r ON r.topic = p.topic AND r.partition = p.partition
            WHERE p.next_offset > COALESCE(r.relayed, 0) AND p.next_offset > p.low_offset
            """,
            null,
            cancellationToken);
        // What retention took before there was a broker is not left: it is gone.
        return [.. rows.Select(row => (Row: row, From: Math.Max(row.Relayed, row.LowOffset))).Select(each => new Backlog(new TopicPartition(each.Row.Topic, each.Row.Partition), each.From, each.Row.NextOffset - each.From))];
    }

    /// <summary>The next records of some partitions, on one snapshot.</summary>
    public Task<IReadOnlyList<IReadOnlyList<LogRecord>>> ReadAsync(IReadOnlyList<Backlog> partitions, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<IReadOnlyList<LogRecord>>>(
            async session =>
            {
                var batches = new List<IReadOnlyList<LogRecord>>(partitions.Count);
                foreach (var each in partitions) batches.Add(await SqlMessageLog.ReadAsync(session, each.Partition, each.From, limit));
                return batches;
            },
            cancellationToken);

    /// <summary>Notes how far partitions were handed on.</summary>
    /// <returns>False: the lease went to another process, and nothing was noted.</returns>
    public Task<bool> NoteAsync(RelayLease lease, IReadOnlyList<(TopicPartition Partition, long Relayed)> progress, CancellationToken cancellationToken) => database.WriteAsync(
        async unit =>
        {
            if (!await lease.FenceAsync(unit)) return false;
            foreach (var (partition, relayed) in progress)
            {
                await unit.ExecuteAsync(
                    """
                    INSERT INTO bus_relay (topic, partition, relayed, updated_at) VALUES (@Topic, @Partition, @relayed, @Now)
                    ON CONFLICT (topic, partition) DO UPDATE SET relayed = excluded.relayed, updated_at = excluded.updated_at
                    """,
                    new { partition.Topic, partition.Partition, relayed, unit.Now });
            }
            return true;
        },
        cancellationToken);

    private sealed record Row
    {
        public string Topic { get; init; } = "";

        public int Partition { get; init; }

        public long LowOffset { get; init; }

        public long NextOffset { get; init; }

        public long Relayed { get; init; }
    }
}
