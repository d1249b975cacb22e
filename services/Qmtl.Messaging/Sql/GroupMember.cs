using Microsoft.Extensions.Logging;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;

namespace Qmtl.Messaging.Sql;

/// <summary>One member of a consumer group: shares the partitions with the others by leases in the database.</summary>
/// <remarks>
/// There is no coordinator. Each member, on each heartbeat, computes the same fair share from the same list of members; it gives up what is not its own
/// once no record of it is in work, and takes what is its own once the former owner gave it up or fell silent for a lease. A commit names the epoch of
/// the ownership, so that a former owner who wakes up late cannot undo what the new one did.
/// </remarks>
internal sealed partial class GroupMember(
    IDatabase database,
    ConsumerOptions options,
    string group,
    AssignmentTable assignments,
    LogSignal signal,
    MessagingTelemetry telemetry,
    TimeProvider clock,
    ILogger<GroupMember> logger) : IMembership
{
    private readonly string _member = ProcessIdentity.NewMember();
    private readonly CancellationTokenSource _stop = new();
    private readonly LogSignal.Listener _listener = signal.Listen([LogSignal.GroupPrefix + group]);
    private readonly SemaphoreSlim _beat = new(1, 1);
    private Task _loop = Task.CompletedTask;

    public string Group => group;

    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        await BeatAsync(cancellationToken);
        signal.Raise([LogSignal.GroupPrefix + group]);
        _loop = Task.Run(RunAsync, CancellationToken.None);
    }

    public async Task CommitAsync(TopicPartition partition, long nextOffset, CancellationToken cancellationToken)
    {
        var epoch = assignments.EpochOf(partition);
        var changed = epoch is null ? 0 : await database.WriteAsync(
            unit => unit.ExecuteAsync(
                """
                UPDATE bus_group_partition SET committed = @nextOffset, updated_at = @Now
                WHERE group_name = @group AND topic = @Topic AND partition = @Partition AND owner = @_member AND epoch = @epoch
                """,
                new { nextOffset, unit.Now, group, partition.Topic, partition.Partition, _member, epoch }),
            cancellationToken);
        if (changed > 0)
        {
            telemetry.Committed(partition, group, nextOffset);
            return;
        }
        Lost(partition, inWork: true);
        throw new PartitionLostException(partition);
    }

    public void Released(TopicPartition partition) => _listener.Set();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _listener.Dispose();
        try
        {
            await database.WriteAsync(LeaveAsync);
            signal.Raise([LogSignal.GroupPrefix + group]);
        }
        catch (StorageException error)
        {
            // The others take over when the lease ends.
            Log.LeftSilently(logger, group, error.Message);
        }
        _stop.Dispose();
        _beat.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _listener.WaitAsync(options.Lease / 3, clock, _stop.Token);
                await BeatAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException error)
            {
                // Unless it succeeds before the lease ends, the table answers "not ours" by itself.
                Log.BeatFailed(logger, group, error.Message);
                await Task.Delay(options.Lease / 10, clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        await _beat.WaitAsync(cancellationToken);
        try
        {
            // Measured before the database hears of it: our own clock never believes longer in the lease than the others do.
            var validUntil = clock.GetTimestamp() + (long)(options.Lease.TotalSeconds * clock.TimestampFrequency);
            var plan = await database.WriteAsync(BeatAsync, cancellationToken);
            foreach (var held in plan.Held)
            {
                assignments.Hold(held.Key, held.Epoch, held.Committed, validUntil, held.Leaving);
                telemetry.Committed(held.Key, group, held.Committed);
            }
            foreach (var partition in assignments.Owned.Except(plan.Held.Select(held => held.Key))) Lost(partition, inWork: assignments.Drop(partition) && !plan.Released.Contains(partition));
            if (plan.Released.Count > 0) signal.Raise([LogSignal.GroupPrefix + group]);
            if (plan.Taken.Count > 0) Log.Taken(logger, group, plan.Taken.Count);
            // What was taken may hold records already; the reader should look.
            if (plan.Taken.Count > 0) signal.Raise(plan.Taken.Select(partition => partition.Topic).Distinct(StringComparer.Ordinal));
        }
        finally
        {
            _beat.Release();
        }
    }

    private async Task<Plan> BeatAsync(IUnitOfWork unit)
    {
        await unit.LockAsync("bus:group:" + group);
        var now = await LeaseClock.NowAsync(unit);
        var expires = now + options.Lease;
        await unit.ExecuteAsync(
            """
            INSERT INTO bus_group_member (group_name, member_id, topics, expires_at) VALUES (@group, @_member, @topics, @expires)
            ON CONFLICT (group_name, member_id) DO UPDATE SET topics = excluded.topics, expires_at = excluded.expires_at
            """,
            new { group, _member, topics = string.Join(',', options.Topics), expires });
        var members = await MembersAsync(unit, now);
        var partitions = await unit.QueryAsync<PartitionRow>("SELECT topic, partition, low_offset, next_offset FROM bus_partition WHERE topic IN @Topics", new { options.Topics });
        var leases = (await unit.QueryAsync<LeaseRow>(
            "SELECT topic, partition, committed, owner, epoch, expires_at FROM bus_group_partition WHERE group_name = @group", new { group }))
            .ToDictionary(lease => new TopicPartition(lease.Topic, lease.Partition));
        var plan = new Plan();
        foreach (var row in partitions)
        {
            var partition = new TopicPartition(row.Topic, row.Partition);
            var lease = leases.GetValueOrDefault(partition);
            var mine = string.Equals(GroupShare.OwnerOf(partition, members), _member, StringComparison.Ordinal);
            var held = lease?.Owner is { } owner && string.Equals(owner, _member, StringComparison.Ordinal);
            if (held && (mine || !assignments.TryLeave(partition))) await RenewAsync(unit, partition, lease!, expires, leaving: !mine, plan);
            else if (held) await ReleaseAsync(unit, partition, plan);
            else if (mine && (lease?.Owner is null || !members.ContainsKey(lease.Owner) || lease.ExpiresAt <= now)) await TakeAsync(unit, row, lease, expires, plan);
        }
        return plan;
    }

    private async Task<SortedDictionary<string, IReadOnlySet<string>>> MembersAsync(IUnitOfWork unit, DateTimeOffset now)
    {
        var rows = await unit.QueryAsync<MemberRow>("SELECT member_id, topics, expires_at FROM bus_group_member WHERE group_name = @group", new { group });
        var alive = new SortedDictionary<string, IReadOnlySet<string>>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            if (row.ExpiresAt <= now || (!unit.Dialect.IsPostgres && ProcessIdentity.IsDead(row.MemberId)))
                await unit.ExecuteAsync("DELETE FROM bus_group_member WHERE group_name = @group AND member_id = @MemberId", new { group, row.MemberId });
            else
                alive[row.MemberId] = row.Topics.Split(',').ToHashSet(StringComparer.Ordinal);
        }
        return alive;
    }

    private async Task TakeAsync(IUnitOfWork unit, PartitionRow row, LeaseRow? lease, DateTimeOffset expires, Plan plan)
    {
        var partition = new TopicPartition(row.Topic, row.Partition);
        // Written down at once: a reader that begins with what comes next must not begin later still after a crash before its first commit.
        var committed = lease?.Committed ?? (options.Start == StartAt.Earliest ? row.LowOffset : row.NextOffset);
        var epoch = (lease?.Epoch ?? 0) + 1;
        await unit.ExecuteAsync(
            """
            INSERT INTO bus_group_partition (group_name, topic, partition, committed, owner, epoch, expires_at, updated_at)
            VALUES (@group, @Topic, @Partition, @committed, @_member, @epoch, @expires, @Now)
            ON CONFLICT (group_name, topic, partition) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, expires_at = excluded.expires_at
            """,
            new { group, row.Topic, row.Partition, committed, _member, epoch, expires, unit.Now });
        plan.Held.Add((partition, epoch, committed, Leaving: false));
        plan.Taken.Add(partition);
    }

    private async Task RenewAsync(IUnitOfWork unit, TopicPartition partition, LeaseRow lease, DateTimeOffset expires, bool leaving, Plan plan)
    {
        await unit.ExecuteAsync(
            "UPDATE bus_group_partition SET expires_at = @expires WHERE group_name = @group AND topic = @Topic AND partition = @Partition",
            new { expires, group, partition.Topic, partition.Partition });
        plan.Held.Add((partition, lease.Epoch, lease.Committed, leaving));
    }

    private async Task ReleaseAsync(IUnitOfWork unit, TopicPartition partition, Plan plan)
    {
        await unit.ExecuteAsync(
            "UPDATE bus_group_partition SET owner = NULL WHERE group_name = @group AND topic = @Topic AND partition = @Partition", new { group, partition.Topic, partition.Partition });
        plan.Released.Add(partition);
    }

    private async Task LeaveAsync(IUnitOfWork unit)
    {
        await unit.LockAsync("bus:group:" + group);
        await unit.ExecuteAsync("UPDATE bus_group_partition SET owner = NULL WHERE group_name = @group AND owner = @_member", new { group, _member });
        await unit.ExecuteAsync("DELETE FROM bus_group_member WHERE group_name = @group AND member_id = @_member", new { group, _member });
    }

    private void Lost(TopicPartition partition, bool inWork)
    {
        assignments.Drop(partition);
        telemetry.Gone(partition, group);
        if (!inWork) return;
        telemetry.PartitionLost(partition.Topic, group);
        Log.LostInWork(logger, partition, group);
    }

    private sealed class Plan
    {
        public List<(TopicPartition Key, long Epoch, long Committed, bool Leaving)> Held { get; } = [];

        public List<TopicPartition> Taken { get; } = [];

        public HashSet<TopicPartition> Released { get; } = [];
    }

    private sealed record MemberRow
    {
        public string MemberId { get; init; } = "";

        public string Topics { get; init; } = "";

        public DateTimeOffset ExpiresAt { get; init; }
    }

    private sealed record LeaseRow
    {
        public string Topic { get; init; } = "";

        public int Partition { get; init; }

        public long Committed { get; init; }

        public string? Owner { get; init; }

        public long Epoch { get; init; }

        public DateTimeOffset ExpiresAt { get; init; }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Group {Group}: took {Count} partitions")]
        public static partial void Taken(ILogger logger, string group, int count);

        [LoggerMessage(2, LogLevel.Warning, "{Partition} of group {Group} went to another member while records of it were in work; they will be handled again")]
        public static partial void LostInWork(ILogger logger, TopicPartition partition, string group);

        [LoggerMessage(3, LogLevel.Warning, "Group {Group}: heartbeat failed: {Reason}")]
        public static partial void BeatFailed(ILogger logger, string group, string reason);

        [LoggerMessage(4, LogLevel.Warning, "Group {Group}: could not say goodbye, partitions move on when the lease ends: {Reason}")]
        public static partial void LeftSilently(ILogger logger, string group, string reason);
    }
}

/// <summary>Who should own what: a pure function of the members, so that all of them come to the same answer.</summary>
internal static class GroupShare
{
    /// <summary>The owner among those who read the topic, or null when nobody does.</summary>
    public static string? OwnerOf(TopicPartition partition, SortedDictionary<string, IReadOnlySet<string>> members)
    {
        var readers = members.Where(member => member.Value.Contains(partition.Topic)).Select(member => member.Key).ToArray();
        // Topics start with different members; else the first one would get partition 0 of every topic.
        return readers.Length == 0 ? null : readers[(KeyPartitioner.PartitionOf(partition.Topic, readers.Length) + partition.Partition) % readers.Length];
    }
}
