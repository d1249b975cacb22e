using System.Collections.Concurrent;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Tests.TestKit;
using Qmtl.Messaging.Topics;
using Qmtl.Storage.Outbox;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests;

/// <summary>How often and how far apart a record is tried, by a clock that the test turns.</summary>
public sealed class RetryTests
{
    [Fact]
    public async Task RunAsync_HandlerAlwaysFails_IsTriedThreeTimesHalfASecondAndOneSecondApart()
    {
        var clock = new ManualClock();
        await using var host = await LogHost.StartAsync(new() { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-retry-").FullName, ["Storage:Fsync"] = "false" }, clock);
        await host.Log.AppendAsync([new BusMessage(TopicCatalog.TradeFills, "k", "fill", "{}"u8.ToArray())]).Within();
        var start = clock.GetUtcNow();
        var attempts = new ConcurrentQueue<TimeSpan>();
        using var stop = new CancellationTokenSource();

        var run = host.Subscriptions.RunAsync(
            new SubscriptionOptions { Consumer = new ConsumerOptions(TopicCatalog.TradeFills) },
            (_, _) =>
            {
                attempts.Enqueue(clock.GetUtcNow() - start);
                throw new IOException("broken");
            },
            stop.Token);
        await TimeLimits.EventuallyAsync(async () =>
        {
            // In steps that no pause is a part of by chance: each attempt falls on the first step after its pause.
            if (attempts.Count is > 0 and < 3) clock.Advance(TimeSpan.FromMilliseconds(100));
            return (await host.Topics.DescribeAsync("trade.fills.dlq")).Sum(partition => partition.End) == 1;
        });
        await stop.CancelAsync();
        await run.Within();

        var times = attempts.ToArray();
        Assert.Equal(3, times.Length);
        Assert.True(times[1] - times[0] >= TimeSpan.FromSeconds(0.5), $"The second attempt came after {times[1] - times[0]}.");
        Assert.True(times[2] - times[1] >= TimeSpan.FromSeconds(1), $"The third attempt came after {times[2] - times[1]}.");
    }
}
