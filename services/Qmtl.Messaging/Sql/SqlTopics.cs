using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;

namespace Qmtl.Messaging.Sql;

/// <summary>Topics as rows.</summary>
internal sealed class SqlTopics(IDatabase database, LogSignal signal, MessagingTelemetry telemetry) : ITopicAdmin
{
    private const int TrimChunk = 5000;

    public Task<TopicSettings> EnsureAsync(TopicSettings settings, CancellationToken cancellationToken = default) =>
        settings.Problem() is { } problem ? throw new ArgumentException(problem, nameof(settings)) : database.WriteAsync(unit => EnsureAsync(unit, settings), cancellationToken);

    public static async Task<TopicSettings> EnsureAsync(IUnitOfWork unit, TopicSettings settings)
    {
        var partitions = await unit.FirstOrDefaultAsync<int>(
            """
            INSERT INTO bus_topic (topic, partitions, retention_ms, keep_uncommitted, created_at) VALUES (@Name, @Partitions, @Retention, @KeepUncommitted, @Now)
            ON CONFLICT (topic) DO UPDATE SET retention_ms = excluded.retention_ms, keep_uncommitted = excluded.keep_uncommitted
            RETURNING partitions
            """,
            new { settings.Name, settings.Partitions, Retention = (long)settings.Retention.TotalMilliseconds, settings.KeepUncommitted, unit.Now });
        for (var partition = 0; partition < partitions; partition++)
        {
            await unit.ExecuteAsync(
                "INSERT INTO bus_partition (topic, partition, next_offset, low_offset) VALUES (@Name, @partition, 0, 0) ON CONFLICT (topic, partition) DO NOTHING",
                new { settings.Name, partition });
        }
        return settings with { Partitions = partitions };
    }

    public Task DeleteAsync(string topic, CancellationToken cancellationToken = default) =>
        database.WriteAsync(
            async unit =>
            {
                foreach (var table in (string[])["bus_partition", "bus_log", "bus_group_partition", "bus_topic"])
                    await unit.ExecuteAsync($"DELETE FROM {table} WHERE topic = @topic", new { topic });
                unit.OnCommitted(() => signal.Raise([topic]));
            },
            cancellationToken);

    public async Task<IReadOnlyList<PartitionState>> DescribeAsync(string topic, CancellationToken cancellationToken = default)
    {
        var rows = await database.QueryAsync<PartitionRow>("SELECT topic, partition, low_offset, next_offset FROM bus_partition WHERE topic = @topic ORDER BY partition", new { topic }, cancellationToken);
        return [.. rows.Select(row => new PartitionState(new TopicPartition(row.Topic, row.Partition), row.LowOffset, row.NextOffset))];
    }

    public async Task<IReadOnlyList<GroupState>> DescribeGroupAsync(string group, CancellationToken cancellationToken = default)
    {
        var rows = await database.QueryAsync<GroupRow>(
            $"""
            SELECT g.topic, g.partition, g.committed, p.next_offset, g.owner FROM bus_group_partition g JOIN bus_partition p ON p.topic = g.topic AND p.partition = g.partition
            WHERE g.group_name = @group ORDER BY g.topic {database.Dialect.Ordinal}, g.partition
            """,
            new { group },
            cancellationToken);
        return [.. rows.Select(row => new GroupState(new TopicPartition(row.Topic, row.Partition), row.Committed, row.NextOffset, row.Owner))];
    }

    public async Task<long> TrimAsync(CancellationToken cancellationToken = default)
    {
        var partitions = await database.QueryAsync<RetentionRow>(
            "SELECT p.topic, p.partition, t.retention_ms, t.keep_uncommitted FROM bus_partition p JOIN bus_topic t ON t.topic = p.topic WHERE p.next_offset > p.low_offset", null, cancellationToken);
        var total = 0L;
        foreach (var partition in partitions)
        {
            // In pieces, so that a long overdue trim holds no lock for long.
            for (var removed = (long)TrimChunk; removed == TrimChunk;)
            {
                removed = await database.WriteAsync(unit => TrimAsync(unit, partition), cancellationToken);
                total += removed;
                telemetry.Trimmed(partition.Topic, removed);
            }
        }
        return total;
    }

    private static async Task<long> TrimAsync(IUnitOfWork unit, RetentionRow partition)
    {
        var state = await unit.FirstOrDefaultAsync<PartitionRow>(
            $"SELECT topic, partition, low_offset, next_offset FROM bus_partition WHERE topic = @Topic AND partition = @Partition {unit.Dialect.ForUpdate}", partition);
        if (state is null) return 0;
        var cutoff = unit.Now - TimeSpan.FromMilliseconds(partition.RetentionMs);
        var keep = await unit.FirstOrDefaultAsync<long?>(
            "SELECT log_offset FROM bus_log WHERE topic = @Topic AND partition = @Partition AND ts >= @cutoff ORDER BY log_offset LIMIT 1", new { partition.Topic, partition.Partition, cutoff }) ?? state.NextOffset;
        if (partition.KeepUncommitted)
        {
            var wanted = await unit.FirstOrDefaultAsync<long?>("SELECT MIN(committed) FROM bus_group_partition WHERE topic = @Topic AND partition = @Partition", partition) ?? state.LowOffset;
            keep = Math.Min(keep, wanted);
        }
        keep = Math.Min(keep, state.LowOffset + TrimChunk);
        if (keep <= state.LowOffset) return 0;
        await unit.ExecuteAsync("DELETE FROM bus_log WHERE topic = @Topic AND partition = @Partition AND log_offset < @keep", new { partition.Topic, partition.Partition, keep });
        await unit.ExecuteAsync("UPDATE bus_partition SET low_offset = @keep WHERE topic = @Topic AND partition = @Partition", new { partition.Topic, partition.Partition, keep });
        return keep - state.LowOffset;
    }

    private sealed record GroupRow
    {
        public string Topic { get; init; } = "";

        public int Partition { get; init; }

        public long Committed { get; init; }

        public long NextOffset { get; init; }

        public string? Owner { get; init; }
    }

    private sealed record RetentionRow
    {
        public string Topic { get; init; } = "";

        public int Partition { get; init; }

        public long RetentionMs { get; init; }

        public bool KeepUncommitted { get; init; }
    }
}

/// <summary>A row of <c>bus_partition</c>.</summary>
internal sealed record PartitionRow
{
    public string Topic { get; init; } = "";

    public int Partition { get; init; }

    public long LowOffset { get; init; }

    public long NextOffset { get; init; }
}
