using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Gateway.Activation;

/// <summary>Events that this gateway says itself. Pure.</summary>
internal static class ActivationFrames
{
    public const string Source = "qmtl.services.gateway";
    public const string ActivationUpdated = "activation_updated";

    /// <summary>Whether an entry lets orders through.</summary>
    public static bool IsOpen(this ActivationEnvelope entry) => entry is { Active: true, Freeze: false, Drain: false };

    /// <summary>An entry as it stands, in the shape of its change.</summary>
    public static ActivationUpdated ToUpdate(this ActivationEnvelope entry) => new()
    {
        Version = 1,
        IdempotencyKey = $"{ActivationUpdated}:{entry.WorldId}:{entry.Etag}:{entry.RunId}:{entry.EntryVersion}",
        WorldId = entry.WorldId,
        StrategyId = entry.StrategyId,
        Side = entry.Side,
        Active = entry.IsOpen(),
        Weight = entry.Weight,
        Freeze = entry.Freeze,
        Drain = entry.Drain,
        EffectiveMode = entry.EffectiveMode,
        Etag = entry.Etag,
        RunId = entry.RunId ?? "",
        Ts = entry.Ts,
        StateHash = entry.StateHash ?? "",
        EntityVersion = entry.EntryVersion,
    };

    /// <summary>An entry that was never set, or no longer is: closed.</summary>
    public static ActivationUpdated Unset(string worldId, string strategyId, string side, DateTimeOffset now) => new()
    {
        Version = 1,
        IdempotencyKey = $"{ActivationUpdated}:{worldId}:{strategyId}:{side}:unset",
        WorldId = worldId,
        StrategyId = strategyId,
        Side = side,
        Active = false,
        Weight = 0,
        Freeze = false,
        Drain = false,
        Ts = Timestamp.FromDateTimeOffset(now),
    };

    /// <summary>The whole world closed by this gateway alone, without a mode; every world where the id is empty. It ends entry by entry, with each entry's state.</summary>
    public static ActivationUpdated Hold(string worldId, DateTimeOffset now) => new()
    {
        Version = 1,
        IdempotencyKey = $"{ActivationUpdated}:{worldId}:hold:{now.UtcTicks}",
        WorldId = worldId,
        Active = false,
        Freeze = true,
        Drain = true,
        Etag = "hold",
        Ts = Timestamp.FromDateTimeOffset(now),
    };

    /// <summary>Puts a payload into an envelope.</summary>
    public static CloudEvent Frame(string type, IMessage payload, DateTimeOffset now) => new()
    {
        Specversion = "1.0",
        Id = Guid.CreateVersion7(now).ToString(),
        Source = Source,
        Type = type,
        Time = Timestamp.FromDateTimeOffset(now),
        Datacontenttype = "application/json",
        Data = ProtoJson.Read<Struct>(ProtoJson.Write(payload)),
    };
}
