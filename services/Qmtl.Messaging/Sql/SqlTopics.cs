using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;

namespace Qmtl.Messaging.Sql;

/// <summary>How long rows stay that a broker has: present only when there is one.</summary>
internal sealed record OutboxRetention(TimeSpan After);

/// <summary>Topics as rows.</summary>
internal sealed class SqlTopics(IDatabase database, LogSignal signal, MessagingTelemetry telemetry, OutboxRetention? outbox = null) : ITopicAdmin
{
    private const int TrimChunk = 5000;

    public Task<TopicSettings> EnsureAsync(TopicSettings settings, CancellationToken cancellationToken = default) =>
        settings.Problem() is { } problem ? throw new ArgumentException(problem, nameof(settings)) : database.WriteAsync(unit => EnsureAsync(unit, settings), cancellationToken);

    public static async Task<TopicSettings> EnsureAsync(IUnitOfWork unit, TopicSettings settings)
    {
        var partitions = await unit.FirstOrDefaultAsync<int>(
            """
            INSERT INTO bus_topic (topic, partitions, retention_ms, retention_bytes, keep_uncommitted, created_at)
            VALUES (@Name, @Partitions, @Retention, @RetentionBytes, @KeepUncommitted, @Now)
            ON CONFLICT (topic) DO UPDATE SET retention_ms = excluded.retention_ms, retention_bytes = excluded.retention_bytes, keep_uncommitted = excluded.keep_uncommitted
            RETURNING partitions
            """,
            new { settings.Name, settings.Partitions, Retention = (long)settings.Retention.TotalMilliseconds, settings.RetentionBytes, settings.KeepUncommitted, unit.Now });
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
                foreach (var table in (string[])["bus_partition", "bus_log", "bus_group_partition", "bus_relay", "bus_topic"])
                    await unit.ExecuteAsync($"DELETE FROM {table} WHERE topic = @topic", new { topic });
                unit.OnCommitted(() => signal.Raise([topic]));
            },
            cancellationToken);

    public async Task<IReadOnlyList<TopicSettings>> ListAsync(CancellationToken cancellationToken = default)
    {
        var rows = await database.QueryAsync<TopicRow>($"SELECT {TopicRow.Columns} FROM bus_topic ORDER BY topic {database.Dialect.Ordinal}", null, cancellationToken);
        return [.. rows.Select(row => row.ToSettings())];
    }

    /// <summary>A topic's settings, or null.</summary>
    public async Task<TopicSettings?> FindAsync(string topic, CancellationToken cancellationToken) =>
        (await database.FirstOrDefaultAsync<TopicRow>($"SELECT {TopicRow.Columns} FROM bus_topic WHERE topic = @topic", new { topic }, cancellationToken))?.ToSettings();

    public Task<IReadOnlyList<string>> GroupsAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync<string>($"SELECT group_name FROM bus_group_partition GROUP BY group_name ORDER BY group_name {database.Dialect.Ordinal}", null, cancellationToken);

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
        var partitions = await database.QueryAsync<TrimRow>(
            "SELECT p.topic, p.partition, t.retention_ms, t.retention_bytes, t.keep_uncommitted FROM bus_partition p JOIN bus_topic t ON t.topic = p.topic WHERE p.next_offset > p.low_offset", null, cancellationToken);
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

    private async Task<long> TrimAsync(IUnitOfWork unit, TrimRow partition)
    {
        var state = await unit.FirstOrDefaultAsync<PartitionRow>(
            $"SELECT topic, partition, low_offset, next_offset FROM bus_partition WHERE topic = @Topic AND partition = @Partition {unit.Dialect.ForUpdate}", partition);
        if (state is null) return 0;
        var keep = Math.Max(await KeptByTimeAsync(unit, partition, state), await KeptBySizeAsync(unit, partition, state));
        keep = Math.Min(keep, await WantedAsync(unit, partition, state));
        keep = Math.Min(keep, state.LowOffset + TrimChunk);
        if (keep <= state.LowOffset) return 0;
        await unit.ExecuteAsync("DELETE FROM bus_log WHERE topic = @Topic AND partition = @Partition AND log_offset < @keep", new { partition.Topic, partition.Partition, keep });
        await unit.ExecuteAsync("UPDATE bus_partition SET low_offset = @keep WHERE topic = @Topic AND partition = @Partition", new { partition.Topic, partition.Partition, keep });
        return keep - state.LowOffset;
    }

    /// <summary>The first record that is young enough to stay.</summary>
    private async Task<long> KeptByTimeAsync(IUnitOfWork unit, TrimRow partition, PartitionRow state)
    {
        var cutoff = unit.Now - (outbox?.After ?? TimeSpan.FromMilliseconds(partition.RetentionMs));
        return await unit.FirstOrDefaultAsync<long?>(
            "SELECT log_offset FROM bus_log WHERE topic = @Topic AND partition = @Partition AND ts >= @cutoff ORDER BY log_offset LIMIT 1",
            new { partition.Topic, partition.Partition, cutoff }) ?? state.NextOffset;
    }

    /// <summary>The first record that the bound in bytes leaves room for, counted from the newest; the newest always stays.</summary>
    private static async Task<long> KeptBySizeAsync(IUnitOfWork unit, TrimRow partition, PartitionRow state)
    {
        if (partition.RetentionBytes is not { } bytes) return state.LowOffset;
        var last = await unit.FirstOrDefaultAsync<long?>(
            """
            SELECT MAX(log_offset) FROM (
                SELECT log_offset, SUM(LENGTH(payload)) OVER (ORDER BY log_offset DESC) AS size FROM bus_log WHERE topic = @Topic AND partition = @Partition) AS sizes
            WHERE size > @bytes AND log_offset < @newest
            """,
            new { partition.Topic, partition.Partition, bytes, newest = state.NextOffset - 1 });
        return last + 1 ?? state.LowOffset;
    }

    /// <summary>The first record that someone still has to have, whatever retention says.</summary>
    private async Task<long> WantedAsync(IUnitOfWork unit, TrimRow partition, PartitionRow state)
    {
        // With a broker, its relay is the only one who reads here, and what it has not handed on exists nowhere else.
        if (outbox is not null) return await unit.FirstOrDefaultAsync<long?>("SELECT relayed FROM bus_relay WHERE topic = @Topic AND partition = @Partition", partition) ?? state.LowOffset;
        if (!partition.KeepUncommitted) return state.NextOffset;
        return await unit.FirstOrDefaultAsync<long?>("SELECT MIN(committed) FROM bus_group_partition WHERE topic = @Topic AND partition = @Partition", partition) ?? state.LowOffset;
    }

    private sealed record GroupRow
    {
        public string Topic { get; init; } = "";

        public int Partition { get; init; }

        public long Committed { get; init; }

        public long NextOffset { get; init; }

        public string? Owner { get; init; }
    }

    private sealed record TrimRow
    {
        public string Topic { get; init; } = "";

        public int Partition { get; init; }

        public long RetentionMs { get; init; }

        public long? RetentionBytes { get; init; }

        public bool KeepUncommitted { get; init; }
    }

    private sealed record TopicRow
    {
        public const string Columns = "topic, partitions, retention_ms, retention_bytes, keep_uncommitted";

        public string Topic { get; init; } = "";

        public int Partitions { get; init; }

        public long RetentionMs { get; init; }

        public long? RetentionBytes { get; init; }

        public bool KeepUncommitted { get; init; }

        public TopicSettings ToSettings() => new(Topic, Partitions, TimeSpan.FromMilliseconds(RetentionMs))
        {
            RetentionBytes = RetentionBytes,
            KeepUncommitted = KeepUncommitted,
            IsControl = TopicCatalog.Find(Topic) is { IsControl: true },
        };
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
