using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using Qmtl.Gateway.Events;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Events;

public sealed class EventTests : IAsyncLifetime
{
    private readonly Dictionary<string, string?> _store = GatewayHost.Sqlite();
    private Peers _peers = null!;
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _peers = await Peers.StartAsync();
        _gateway = await GatewayHost.StartAsync(_store, _peers.Address);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _peers.DisposeAsync();
    }

    [Fact]
    public async Task Subscribe_QuietStream_SendsHeadersAtOnce()
    {
        using var call = _gateway.Client.Subscribe(new SubscribeRequest { Topics = { "risk" } });

        await call.ResponseHeadersAsync.Within(5);
    }

    [Fact]
    public async Task Subscribe_AnEvent_ReachesEverySubscriberThatWantsIt()
    {
        using var all = _gateway.Client.Subscribe(new SubscribeRequest());
        using var other = _gateway.Client.Subscribe(new SubscribeRequest { WorldId = "w2", Topics = { "activation", "queue" } });
        await Task.WhenAll(all.ResponseHeadersAsync, other.ResponseHeadersAsync).Within();

        await _gateway.PublishPolicyAsync("w1", 1);
        await _gateway.PublishPolicyAsync("w2", 1);

        Assert.True(await all.ResponseStream.MoveNext(CancellationToken.None).Within());
        var frame = all.ResponseStream.Current;
        Assert.Equal(("1.0", "policy_updated", "application/json"), (frame.Specversion, frame.Type, frame.Datacontenttype));
        Assert.True(frame.SeqNo > 0);
        Assert.False(other.ResponseStream.MoveNext(CancellationToken.None).IsCompleted);
    }

    [Fact]
    public async Task Subscribe_WithAStrategy_BeginsWithItsActivationAndThePolicyState()
    {
        using var call = _gateway.Client.Subscribe(new SubscribeRequest { WorldId = "w1", StrategyId = "s", Topics = { "activation,policy" } });
        var frames = new List<CloudEvent>();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
            frames.Add(call.ResponseStream.Current);
        }

        Assert.Equal(["activation_updated", "activation_updated", "policy_state_hash"], frames.Select(frame => frame.Type));
        Assert.Equal(["long", "short"], frames[..2].Select(frame => frame.Data.Fields["side"].StringValue));
        Assert.Equal("h1", frames[2].Data.Fields["state_hash"].StringValue);
    }

    [Fact]
    public async Task Subscribe_WorldServiceAway_StillStreams()
    {
        var token = (await _gateway.PostAsync("/events/subscribe", new EventStreamRequest { WorldId = "w1", StrategyId = "s" })).Text("token");
        _peers.Worlds.Failure = new RefusalException(ReasonCodes.Unavailable, "Away.");
        using var call = _gateway.Client.Subscribe(new SubscribeRequest(), new Grpc.Core.Metadata { { "authorization", $"Bearer {token}" } });
        await call.ResponseHeadersAsync.Within();

        await _gateway.PublishPolicyAsync("w1", 1);

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
        Assert.Equal("policy_updated", call.ResponseStream.Current.Type);
    }

    [Fact]
    public async Task Sse_ComesBackWithLastEventId_GetsWhatItMissedOnce()
    {
        var seen = await FollowAsync(_gateway, frames => frames.Count == 2, after: null, async () =>
        {
            await _gateway.PublishPolicyAsync("w1", 1);
            await _gateway.PublishPolicyAsync("w1", 2);
        });
        await _gateway.PublishPolicyAsync("w1", 3);

        var missed = await FollowAsync(_gateway, frames => frames.Count >= 2, seen[0].SeqNo);

        Assert.Equal([2, 3], Versions(missed));
        Assert.Equal(missed.Select(frame => frame.SeqNo).Order(), missed.Select(frame => frame.SeqNo));
    }

    [Fact]
    public async Task Sse_ComesBackAfterARestart_GetsWhatItMissedFromTheLog()
    {
        var seen = await FollowAsync(_gateway, frames => frames.Count == 1, after: null, () => _gateway.PublishPolicyAsync("w1", 1));
        // Well behind the first, beyond what numbers of two gateways may differ.
        await Task.Delay(1_200);
        for (var version = 2; version <= 300; version++) await _gateway.PublishPolicyAsync("w1", version);
        await _gateway.DisposeAsync();
        _gateway = await GatewayHost.StartAsync(_store, _peers.Address);

        var missed = await FollowAsync(_gateway, frames => frames.Any(frame => Version(frame) == 301), seen[0].SeqNo, () => _gateway.PublishPolicyAsync("w1", 301));

        Assert.Equal(Enumerable.Range(2, 300), Versions(missed).Where(version => version != 1));
    }

    [Fact]
    public async Task Sse_LastEventIdOfSomebodyElse_IsRefused()
    {
        var answer = await _gateway.GetAsync("/events?world_id=w1", ("Last-Event-ID", "yesterday"));

        Assert.Equal("E_INVALID_ARGUMENT", answer.Code);
    }

    [Fact]
    public async Task Events_TwoGatewaysOnOneStore_BothRelayEverything()
    {
        await using var second = await GatewayHost.StartAsync(_store, _peers.Address);
        using var one = _gateway.Client.Subscribe(new SubscribeRequest { Topics = { "policy" } });
        using var two = second.Client.Subscribe(new SubscribeRequest { Topics = { "policy" } });
        await Task.WhenAll(one.ResponseHeadersAsync, two.ResponseHeadersAsync).Within();
        // Readers of a log that is new begin with what comes next.
        await Task.Delay(300);

        await _gateway.PublishPolicyAsync("w1", 1);

        foreach (var call in new[] { one, two }) Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
        Assert.Equal(one.ResponseStream.Current.Id, two.ResponseStream.Current.Id);
    }

    [Theory]
    [InlineData("queues", "queue")]
    [InlineData("w/w1/Activation", "activation")]
    [InlineData("policy, nonsense ,risk", "policy,risk")]
    public void Normalise_NamesAsClientsWriteThem_AreTheBusTopics(string given, string expected) => Assert.Equal(expected.Split(','), EventTopics.Normalise([given]).Order());

    private static int Version(CloudEvent frame) => (int)frame.Data.Fields["policy_version"].NumberValue;

    private static IEnumerable<int> Versions(IEnumerable<CloudEvent> frames) => frames.Select(Version);

    /// <summary>Follows policy events of all worlds until <paramref name="enough"/>.</summary>
    private static async Task<CloudEvent[]> FollowAsync(GatewayHost gateway, Func<IReadOnlyCollection<CloudEvent>, bool> enough, ulong? after, Func<Task>? then = null)
    {
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events?topics=policy");
        if (after is { } number) request.Headers.TryAddWithoutValidation("Last-Event-ID", $"{number}");
        using var response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end.Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        if (then is not null) await then();
        var frames = new ConcurrentQueue<CloudEvent>();
        await using var stream = await response.Content.ReadAsStreamAsync(end.Token);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(end.Token))
        {
            var frame = ProtoJson.Read<CloudEvent>(item.Data);
            Assert.Equal((frame.Type, $"{frame.SeqNo}"), (item.EventType, item.EventId));
            frames.Enqueue(frame);
            if (enough(frames)) break;
        }

        return [.. frames];
    }
}
