using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.Contract;

/// <summary>What every log promises to handlers: order of a key while replicas come and go, retries, dead letters, re-drive, traces.</summary>
public abstract class HandlingContract : LogContract
{
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
        var first = First.Subscriptions.RunAsync(Subscription("g"), Handle, stopFirst.Token);
        var second = Task.CompletedTask;
        for (var n = 0; n < Each; n++)
        {
            await First.Log.AppendAsync([.. Enumerable.Range(0, Keys).Select(key => Message($"k{key}", n))]).Within();
            if (n == 10) second = (await AnotherHostAsync()).Subscriptions.RunAsync(Subscription("g"), Handle, stopSecond.Token);
            if (n == 20) await stopFirst.CancelAsync();
        }
        await TimeLimits.EventuallyAsync(() => handled.Select(each => each).Distinct().Count() == Keys * Each, Patience);

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

        var run = First.Subscriptions.RunAsync(Subscription("g"), (_, _) => ++attempts < 3 ? throw new IOException("busy") : stop.CancelAsync(), stop.Token);

        await run.Within();
        Assert.Equal(3, attempts);
        Assert.Empty(await First.Topics.DescribeAsync(DeadLetterTopic).Within());
    }

    [ConformanceFact]
    public async Task RunAsync_HandlerAlwaysFails_MovesTheRecordAsideAndGoesOn()
    {
        await AppendAsync("a", 3);
        var attempts = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();

        await First.Subscriptions.RunAsync(
            Subscription("g"),
            (record, _) =>
            {
                attempts.Enqueue(Text(record));
                if (Text(record) == "1") throw new IOException("broken");
                return Text(record) == "2" ? stop.CancelAsync() : Task.CompletedTask;
            },
            stop.Token).Within();

        Assert.Equal(["0", "1", "1", "1", "2"], attempts);
        var dead = Assert.Single(await First.Log.ReadAsync(new TopicPartition(DeadLetterTopic, 0), 0, 10).Within());
        Assert.Equal(("1", "a", "3", "attempts", "g", "IOException: broken", "1"), (Text(dead), dead.Key, dead.Headers["dlq-attempts"], dead.Headers["dlq-reason"], dead.Headers["dlq-group"], dead.Headers["dlq-error"], dead.Headers["dlq-offset"]));
        Assert.Equal(0, (await First.Topics.DescribeGroupAsync("g").Within()).Sum(state => state.Lag));
    }

    [ConformanceFact]
    public async Task RunAsync_PoisonRecord_GoesAsideAtOnce()
    {
        await AppendAsync("a", 2);
        var attempts = 0;
        using var stop = new CancellationTokenSource();

        await First.Subscriptions.RunAsync(
            Subscription("g"),
            (record, _) =>
            {
                attempts++;
                return Text(record) == "0" ? throw new PoisonMessageException("not JSON") : stop.CancelAsync();
            },
            stop.Token).Within();

        Assert.Equal(2, attempts);
        Assert.Equal("poison", Assert.Single(await First.Log.ReadAsync(new TopicPartition(DeadLetterTopic, 0), 0, 10).Within()).Headers["dlq-reason"]);
    }

    [ConformanceFact]
    public async Task RunAsync_RecordSentTwice_IsHandledOnceAndCommitted()
    {
        var copy = Message("a", "x") with { Headers = new Dictionary<string, string> { ["qmtl-id"] = "test/0@0:1" } };
        await First.Log.AppendAsync([copy, copy, Message("a", "end"), copy]).Within();
        var handled = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();

        var run = First.Subscriptions.RunAsync(
            Subscription("g"),
            (record, _) =>
            {
                handled.Enqueue(Text(record));
                return Task.CompletedTask;
            },
            stop.Token);
        await TimeLimits.EventuallyAsync(async () => (await First.Topics.DescribeGroupAsync("g")).Sum(state => state.Committed) == 4, Patience);
        await stop.CancelAsync();
        await run.Within();

        Assert.Equal(["x", "end"], handled);
    }

    [ConformanceFact]
    public async Task RedriveAsync_DeadRecords_GoBackToTheGroupThatFailedAndToNoOther()
    {
        await AppendAsync("a", 2);
        var isMended = false;
        var (failing, other) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        using var stop = new CancellationTokenSource();
        var runs = Task.WhenAll(
            First.Subscriptions.RunAsync(
                Subscription("failing"),
                (record, _) =>
                {
                    if (!isMended) throw new IOException("broken");
                    failing.Enqueue(Text(record));
                    return Task.CompletedTask;
                },
                stop.Token),
            First.Subscriptions.RunAsync(
                Subscription("other"),
                (record, _) =>
                {
                    other.Enqueue(Text(record));
                    return Task.CompletedTask;
                },
                stop.Token));
        await TimeLimits.EventuallyAsync(async () => (await First.Topics.DescribeAsync(DeadLetterTopic)).Sum(partition => partition.End) == 2 && other.Count == 2, Patience);

        isMended = true;
        var redrive = First.Get<IRedrive>();
        Assert.Equal(new RedriveResult(2, 0), await redrive.RedriveAsync(DeadLetterTopic, limit: 100).Within(Patience));
        Assert.Equal(new RedriveResult(0, 0), await redrive.RedriveAsync(DeadLetterTopic, limit: 100).Within(Patience));

        await TimeLimits.EventuallyAsync(() => failing.Count == 2, Patience);
        await TimeLimits.EventuallyAsync(async () => (await First.Topics.DescribeGroupAsync("other")).Sum(state => state.Committed) == 4, Patience);
        await stop.CancelAsync();
        await runs.Within();
        Assert.Equal(["0", "1"], failing);
        Assert.Equal(["0", "1"], other);
    }

    [ConformanceFact]
    public async Task RunAsync_OnePartitionFails_TheOthersGoOn()
    {
        var (bad, good) = KeysOfTwoPartitions();
        await First.Log.AppendAsync([Message(bad, "x"), .. Enumerable.Range(0, 5).Select(n => Message(good, n))]).Within();
        var seen = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();

        var run = First.Subscriptions.RunAsync(
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

        await First.Subscriptions.RunAsync(
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

        await First.Subscriptions.RunAsync(
            Subscription("g"),
            (_, _) =>
            {
                received = Activity.Current!.TraceId;
                return stop.CancelAsync();
            },
            stop.Token).Within();

        Assert.Equal(sent, received);
    }
}
