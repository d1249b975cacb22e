using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Events;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Events;

public sealed class HubTests : IDisposable
{
    private static readonly EventFilter Everything = EventFilter.Of(EventTopics.Normalise([]), "", "");

    private readonly EventMetrics _metrics = new();
    private readonly EventHub _hub;

    public HubTests() => _hub = new EventHub(_metrics, new ManualClock());

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task Hub_SlowSubscriber_LosesTheNewestAndHarmsNobody()
    {
        using var slow = _hub.Subscribe(Everything);
        for (var i = 0; i < EventHub.Capacity; i++) Publish(new CloudEvent { Id = $"{i}" });
        using var prompt = _hub.Subscribe(Everything);
        Publish(new CloudEvent { Id = "late" });

        var batch = new List<HubEvent>();
        await prompt.ReadAsync(batch, 10, CancellationToken.None);
        Assert.Equal(["late"], batch.Select(item => item.Frame.Id));
        Assert.Equal((0, 0), (prompt.TakeLost(), slow.TakeLost()));
        await slow.ReadAsync(batch, EventHub.Capacity, CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, EventHub.Capacity).Select(i => $"{i}"), batch.Select(item => item.Frame.Id));
        Assert.Equal((1, 0), (slow.TakeLost(), slow.TakeLost()));
    }

    [Fact]
    public async Task Hub_ACopyOfAnEvent_IsDroppedWhileItIsRemembered()
    {
        using var subscription = _hub.Subscribe(Everything);
        foreach (var id in new[] { "a", "b", "a" }) Publish(new CloudEvent { Id = id });

        var batch = new List<HubEvent>();
        await subscription.ReadAsync(batch, 10, CancellationToken.None);
        Assert.Equal(["a", "b"], batch.Select(item => item.Frame.Id));
    }

    [Fact]
    public void Hub_Numbers_GrowWhateverTheClockSays()
    {
        CloudEvent[] frames = [new(), new(), new()];
        foreach (var (i, frame) in frames.Index()) _hub.Publish("policy", frame, DateTimeOffset.UnixEpoch.AddYears(100).AddSeconds(-i));

        Assert.True(frames[0].SeqNo < frames[1].SeqNo && frames[1].SeqNo < frames[2].SeqNo);
    }

    [Fact]
    public void Hub_EveryoneLeaves_KeepsNobody()
    {
        foreach (var subscription in Enumerable.Range(0, 100).Select(_ => _hub.Subscribe(Everything)).ToArray()) subscription.Dispose();

        Assert.Equal(0, _hub.Count);
    }

    [Fact]
    public void Filter_OfAWorld_NeverLetsAnotherWorldsEventsThrough()
    {
        string[] worlds = ["a", "b", "c"];
        var topics = Gen.SubListOf(EventTopics.Relayed.ToArray()).Select(names => EventTopics.Normalise(names.Append("none")));
        var filters = topics.SelectMany(names => Gen.Elements(worlds).SelectMany(world => Gen.Elements("", "s", "t").Select(strategy => EventFilter.Of(names, world, strategy))));
        var events = Gen.Elements(EventTopics.Relayed.ToArray()).SelectMany(topic => Gen.Elements(worlds).SelectMany(world => Gen.Elements("", "s", "t").SelectMany(strategy => Gen.Elements(true, false)
            .Select(isNested => new HubEvent(topic, Event(world, strategy, isNested))))));

        Prop.ForAll(filters.ToArbitrary(), events.ToArbitrary(), (filter, item) =>
        {
            var wanted = filter.Topics.Contains(item.Topic) && filter.World == item.WorldId && (filter.StrategyId.Length == 0 || item.StrategyId.Length == 0 || filter.StrategyId == item.StrategyId);
            return filter.Wants(item) == wanted;
        }).QuickCheckThrowOnFailure();
    }

    private static CloudEvent Event(string world, string strategy, bool isNested)
    {
        var data = new Struct { Fields = { ["world_id"] = Value.ForString(world) } };
        if (isNested) data = new Struct { Fields = { ["snapshot"] = Value.ForStruct(data) } };
        if (strategy.Length > 0) data.Fields["strategy_id"] = Value.ForString(strategy);
        return new CloudEvent { Data = data };
    }

    private void Publish(CloudEvent frame) => _hub.Publish("policy", frame, DateTimeOffset.UnixEpoch);
}
