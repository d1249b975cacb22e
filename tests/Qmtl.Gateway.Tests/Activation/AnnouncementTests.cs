using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Events;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Gateway.Worlds;
using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Events;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Activation;

/// <summary>A gateway that cannot say that it is there may show no open gate: nobody waits for it any more.</summary>
public sealed class AnnouncementTests
{
    [Fact]
    public async Task Observer_CannotAnnounceItself_ClosesBeforeItsTimeIsOverAndShowsTheStateLater()
    {
        await using var peers = await Peers.StartAsync();
        using var channel = GrpcChannel.ForAddress(peers.Address);
        var clock = new ManualClock(DateTimeOffset.UtcNow);
        using var metrics = new EventMetrics();
        using var activationMetrics = new ActivationMetrics();
        var options = new WorldServiceOptions();
        var hub = new EventHub(metrics, clock);
        var bus = new Bus();
        using var breaker = new WorldServiceBreaker(options, clock);
        using var observer = new ActivationObserver(
            bus, database: null!, hub, new ActivationSequencer(new HubActivationSink(hub, clock), clock), activationMetrics, new WorldService.WorldServiceClient(channel),
            new WorldServiceCaller(options, breaker, clock), clock, NullLogger<ActivationObserver>.Instance);
        var filter = EventFilter.Of(EventTopics.Normalise(["activation"]), "w1", "");
        using var follower = hub.Subscribe(filter);
        observer.Listening();
        await observer.StartAsync(CancellationToken.None);
        await UntilAsync(clock, () => bus.Announced == 1);

        bus.IsAway = true;
        var from = clock.GetUtcNow();
        var closed = await NextAsync(clock, follower);

        Assert.Equal((0, true), (closed.WorldId.Length, closed.Frame.Data.Fields["freeze"].BoolValue));
        Assert.InRange(clock.GetUtcNow() - from, TimeSpan.Zero, ActivationObserver.Ttl - TimeSpan.FromSeconds(1));
        Assert.False(observer.MayShow(filter));

        bus.IsAway = false;
        HubEvent shown;
        do shown = await NextAsync(clock, follower);
        while (shown.Entry is null);
        Assert.True(shown.Frame.Data.Fields["active"].BoolValue);
        Assert.True(observer.MayShow(filter));
        await observer.StopAsync(CancellationToken.None);
    }

    private static async Task<HubEvent> NextAsync(ManualClock clock, EventSubscription follower)
    {
        var batch = new List<HubEvent>();
        var reading = follower.ReadAsync(batch, 1, CancellationToken.None).AsTask();
        await UntilAsync(clock, () => reading.IsCompleted);
        return batch[0];
    }

    private static async Task UntilAsync(ManualClock clock, Func<bool> reached)
    {
        for (var step = 0; step < 1_000 && !reached(); step++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(10);
        }

        Assert.True(reached());
    }

    private sealed class Bus : IControlBus
    {
        public volatile bool IsAway;
        public volatile int Announced;

        public Task<LogPosition> PublishAsync(ControlEvent controlEvent, CancellationToken cancellationToken = default)
        {
            if (IsAway) throw new StorageException(StorageFailure.Unavailable, "The log is away.");
            Interlocked.Increment(ref Announced);
            return Task.FromResult(new LogPosition("control.activation.ack", 0, 0));
        }

        public Task RunAsync(SubscriptionOptions options, Func<Delivery, CancellationToken, Task> handle, CancellationToken stop) => Task.CompletedTask;
    }
}
