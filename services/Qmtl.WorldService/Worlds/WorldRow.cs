using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.WorldService.Worlds;

/// <summary>A row of <c>ws_worlds</c>.</summary>
internal sealed record WorldRow
{
    public string WorldId { get; init; } = "";

    public string Name { get; init; } = "";

    public string Description { get; init; } = "";

    public string Owner { get; init; } = "";

    public string Labels { get; init; } = "[]";

    public string State { get; init; } = WorldStates.Active;

    public bool AllowLive { get; init; }

    public bool CircuitBreaker { get; init; }

    public DateTimeOffset? CircuitResetAt { get; init; }

    public bool Shadow { get; init; }

    public int DefaultPolicyVersion { get; init; }

    public string? RiskProfile { get; init; }

    public string? Data { get; init; }

    public string? Extras { get; init; }

    public string? LiveFingerprint { get; init; }

    public DateTimeOffset? DecisionsAt { get; init; }

    /// <summary>The apply in progress; null when there is none.</summary>
    public string? ApplyRunId { get; init; }

    /// <summary>The apply that froze the world and has not let go of it; null when the world is not frozen.</summary>
    public string? FrozenBy { get; init; }

    public long Revision { get; init; }

    /// <summary>Counts changes to bindings, measurements and hysteresis.</summary>
    public long CohortRevision { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public string Etag => string.Create(CultureInfo.InvariantCulture, $"world:{WorldId}:{Revision}");

    public World ToMessage()
    {
        var world = new World
        {
            Id = WorldId,
            Name = Name,
            Description = Description,
            Owner = Owner,
            State = State,
            AllowLive = AllowLive,
            CircuitBreaker = CircuitBreaker,
            Shadow = Shadow,
            DefaultPolicyVersion = DefaultPolicyVersion,
            CreatedAt = Timestamp.FromDateTimeOffset(CreatedAt),
            UpdatedAt = Timestamp.FromDateTimeOffset(UpdatedAt),
            RiskProfile = Json.ReadOptional<RiskProfile>(RiskProfile),
            Data = Json.ReadOptional<WorldData>(Data),
            Extras = Json.ReadOptional<Struct>(Extras),
            Etag = Etag,
            Operation = ApplyRunId is null ? "steady" : "applying",
            FrozenBy = FrozenBy,
        };
        world.Labels.Add(JsonSerializer.Deserialize<string[]>(Labels)!);
        return world;
    }
}

internal static class WorldStates
{
    public const string Active = "ACTIVE";
    public const string Suspended = "SUSPENDED";
    public const string Deleted = "DELETED";
}
