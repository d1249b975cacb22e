using System.Collections.Concurrent;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Messaging.Events;
using Qmtl.Protos;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Activation;

/// <summary>Activation through a whole gateway: from the log to its subscribers and back.</summary>
public sealed class ObserverTests : IAsyncLifetime, IDisposable
{
    private readonly Dictionary<string, string?> _store = GatewayHost.Sqlite();
    private readonly ConcurrentQueue<ActivationUpdated> _seen = new();
    private readonly CancellationTokenSource _end = new();
    private Peers _peers = null!;
    private GatewayHost _gateway = null!;
    private Task _following = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        _peers = await Peers.StartAsync();
        _gateway = await GatewayHost.StartAsync(_store, _peers.Address);
    }

    public async Task DisposeAsync()
    {
        await _end.CancelAsync();
        await _following.Within();
        await _gateway.DisposeAsync();
        await _peers.DisposeAsync();
    }

    public void Dispose() => _end.Dispose();

    [Fact]
    public async Task Apply_InOrder_ReachesSubscribersAndIsAcknowledged()
    {
        await FollowAsync();

        await PublishAsync(Freeze(1, 1));
        await PublishAsync(Open(2, 3, version: 2));
        await PublishAsync(Release(3, 3));

        await TimeLimits.EventuallyAsync(async () => await AcknowledgedAsync() == 3, what: "the acknowledgement of 3");
        Assert.Equal(["-", "+", "world"], _seen.Skip(2).Select(Word));
        Assert.Equal(4, await _gateway.Database.ScalarAsync<int>("SELECT next_sequence FROM gw_activation_runs WHERE world_id = 'w1' AND run_id = 'r1'"));
    }

    [Fact]
    public async Task Apply_TheFreezeIsLost_ClosesTheWorldUntilItsStateIsRead()
    {
        await FollowAsync();
        _peers.Worlds.Failure = new RefusalException(ReasonCodes.Unavailable, "Away.");

        await PublishAsync(Open(2, 3, version: 3));
        await TimeLimits.EventuallyAsync(() => _seen.Count == 3);
        Assert.Equal("-", Word(_seen.Last()));
        await PublishAsync(Release(3, 3));
        // Longer than a gap is waited for: WorldService cannot be asked, so nothing opens.
        await Task.Delay(4_000);
        Assert.Equal(3, _seen.Count);

        _peers.Worlds.Activations = [new ActivationEnvelope { WorldId = "w1", StrategyId = "s", Side = "long", Active = true, Weight = 0.5, EffectiveMode = "live", Etag = "a3", EntryVersion = 3 }];
        _peers.Worlds.Failure = null;
        await TimeLimits.EventuallyAsync(() => _seen.Count == 4, what: "the state");
        Assert.Equal(("+", 3), (Word(_seen.Last()), _seen.Last().EntityVersion));
        await TimeLimits.EventuallyAsync(async () => await AcknowledgedAsync() == 3, what: "the acknowledgement of 3");
    }

    [Fact]
    public async Task Apply_TheGatewayStartsAnewInBetween_GoesOnWithoutAGap()
    {
        await FollowAsync();
        await PublishAsync(Freeze(1, 1));
        await TimeLimits.EventuallyAsync(async () => await AcknowledgedAsync() == 1, what: "the acknowledgement of 1");
        await _end.CancelAsync();
        await _following.Within();
        await _gateway.DisposeAsync();
        _gateway = await GatewayHost.StartAsync(_store, _peers.Address);
        var lists = _peers.Worlds.Lists;
        using var call = _gateway.Client.Subscribe(new SubscribeRequest { Topics = { "activation" } });
        await call.ResponseHeadersAsync.Within();
        // The headers of a stream leave before this gateway listens for certain.
        await Task.Delay(500);

        await PublishAsync(Open(2, 3, version: 2));
        await PublishAsync(Release(3, 3));

        await TimeLimits.EventuallyAsync(async () => await AcknowledgedAsync() == 3, what: "the acknowledgement of 3");
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
        Assert.Equal("s", call.ResponseStream.Current.Data.Fields["strategy_id"].StringValue);
        Assert.Equal(lists, _peers.Worlds.Lists);
    }

    [Fact]
    public async Task Activation_ThatCannotBeRead_ClosesItsWorldUntilItsStateIsRead()
    {
        await FollowAsync();

        await _gateway.Bus.PublishAsync(ControlEvent.FromJson("activation_updated", "qmtl.services.worldservice", """{"version":1,"world_id":"w1","etag":"x","freeze":"perhaps"}"""));

        await TimeLimits.EventuallyAsync(() => _seen.Count == 4, what: "closed, and the state");
        Assert.Equal(["-", "+"], _seen.Skip(2).Select(Word));
    }

    private static string Word(ActivationUpdated update) => update.Freeze == true || update.Active == false ? "-" : update.StrategyId is null ? "world" : "+";

    private static ActivationUpdated Freeze(int number, int last) => Numbered(number, last, new ActivationUpdated { Active = false, Freeze = true, Phase = "freeze" });

    private static ActivationUpdated Open(int number, int last, int version) =>
        Numbered(number, last, new ActivationUpdated { StrategyId = "s", Side = "long", Active = true, Freeze = false, Weight = 1, EffectiveMode = "live", Phase = "unfreeze", EntityVersion = version });

    private static ActivationUpdated Release(int number, int last) => Numbered(number, last, new ActivationUpdated { Freeze = false, Phase = "unfreeze" });

    private static ActivationUpdated Numbered(int number, int last, ActivationUpdated update)
    {
        (update.Version, update.WorldId, update.RunId, update.Etag, update.RequiresAck, update.Sequence, update.LastSequence) = (1, "w1", "r1", $"e{number}", true, number, last);
        update.Ts = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow);
        return update;
    }

    private async Task PublishAsync(ActivationUpdated update) => await _gateway.Bus.PublishAsync(ControlEvent.FromJson("activation_updated", "qmtl.services.worldservice", ProtoJson.Write(update)));

    private async Task<int> AcknowledgedAsync()
    {
        var payloads = await _gateway.Database.ReadAsync(session => session.QueryAsync<byte[]>("SELECT payload FROM bus_log WHERE topic = 'control.activation.ack' AND message_type = 'activation_ack'"));
        return payloads.Select(payload => CloudEventEnvelope.Parse(payload).Data["sequence"]!.GetValue<int>()).DefaultIfEmpty().Max();
    }

    /// <summary>Follows one strategy; the state of both its sides comes first.</summary>
    private async Task FollowAsync()
    {
        _following = Task.Run(async () =>
        {
            try
            {
                using var call = _gateway.Client.Subscribe(new SubscribeRequest { WorldId = "w1", StrategyId = "s", Topics = { "activation" } }, cancellationToken: _end.Token);
                while (await call.ResponseStream.MoveNext(_end.Token)) _seen.Enqueue(ProtoJson.Read<ActivationUpdated>(ProtoJson.Write(call.ResponseStream.Current.Data)));
            }
            catch (Exception) when (_end.IsCancellationRequested)
            {
                // Told to stop following.
            }
        });
        await TimeLimits.EventuallyAsync(() => _seen.Count == 2, what: "the state of both sides");
    }
}
