using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.WorldService.Activation;

/// <summary>Whether one side of one strategy may trade: a row of <c>ws_activation</c>, and an entry of the fast table.</summary>
internal sealed record ActivationEntry
{
    public string WorldId { get; init; } = "";

    public string StrategyId { get; init; } = "";

    public string Side { get; init; } = "";

    public bool Active { get; init; }

    public double Weight { get; init; } = 1;

    public bool Freeze { get; init; }

    public bool Drain { get; init; }

    /// <summary>Whether an apply holds the world frozen. Kept apart from <see cref="Freeze"/>, so that letting go brings back what stood before.</summary>
    public bool Held { get; init; }

    public string EffectiveMode { get; init; } = "";

    /// <summary>The most an operator lets the entry do, a token of a mode; null when nobody limited it.</summary>
    public string? ModeLimit { get; init; }

    public string? RunId { get; init; }

    public DateTimeOffset Ts { get; init; }

    public int EntryVersion { get; init; }

    /// <summary>Freeze and drain both mean inactive, whatever was granted before; lifting them brings that back.</summary>
    public bool EffectivelyActive => Active && !Frozen && !Drained;

    /// <summary>What others see: no orders at all.</summary>
    public bool Frozen => Freeze || Held;

    /// <summary>What others see: no new orders.</summary>
    public bool Drained => Drain || Held;

    public string Etag => string.Create(CultureInfo.InvariantCulture, $"act:{WorldId}:{StrategyId}:{Side}:{EntryVersion}");

    public ActivationStateEntry ForHash() =>
        new(StrategyId, Side, EffectivelyActive, Weight, Frozen, Drained, ExecutionModes.ParseMode(EffectiveMode) ?? Identity.EffectiveMode.Validate, EntryVersion);

    public ActivationEnvelope ToEnvelope(string? stateHash) => new()
    {
        WorldId = WorldId,
        StrategyId = StrategyId,
        Side = Side,
        Active = EffectivelyActive,
        Weight = Weight,
        Freeze = Frozen,
        Drain = Drained,
        EffectiveMode = EffectiveMode,
        Etag = Etag,
        RunId = RunId,
        Ts = Timestamp.FromDateTimeOffset(Ts),
        StateHash = stateHash,
        EntryVersion = EntryVersion,
    };

    public ActivationUpdated ToEvent(string stateHash) => new()
    {
        Version = 1,
        WorldId = WorldId,
        StrategyId = StrategyId,
        Side = Side,
        Active = EffectivelyActive,
        Weight = Weight,
        Freeze = Frozen,
        Drain = Drained,
        EffectiveMode = EffectiveMode,
        Etag = Etag,
        RunId = RunId ?? "",
        Ts = Timestamp.FromDateTimeOffset(Ts),
        StateHash = stateHash,
        EntityVersion = EntryVersion,
    };
}
