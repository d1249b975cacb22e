using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Bench.Measuring;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage.Outbox;

namespace Qmtl.Bench.Bus;

/// <summary>Appends one at a time, from many writers and in batches; the way of a record to its handler; ten groups that read the same.</summary>
internal sealed class BusBenchmark(BusStoreKind kind) : Benchmark(NameOf(kind), Describe(kind), goal: null)
{
    private const string Topic = "bench.orders";
    private const int PayloadBytes = 512;
    private const int Writers = 64;
    private const int BatchSize = 500;
    private const int Groups = 10;

    public override async Task<IReadOnlyList<Measurement>> RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        if (BusStore.WhyMissing(kind) is not null) return [];
        var size = scale switch { Scale.Full => 1.0, Scale.Quick => 0.2, _ => 0.02 };
        await using var store = await BusStore.StartAsync(kind, cancellationToken);
        var log = store.Services.GetRequiredService<IMessageLog>();
        await store.Services.GetRequiredService<ITopicAdmin>().EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromHours(1)), cancellationToken);
        await AppendAsync(log, writers: 4, 50, cancellationToken);
        var single = Count(500 * size);
        var many = Count(10_000 * size / Writers);
        var batches = Count(60 * size);
        return
        [
            Rate("append", single, await TimeAsync(() => AppendAsync(log, 1, single, cancellationToken)), PlainAppends(single, 1)),
            Rate($"append-{Writers}-writers", many * Writers, await TimeAsync(() => AppendAsync(log, Writers, many, cancellationToken)), PlainAppends(single, 1)),
            Rate($"append-batches-of-{BatchSize}", batches * BatchSize, await TimeAsync(() => AppendBatchesAsync(log, batches, cancellationToken)), PlainAppends(batches, BatchSize)),
            .. await LatencyAsync(store, Count(400 * size), cancellationToken),
            await FanOutAsync(store, Count(4_000 * size), cancellationToken),
        ];
    }

    private static string NameOf(BusStoreKind kind) => kind switch
    {
        BusStoreKind.Sqlite => "sqlite",
        BusStoreKind.SqliteNoFsync => "sqlite-no-fsync",
        BusStoreKind.Postgres => "postgres",
        _ => "kafka-mock",
    };

    private static string Describe(BusStoreKind kind) => kind switch
    {
        BusStoreKind.Sqlite => "the log in a SQLite file, each commit waits for the disk",
        BusStoreKind.SqliteNoFsync => "the log in a SQLite file, commits do not wait for the disk",
        BusStoreKind.Postgres => "the log in Postgres on this machine, each commit waits for the disk",
        _ => "the log on librdkafka's mock broker in this process, which has no disk",
    };

    private static int Count(double count) => Math.Max(5, (int)count);

    private static BusMessage Message(int key, byte[] payload) => new(Topic, string.Create(CultureInfo.InvariantCulture, $"key-{key}"), "order", payload);

    private static async Task<TimeSpan> TimeAsync(Func<Task> run)
    {
        var started = Stopwatch.GetTimestamp();
        await run();
        return Stopwatch.GetElapsedTime(started);
    }

    private static Task AppendAsync(IMessageLog log, int writers, int each, CancellationToken cancellationToken) => Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(
        async () =>
        {
            var payload = new byte[PayloadBytes];
            for (var n = 0; n < each; n++) await log.AppendAsync([Message(writer, payload)], cancellationToken);
        },
        cancellationToken)));

    private static async Task AppendBatchesAsync(IMessageLog log, int batches, CancellationToken cancellationToken)
    {
        var payload = new byte[PayloadBytes];
        for (var batch = 0; batch < batches; batch++) await log.AppendAsync([.. Enumerable.Range(0, BatchSize).Select(n => Message(n, payload))], cancellationToken);
    }

    /// <summary>Seconds an append of so many records takes into a plain file, flushed to the disk after each.</summary>
    private double PlainAppends(int appends, int records)
    {
        var path = Path.GetTempFileName();
        try
        {
            using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
            var bytes = new byte[PayloadBytes * records];
            var started = Stopwatch.GetTimestamp();
            for (var n = 0; n < appends; n++)
            {
                file.Write(bytes);
                file.Flush(flushToDisk: kind is BusStoreKind.Sqlite or BusStoreKind.Postgres);
            }
            return Stopwatch.GetElapsedTime(started).TotalSeconds / appends / records;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private Measurement Rate(string name, int records, TimeSpan time, double? plainSecondsPerRecord)
    {
        var rate = records / time.TotalSeconds;
        double? plain = kind is BusStoreKind.KafkaMock ? null : 1 / plainSecondsPerRecord;
        return new Measurement($"{Name}-{name}", "records/s", rate, plain, rate / plain, records);
    }

    /// <summary>From just before an append to the handler, one record at a time.</summary>
    private async Task<IReadOnlyList<Measurement>> LatencyAsync(BusStore store, int records, CancellationToken cancellationToken)
    {
        var log = store.Services.GetRequiredService<IMessageLog>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var arrived = new SemaphoreSlim(0);
        var opened = new TaskCompletionSource();
        var options = new SubscriptionOptions { Consumer = new ConsumerOptions(Topic) { Group = "latency", Start = StartAt.Latest }, Opened = () => opened.TrySetResult() };
        var run = store.Services.GetRequiredService<ISubscriptions>().RunAsync(
            options,
            (_, _) =>
            {
                arrived.Release();
                return Task.CompletedTask;
            },
            stop.Token);
        await opened.Task;
        var times = new double[records];
        var payload = new byte[PayloadBytes];
        for (var n = -10; n < records; n++)
        {
            var started = Stopwatch.GetTimestamp();
            await log.AppendAsync([Message(n, payload)], cancellationToken);
            await arrived.WaitAsync(cancellationToken);
            if (n >= 0) times[n] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
        await stop.CancelAsync();
        await run;
        Array.Sort(times);
        return [.. new[] { 50, 99 }.Select(percent => new Measurement($"{Name}-latency", string.Create(CultureInfo.InvariantCulture, $"ms p{percent}"), times[(int)Math.Ceiling(records * percent / 100.0) - 1], null, null, records))];
    }

    /// <summary>Ten groups read what is there; each handles all of it.</summary>
    private async Task<Measurement> FanOutAsync(BusStore store, int records, CancellationToken cancellationToken)
    {
        const string FanOut = "bench.fanout";
        await store.Services.GetRequiredService<ITopicAdmin>().EnsureAsync(new TopicSettings(FanOut, 4, TimeSpan.FromHours(1)), cancellationToken);
        var payload = new byte[PayloadBytes];
        var messages = Enumerable.Range(0, records).Select(n => Message(n, payload) with { Topic = FanOut });
        foreach (var batch in messages.Chunk(BatchSize)) await store.Services.GetRequiredService<IMessageLog>().AppendAsync(batch, cancellationToken);
        var subscriptions = store.Services.GetRequiredService<ISubscriptions>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var left = records * Groups;
        var first = 0L;
        var done = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var runs = Task.WhenAll(Enumerable.Range(0, Groups).Select(group => subscriptions.RunAsync(
            new SubscriptionOptions { Consumer = new ConsumerOptions(FanOut) { Group = string.Create(CultureInfo.InvariantCulture, $"fanout-{group}") } },
            (_, _) =>
            {
                // Coming together costs a group seconds on a broker, and is not what is measured.
                Interlocked.CompareExchange(ref first, Stopwatch.GetTimestamp(), 0);
                if (Interlocked.Decrement(ref left) == 0) done.TrySetResult(Stopwatch.GetTimestamp());
                return Task.CompletedTask;
            },
            stop.Token)));
        var last = await done.Task;
        var time = Stopwatch.GetElapsedTime(Interlocked.Read(ref first), last);
        await stop.CancelAsync();
        await runs;
        return new Measurement($"{Name}-fan-out-{Groups}", "records/s", records * Groups / time.TotalSeconds, null, null, records * Groups);
    }
}
