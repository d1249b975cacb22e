using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.Messaging.Topics;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>The state a subscriber begins with, so that it need not wait for the next change.</summary>
internal sealed class EventSnapshots(WorldService.WorldServiceClient worlds, WorldServiceCaller caller, TimeProvider time)
{
    private const string Source = "qmtl.services.gateway";
    private static readonly string[] Sides = ["long", "short"];

    /// <summary>Activation of both sides where a strategy is named, and the state hash of the policies. What cannot be read is left out: absent means closed.</summary>
    public async Task<IReadOnlyList<CloudEvent>> ReadAsync(EventFilter filter, CancellationToken cancellation)
    {
        if (filter.WorldId.Length == 0) return [];
        var frames = new List<CloudEvent>();
        if (filter.Topics.Contains(TopicCatalog.Activation) && filter.StrategyId.Length > 0)
        {
            foreach (var side in Sides)
            {
                var request = new GetActivationRequest { WorldId = filter.WorldId, StrategyId = filter.StrategyId, Side = side };
                if (await TryAsync((deadline, token) => worlds.GetActivationAsync(request, deadline: deadline, cancellationToken: token).ResponseAsync, cancellation) is { } activation)
                    frames.Add(Frame("activation_updated", activation));
            }
        }

        if (filter.Topics.Contains(TopicCatalog.Policy))
        {
            var request = new GetStateHashRequest { WorldId = filter.WorldId, Topic = TopicCatalog.Policy };
            if (await TryAsync((deadline, token) => worlds.GetStateHashAsync(request, deadline: deadline, cancellationToken: token).ResponseAsync, cancellation) is { } hash)
                frames.Add(Frame("policy_state_hash", hash));
        }

        return frames;
    }

    private async Task<T?> TryAsync<T>(Func<DateTime, CancellationToken, Task<T>> call, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await caller.TryAsync(call, cancellation);
        }
        catch (Exception problem) when (problem is Grpc.Core.RpcException { StatusCode: Grpc.Core.StatusCode.NotFound } or RefusalException { Code.HttpStatus: 404 })
        {
            return null;
        }
    }

    private CloudEvent Frame(string type, IMessage payload) => new()
    {
        Specversion = "1.0",
        Id = Guid.CreateVersion7(time.GetUtcNow()).ToString(),
        Source = Source,
        Type = type,
        Time = Timestamp.FromDateTimeOffset(time.GetUtcNow()),
        Datacontenttype = "application/json",
        Data = ProtoJson.Read<Struct>(ProtoJson.Write(payload)),
    };
}
