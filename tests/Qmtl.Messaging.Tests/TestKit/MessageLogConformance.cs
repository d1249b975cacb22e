using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage.Outbox;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.TestKit;

/// <summary>What every implementation of the log promises. A new one derives, says how to start a host, and passes.</summary>
public abstract class MessageLogConformance : IAsyncLifetime
{
    private const string Topic = "test.orders";
    private readonly List<LogHost> _hosts = [];
    private LogHost _first = null!;

    /// <summary>Another process on the same store.</summary>
    private protected abstract Task<LogHost> StartHostAsync();

    public virtual async Task InitializeAsync()
    {
        _first = await AnotherHostAsync();
        await _first.Topics.EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromDays(1))).Within();
    }

    public virtual async Task DisposeAsync()
    {
        foreach (var host in Enumerable.Reverse(_hosts)) await host.DisposeAsync();
    }

    [ConformanceFact]
    public async Task AppendAsync_ManyKeys_GivesGaplessOffsetsInEachPartition()
    {
        var positions = await _first.Log.AppendAsync([.. Enumerable.Range(0, 500).Select(n => Message($"k{n % 37}", n))]).Within();

        Assert.Equal(500, positions.Count);
        foreach (var partition in positions.GroupBy(position => position.Partition))
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(n => (long)n), partition.Select(position => position.Offset));
        Assert.True(positions.Select(position => position.Partition).Distinct().Count() > 1);
    }

    [ConformanceFact]
    public async Task AppendAsync_Record_ComesBackAsItWas()
    {
        var message = new BusMessage(Topic, "ключ", "order", new byte[] { 0, 1, 255 }) { Headers = new Dictionary<string, string> { ["rfp"] = "ä\"b" } };

        var position = Assert.Single(await _first.Log.AppendAsync([message]).Within());

        var record = Assert.Single(await _first.Log.ReadAsync(new TopicPartition(Topic, position.Partition), 0, 10).Within());
        Assert.Equal((position, "ключ", "order", "ä\"b"), (record.Position, record.Key, record.Type, record.Headers["rfp"]));
        Assert.Equal(message.Payload.ToArray(), record.Payload.ToArray());
    }

    [ConformanceFact]
    public async Task AppendAsync_UnknownTopic_IsRefusedAndNothingIsWritten()
    {
        var error = await Assert.ThrowsAsync<UnknownTopicException>(() => _first.Log.AppendAsync([Message("a", 1), new BusMessage("test.unknown", "a", "order", Bytes(1))]).Within());

        Assert.Equal("test.unknown", error.Topic);
        Assert.All(await _first.Topics.DescribeAsync(Topic).Within(), partition => Assert.Equal(0, partition.End));
    }

    [ConformanceFact]
    public async Task AppendAsync_FromManyWritersInTwoProcesses_LosesAndDoublesNothing()
    {
        const int Writers = 8;
        const int Each = 40;
        var second = await AnotherHostAsync();

        var positions = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var mine = new List<(LogPosition Position, string Value)>();
            for (var n = 0; n < Each; n++)
            {
                var host = writer % 2 == 0 ? _first : second;
                // Two keys at once, in changing order: writers who lock in the order of their messages would deadlock.
                var appended = await host.Log.AppendAsync([Message($"k{(writer + n) % 7}", $"{writer}.{n}.a"), Message($"k{n % 5}", $"{writer}.{n}.b")]);
                mine.Add((appended[0], $"{writer}.{n}.a"));
                mine.Add((appended[1], $"{writer}.{n}.b"));
            }
            return mine;
        }))).Within(60);

        var acknowledged = positions.SelectMany(mine => mine).ToDictionary(each => each.Position, each => each.Value);
        Assert.Equal(Writers * Each * 2, acknowledged.Count);
        var stored = await AllAsync();
        Assert.Equal(acknowledged.Count, stored.Count);
        Assert.All(stored, record => Assert.Equal(acknowledged[record.Position], Text(record)));
        foreach (var partition in stored.GroupBy(record => record.Position.Partition))
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(n => (long)n), partition.Select(record => record.Position.Offset));
    }

    [ConformanceFact]
    public async Task PollAsync_WhileOthersAppend_NeverPassesOverARecord()
    {
        await using var reader = await _first.Log.OpenAsync(new ConsumerOptions(Topic)).Within();
        var appending = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < 50; n++) await _first.Log.AppendAsync([Message($"k{writer}", $"{writer}.{n}")]);
        })));

        var seen = new List<LogRecord>();
        while (seen.Count < 200) seen.AddRange(await PollAsync(reader));

        await appending.Within();
        foreach (var partition in seen.GroupBy(record => record.Position.Partition))
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(n => (long)n), partition.Select(record => record.Position.Offset));
    }

    [ConformanceFact]
    public async Task PollAsync_RecordAppendedByAnotherProcess_ArrivesWithoutWaitingForThePoll()
    {
        var second = await AnotherHostAsync();
        await using var reader = await second.Log.OpenAsync(new ConsumerOptions(Topic) { PollInterval = WakesAcrossProcesses ? TimeSpan.FromMinutes(5) : TimeSpan.FromMilliseconds(200) }).Within();
        var poll = reader.PollAsync();
        await Task.Delay(300);

        await _first.Log.AppendAsync([Message("a", 1)]).Within();

        Assert.Equal("1", Text(Assert.Single(await poll.Within(10))));
    }

    [ConformanceFact]
    public async Task OpenAsync_CommittedOffset_IsWhereTheGroupContinues()
    {
        await AppendAsync("a", 10);
        TopicPartition partition;
        await using (var reader = await JoinAsync(_first, "g"))
        {
            var records = await PollAsync(reader);
            partition = records[0].Partition;
            await reader.CommitAsync(partition, 4).Within();
        }

        await using var next = await JoinAsync(_first, "g");

        Assert.Equal(["4", "5", "6", "7", "8", "9"], (await PollAsync(next)).Select(Text));
        Assert.Equal(6, (await _first.Topics.DescribeGroupAsync("g").Within()).Single(state => state.Partition == partition).Lag);
    }

    [ConformanceFact]
    public async Task OpenAsync_NothingCommittedBeforeACrash_DeliversAgain()
    {
        await AppendAsync("a", 3);
        await using (var reader = await JoinAsync(_first, "g")) Assert.Equal(3, (await PollAsync(reader)).Count);

        await using var next = await JoinAsync(_first, "g");

        Assert.Equal(["0", "1", "2"], (await PollAsync(next)).Select(Text));
    }

    [ConformanceFact]
    public async Task OpenAsync_TwoGroups_EachSeeEverything()
    {
        await AppendAsync("a", 5);
        await using var one = await JoinAsync(_first, "g1");
        await using var two = await JoinAsync(_first, "g2");

        Assert.Equal(5, (await PollAsync(one)).Count);
        Assert.Equal(5, (await PollAsync(two)).Count);
    }

    [ConformanceFact]
    public async Task OpenAsync_StartLatest_SkipsWhatWasThereOnly()
    {
        await AppendAsync("a", 5);
        await using (await _first.Log.OpenAsync(Options("g") with { Start = StartAt.Latest }).Within()) await AppendAsync("a", 2, from: 5);

        // It left without a commit; what came after it joined is still its own.
        await using var next = await _first.Log.OpenAsync(Options("g") with { Start = StartAt.Latest }).Within();

        Assert.Equal(["5", "6"], (await PollAsync(next)).Select(Text));
    }

    [ConformanceFact]
    public async Task OpenAsync_SecondMember_TakesHalfOfThePartitionsAndNoneTwice()
    {
        var second = await AnotherHostAsync();
        await using var one = await JoinAsync(_first, "g");
        Assert.Equal(4, one.Assigned.Count);

        await using (var two = await JoinAsync(second, "g"))
        {
            await TimeLimits.EventuallyAsync(() => one.Assigned.Count == 2 && two.Assigned.Count == 2, 15);
            Assert.Empty(one.Assigned.Intersect(two.Assigned));
        }

        await TimeLimits.EventuallyAsync(() => one.Assigned.Count == 4, 15);
    }

    [ConformanceFact]
    public async Task OpenAsync_PartitionInWork_StaysUntilItIsReleased()
    {
        // Longer than a busy machine may stop a process: what is tested is the hand-over, not the loss of a lease.
        var steady = TimeSpan.FromSeconds(20);
        await AppendAsync("a", 1);
        await using var one = await JoinAsync(_first, "g", steady);
        var record = Assert.Single(await PollAsync(one));
        one.Pause(record.Partition);

        await using var two = await JoinAsync(await AnotherHostAsync(), "g", steady);
        await using var three = await JoinAsync(await AnotherHostAsync(), "g", steady);
        await using var four = await JoinAsync(await AnotherHostAsync(), "g", steady);
        ILogConsumer[] others = [two, three, four];
        await TimeLimits.EventuallyAsync(() => one.Assigned.Count + others.Sum(other => other.Assigned.Count) == 4 && one.Assigned.Count <= 2, 15);
        Assert.Contains(record.Partition, one.Assigned);

        await one.CommitAsync(record.Partition, 1).Within();
        one.Resume(record.Partition);
        await TimeLimits.EventuallyAsync(() => one.Assigned.Count == 1 && others.All(other => other.Assigned.Count == 1), 15);
    }

    [ConformanceFact]
    public async Task RunAsync_ReplicasComeAndGo_HandleEveryRecordInOrder()
    {
        const int Keys = 12;
        const int Each = 30;
        var handled = new ConcurrentQueue<(string Key, int Number)>();
        Task Handle(LogRecord record, CancellationToken token)
        {
            handled.Enqueue((record.Key, int.Parse(Text(record), CultureInfo.InvariantCulture)));
            return Task.Delay(1, token);
        }

        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        var first = _first.Subscriptions.RunAsync(Subscription("g"), Handle, stopFirst.Token);
        var second = Task.CompletedTask;
        for (var n = 0; n < Each; n++)
        {
            await _first.Log.AppendAsync([.. Enumerable.Range(0, Keys).Select(key => Message($"k{key}", n))]).Within();
            if (n == 10) second = (await AnotherHostAsync()).Subscriptions.RunAsync(Subscription("g"), Handle, stopSecond.Token);
            if (n == 20) await stopFirst.CancelAsync();
        }
        await TimeLimits.EventuallyAsync(() => handled.Select(each => each).Distinct().Count() == Keys * Each, 30);

        await stopSecond.CancelAsync();
        await Task.WhenAll(first, second).Within();
        foreach (var key in handled.GroupBy(each => each.Key))
        {
            // At least once: a record may come again, but never after a later one was first seen without it.
            var firsts = key.Select(each => each.Number).Distinct().ToArray();
            Assert.Equal(Enumerable.Range(0, Each), firsts);
        }
    }

    [ConformanceFact]
    public async Task RunAsync_HandlerFailsTwice_IsTriedAThirdTime()
    {
        await AppendAsync("a", 1);
        var attempts = 0;
        using var stop = new CancellationTokenSource();

        var run = _first.Subscriptions.RunAsync(Subscription("g"), (_, _) => ++attempts < 3 ? throw new IOException("busy") : stop.CancelAsync(), stop.Token);

        await run.Within();
        Assert.Equal(3, attempts);
        Assert.Empty(await _first.Topics.DescribeAsync(Topic + ".dlq").Within());
    }

    [ConformanceFact]
    public async Task RunAsync_HandlerAlwaysFails_MovesTheRecordAsideAndGoesOn()
    {
        await AppendAsync("a", 3);
        var attempts = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();

        await _first.Subscriptions.RunAsync(
            Subscription("g"),
            (record, _) =>
            {
                attempts.Enqueue(Text(record));
                if (Text(record) == "1") throw new IOException("broken");
                return Text(record) == "2" ? stop.CancelAsync() : Task.CompletedTask;
            },
            stop.Token).Within();

        Assert.Equal(["0", "1", "1", "1", "2"], attempts);
        var dead = Assert.Single(await _first.Log.ReadAsync(new TopicPartition(Topic + ".dlq", 0), 0, 10).Within());
        Assert.Equal(("1", "a", "3", "attempts", "g", "IOException: broken", "1"), (Text(dead), dead.Key, dead.Headers["dlq-attempts"], dead.Headers["dlq-reason"], dead.Headers["dlq-group"], dead.Headers["dlq-error"], dead.Headers["dlq-offset"]));
        Assert.Equal(0, (await _first.Topics.DescribeGroupAsync("g").Within()).Sum(state => state.Lag));
    }

    [ConformanceFact]
    public async Task RunAsync_PoisonRecord_GoesAsideAtOnce()
    {
        await AppendAsync("a", 2);
        var attempts = 0;
        using var stop = new CancellationTokenSource();

        await _first.Subscriptions.RunAsync(
            Subscription("g"),
            (record, _) =>
            {
                attempts++;
                return Text(record) == "0" ? throw new PoisonMessageException("not JSON") : stop.CancelAsync();
            },
            stop.Token).Within();

        Assert.Equal(2, attempts);
        Assert.Equal("poison", Assert.Single(await _first.Log.ReadAsync(new TopicPartition(Topic + ".dlq", 0), 0, 10).Within()).Headers["dlq-reason"]);
    }

    [ConformanceFact]
    public async Task RunAsync_OnePartitionFails_TheOthersGoOn()
    {
        var (bad, good) = KeysOfTwoPartitions();
        await _first.Log.AppendAsync([Message(bad, "x"), .. Enumerable.Range(0, 5).Select(n => Message(good, n))]).Within();
        var seen = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();

        var run = _first.Subscriptions.RunAsync(
            Subscription("g") with { Backoff = TimeSpan.FromMinutes(5) },
            (record, _) =>
            {
                if (record.Key == bad) throw new IOException("busy");
                seen.Enqueue(Text(record));
                return Task.CompletedTask;
            },
            stop.Token);

        await TimeLimits.EventuallyAsync(() => seen.Count == 5);
        await stop.CancelAsync();
        await run.Within();
    }

    [ConformanceFact]
    public async Task RunAsync_WithoutDeadLetter_StopsThePartitionUntilItSucceeds()
    {
        await AppendAsync("a", 2);
        var attempts = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();

        await _first.Subscriptions.RunAsync(
            Subscription("g") with { DeadLetter = false, MaxAttempts = 1 },
            (record, _) =>
            {
                attempts.Enqueue(Text(record));
                if (attempts.Count < 3) throw new IOException("busy");
                return Text(record) == "1" ? stop.CancelAsync() : Task.CompletedTask;
            },
            stop.Token).Within();

        Assert.Equal(["0", "0", "0", "1"], attempts);
    }

    [ConformanceFact]
    public async Task RunAsync_Traced_ContinuesTheTraceOfWhoAppended()
    {
        using var listener = new ActivityListener { ShouldListenTo = _ => true, Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource("test");
        ActivityTraceId sent;
        using (var activity = source.StartActivity("submit")!)
        {
            sent = activity.TraceId;
            await AppendAsync("a", 1);
        }
        var received = default(ActivityTraceId);
        using var stop = new CancellationTokenSource();

        await _first.Subscriptions.RunAsync(
            Subscription("g"),
            (_, _) =>
            {
                received = Activity.Current!.TraceId;
                return stop.CancelAsync();
            },
            stop.Token).Within();

        Assert.Equal(sent, received);
    }

    [ConformanceFact]
    public async Task ReadAsync_FromAnyOffset_Replays()
    {
        var positions = await _first.Log.AppendAsync([.. Enumerable.Range(0, 20).Select(n => Message("a", n))]).Within();
        var partition = new TopicPartition(Topic, positions[0].Partition);

        Assert.Equal(["15", "16", "17"], (await _first.Log.ReadAsync(partition, 15, 3).Within()).Select(Text));
        Assert.Empty(await _first.Log.ReadAsync(partition, 20, 3).Within());
    }

    [ConformanceFact]
    public async Task Seek_Back_DeliversAgain()
    {
        await AppendAsync("a", 5);
        await using var reader = await JoinAsync(_first, "g");
        var records = await PollAsync(reader);

        reader.Seek(records[0].Partition, 3);

        Assert.Equal(["3", "4"], (await PollAsync(reader)).Select(Text));
    }

    [ConformanceFact]
    public async Task EnsureAsync_ExistingTopic_KeepsItsPartitions()
    {
        var settings = await _first.Topics.EnsureAsync(new TopicSettings(Topic, 9, TimeSpan.FromHours(1))).Within();

        Assert.Equal(4, settings.Partitions);
        Assert.Equal(4, (await _first.Topics.DescribeAsync(Topic).Within()).Count);
    }

    [ConformanceFact]
    public async Task DeleteAsync_Topic_TakesRecordsAndOffsetsAway()
    {
        await AppendAsync("a", 3);
        await _first.Topics.DeleteAsync(Topic).Within();

        await Assert.ThrowsAsync<UnknownTopicException>(() => AppendAsync("a", 1));
        Assert.Empty(await _first.Topics.DescribeAsync(Topic).Within());
    }

    [ConformanceFact]
    public async Task TrimAsync_RecordsPastRetention_AreRemovedFromTheFrontAndReadersGoOnBehind()
    {
        await _first.Topics.EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromMilliseconds(300))).Within();
        await AppendAsync("a", 5);
        await using var reader = await JoinAsync(_first, "g");
        await Task.Delay(400);
        var position = Assert.Single(await _first.Log.AppendAsync([Message("a", "new")]).Within());

        Assert.Equal(5, await _first.Topics.TrimAsync().Within());

        Assert.Equal(new PartitionState(new TopicPartition(Topic, position.Partition), 5, 6), (await _first.Topics.DescribeAsync(Topic).Within())[position.Partition]);
        Assert.Equal(["new"], (await PollAsync(reader)).Select(Text));
    }

    [ConformanceFact]
    public async Task TrimAsync_KeepUncommitted_WaitsForTheSlowestGroup()
    {
        await _first.Topics.EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromMilliseconds(1)) { KeepUncommitted = true }).Within();
        await AppendAsync("a", 5);
        await Task.Delay(20);
        Assert.Equal(0, await _first.Topics.TrimAsync().Within());
        await using var fast = await JoinAsync(_first, "fast");
        await using var slow = await JoinAsync(_first, "slow");
        var partition = (await PollAsync(fast))[0].Partition;
        await fast.CommitAsync(partition, 5).Within();
        await slow.CommitAsync(partition, 2).Within();

        Assert.Equal(2, await _first.Topics.TrimAsync().Within());
    }

    /// <summary>Whether a reader learns of another process's record without polling.</summary>
    private protected virtual bool WakesAcrossProcesses => true;

    private protected async Task<LogHost> AnotherHostAsync()
    {
        var host = await StartHostAsync();
        _hosts.Add(host);
        return host;
    }

    private static ConsumerOptions Options(string group) => new(Topic) { Group = group, Lease = TimeSpan.FromSeconds(1), PollInterval = TimeSpan.FromMilliseconds(200) };

    private static SubscriptionOptions Subscription(string group) => new() { Consumer = Options(group), Backoff = TimeSpan.FromMilliseconds(1) };

    private static Task<ILogConsumer> JoinAsync(LogHost host, string group) => host.Log.OpenAsync(Options(group)).Within();

    private static Task<ILogConsumer> JoinAsync(LogHost host, string group, TimeSpan lease) => host.Log.OpenAsync(Options(group) with { Lease = lease }).Within();

    private static Task<IReadOnlyList<LogRecord>> PollAsync(ILogConsumer reader) => reader.PollAsync().Within();

    private static BusMessage Message(string key, object value) => new(Topic, key, "order", Bytes(value));

    private static byte[] Bytes(object value) => Encoding.UTF8.GetBytes(Convert.ToString(value, CultureInfo.InvariantCulture)!);

    private static string Text(LogRecord record) => Encoding.UTF8.GetString(record.Payload.Span);

    private static (string Bad, string Good) KeysOfTwoPartitions()
    {
        var bad = "bad";
        return (bad, Enumerable.Range(0, 100).Select(n => $"good{n}").First(key => KeyPartitioner.PartitionOf(key, 4) != KeyPartitioner.PartitionOf(bad, 4)));
    }

    private Task<IReadOnlyList<LogPosition>> AppendAsync(string key, int count, int from = 0) => _first.Log.AppendAsync([.. Enumerable.Range(from, count).Select(n => Message(key, n))]).Within();

    private async Task<List<LogRecord>> AllAsync()
    {
        var all = new List<LogRecord>();
        foreach (var partition in await _first.Topics.DescribeAsync(Topic).Within()) all.AddRange(await _first.Log.ReadAsync(partition.Partition, 0, 10_000).Within());
        return all;
    }
}
