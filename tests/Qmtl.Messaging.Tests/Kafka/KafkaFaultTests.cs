using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Tests.Contract;
using Qmtl.Messaging.Tests.TestKit;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.Kafka;

/// <summary>A broker that fails, moves and comes back: readers and writers get over it, or say so.</summary>
public sealed class KafkaFaultTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Topic = "fault.orders";
    private const double Patience = 60;
    private const int NotLeader = 6;
    private const int TimedOut = 7;
    private const int Broken = -195;
    private const int CoordinatorMoved = 16;

    private readonly KafkaStore _store = new(brokers: 2);
    private LogHost _host = null!;

    public async Task InitializeAsync()
    {
        await _store.StartAsync();
        _store.Settings["Messaging:Kafka:DeliveryTimeout"] = "00:00:02";
        _store.Cluster.CreateTopic(Topic, 4);
        _host = await LogHost.StartAsync(_store.Settings);
        await _host.Topics.EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromDays(1))).Within();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _store.DisposeAsync();
    }

    [RequiresFact(Needs.Kafka)]
    public async Task AppendAsync_BrokersDown_FailsWithinItsTimeAndWorksWhenTheyAreBack()
    {
        await AppendAsync(0).Within();
        _store.Cluster.SetDown(1);
        _store.Cluster.SetDown(2);

        var error = await Assert.ThrowsAsync<StorageException>(() => AppendAsync(1).Within());
        Assert.Equal(StorageFailure.OutcomeUnknown, error.Failure);
        _store.Cluster.SetUp(1);
        _store.Cluster.SetUp(2);

        await TimeLimits.EventuallyAsync(AppendsAsync, Patience);
        // The one whose outcome was not known may stand or not.
        var read = await ReadAsync(numbers => numbers.Contains(2));
        Assert.Equal([0, 2], read.Distinct().Where(number => number != 1));

        async Task<bool> AppendsAsync()
        {
            try
            {
                await AppendAsync(2);
                return true;
            }
            catch (StorageException)
            {
                return false;
            }
        }
    }

    [RequiresFact(Needs.Kafka)]
    public async Task AppendAsync_TransientErrors_AreRetriedWithoutLossOrDisorder()
    {
        _store.Cluster.FailNext(KafkaRequest.Produce, NotLeader, TimedOut, NotLeader, Broken);

        for (var number = 0; number < 20; number++) await AppendAsync(number).Within(Patience);

        Assert.Equal(Enumerable.Range(0, 20), (await ReadAsync(numbers => numbers.Contains(19))).Distinct());
    }

    [RequiresFact(Needs.Kafka)]
    public async Task PollAsync_FetchErrorsAndANewLeader_GoesOnWhereItWas()
    {
        await using var reader = await _host.Log.OpenAsync(new ConsumerOptions(Topic)).Within(Patience);
        var seen = new List<int>();
        for (var number = 0; number < 10; number++) await AppendAsync(number).Within(Patience);
        while (seen.Count < 10) seen.AddRange((await reader.PollAsync().Within(Patience)).Select(Number));

        _store.Cluster.FailNext(KafkaRequest.Fetch, NotLeader, TimedOut, Broken, NotLeader);
        for (var partition = 0; partition < 4; partition++) _store.Cluster.SetLeader(Topic, partition, 2);
        for (var number = 10; number < 20; number++) await AppendAsync(number).Within(Patience);
        while (seen.Count < 20) seen.AddRange((await reader.PollAsync().Within(Patience)).Select(Number));

        Assert.Equal(Enumerable.Range(0, 20), seen);
    }

    [RequiresFact(Needs.Kafka)]
    public async Task RunAsync_BrokersRestartWhileAGroupReads_HandlesEveryRecord()
    {
        var handled = new ConcurrentQueue<int>();
        using var stop = new CancellationTokenSource();
        var run = _host.Subscriptions.RunAsync(
            new SubscriptionOptions { Consumer = new ConsumerOptions(Topic) { Group = "g" } },
            (record, _) =>
            {
                handled.Enqueue(Number(record));
                return Task.CompletedTask;
            },
            stop.Token);
        for (var number = 0; number < 10; number++) await AppendAsync(number).Within(Patience);
        await TimeLimits.EventuallyAsync(() => handled.Count >= 10, Patience);

        _store.Cluster.SetDown(1);
        _store.Cluster.SetDown(2);
        await Task.Delay(500);
        _store.Cluster.SetUp(1);
        _store.Cluster.SetUp(2);
        for (var number = 10; number < 20; number++) await AppendAsync(number).Within(Patience);

        await TimeLimits.EventuallyAsync(() => handled.Distinct().Count() == 20, Patience);
        await stop.CancelAsync();
        await run.Within(Patience);
        Assert.Equal(Enumerable.Range(0, 20), handled.Distinct());
    }

    [RequiresFact(Needs.Kafka)]
    public async Task CommitAsync_CoordinatorRefuses_IsSaidOrDoneAndNeverForgotten()
    {
        await AppendAsync(0).Within();
        await using (var reader = await _host.Log.OpenAsync(Group("g")).Within(Patience))
        {
            var record = Assert.Single(await reader.PollAsync().Within(Patience));
            _store.Cluster.FailNext(KafkaRequest.OffsetCommit, CoordinatorMoved, TimedOut);
            try
            {
                await reader.CommitAsync(record.Partition, 1).Within(Patience);
            }
            catch (StorageException)
            {
                // Then the caller knows, and may say it again.
                await reader.CommitAsync(record.Partition, 1).Within(Patience);
            }
        }

        Assert.Equal(0, (await _host.Topics.DescribeGroupAsync("g").Within(Patience)).Sum(state => state.Lag));
    }

    [RequiresFact(Needs.Kafka)]
    public async Task OpenAsync_BrokersDown_IsUnavailable()
    {
        _store.Cluster.SetDown(1);
        _store.Cluster.SetDown(2);

        var error = await Assert.ThrowsAsync<StorageException>(() => _host.Log.OpenAsync(new ConsumerOptions(Topic)).Within(Patience));

        Assert.Equal(StorageFailure.Unavailable, error.Failure);
        _store.Cluster.SetUp(1);
        _store.Cluster.SetUp(2);
    }

    [RequiresFact(Needs.Kafka)]
    public async Task HandOver_HandlerAtWork_FinishesBeforeTheOtherMemberBegins()
    {
        var second = await LogHost.StartAsync(_store.Settings);
        try
        {
            for (var number = 0; number < 40; number++) await _host.Log.AppendAsync([Message($"k{number}", number)]).Within();
            var atWork = new ConcurrentDictionary<TopicPartition, int>();
            var handled = new ConcurrentQueue<int>();
            var overlaps = 0;
            async Task HandleAsync(LogRecord record, CancellationToken token)
            {
                if (atWork.AddOrUpdate(record.Partition, 1, (_, count) => count + 1) > 1) Interlocked.Increment(ref overlaps);
                await Task.Delay(150, token);
                handled.Enqueue(Number(record));
                atWork.AddOrUpdate(record.Partition, 0, (_, count) => count - 1);
            }

            using var stop = new CancellationTokenSource();
            var first = _host.Subscriptions.RunAsync(Subscription(), HandleAsync, stop.Token);
            await TimeLimits.EventuallyAsync(() => !handled.IsEmpty, Patience);
            var other = second.Subscriptions.RunAsync(Subscription(), HandleAsync, stop.Token);
            await TimeLimits.EventuallyAsync(() => handled.Distinct().Count() == 40, Patience);

            await stop.CancelAsync();
            await Task.WhenAll(first, other).Within(Patience);
            Assert.Equal(0, overlaps);
        }
        finally
        {
            await second.DisposeAsync();
        }
    }

    private static ConsumerOptions Group(string name) => new(Topic) { Group = name };

    private static SubscriptionOptions Subscription() => new() { Consumer = Group("work") };

    private static BusMessage Message(string key, int number) => new(Topic, key, "order", Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture)));

    private static int Number(LogRecord record) => int.Parse(record.Payload.Span, CultureInfo.InvariantCulture);

    private Task<IReadOnlyList<LogPosition>> AppendAsync(int number) => _host.Log.AppendAsync([Message("key", number)]);

    private async Task<List<int>> ReadAsync(Func<List<int>, bool> enough)
    {
        await using var reader = await _host.Log.OpenAsync(new ConsumerOptions(Topic)).Within(Patience);
        var numbers = new List<int>();
        while (!enough(numbers)) numbers.AddRange((await reader.PollAsync().Within(Patience)).Select(Number));
        return numbers;
    }
}
