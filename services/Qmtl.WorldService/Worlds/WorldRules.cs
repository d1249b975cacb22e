using System.Text.Json;
using System.Text.RegularExpressions;
using Qmtl.V1;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.RiskCircuit;

namespace Qmtl.WorldService.Worlds;

/// <summary>What makes a world well formed, and what an update changes. Pure.</summary>
internal static partial class WorldRules
{
    private static readonly string[] Tiers = ["low", "medium", "high"];

    /// <summary>The id a new world will have, well formed or not.</summary>
    public static string IdOf(CreateWorldRequest request) => request.Id.Length > 0 ? request.Id : Slug(request.Name);

    public static WorldRow Create(CreateWorldRequest request, string caller, DateTimeOffset now)
    {
        var id = IdOf(request);
        CheckId(id);
        var world = new WorldRow
        {
            WorldId = id,
            Name = request.Name.Length > 0 ? request.Name : id,
            Description = request.Description,
            Owner = request.Owner.Length > 0 ? request.Owner : caller,
            Labels = JsonSerializer.Serialize(request.Labels.Distinct(StringComparer.Ordinal)),
            AllowLive = request.AllowLive,
            RiskProfile = Json.WriteOptional(request.RiskProfile),
            Data = Json.WriteOptional(request.Data),
            Extras = Json.WriteOptional(request.Extras),
            Revision = 1,
            CreatedAt = now,
            UpdatedAt = now,
        };
        Check(world, request.RiskProfile, request.Data);
        WorldSectors.Check(request.Extras);
        return world;
    }

    public static WorldRow Apply(WorldRow world, UpdateWorldRequest request, DateTimeOffset now)
    {
        var updated = world with
        {
            Name = request.Name ?? world.Name,
            Description = request.Description ?? world.Description,
            Owner = request.Owner ?? world.Owner,
            Labels = request.ClearLabels ? "[]" : request.Labels.Count > 0 ? JsonSerializer.Serialize(request.Labels.Distinct(StringComparer.Ordinal)) : world.Labels,
            State = request.State is null ? world.State : CheckState(request.State),
            AllowLive = request.AllowLive ?? world.AllowLive,
            CircuitBreaker = request.CircuitBreaker ?? world.CircuitBreaker,
            CircuitResetAt = world.CircuitBreaker && request.CircuitBreaker == false ? now : world.CircuitResetAt,
            Shadow = request.Shadow ?? world.Shadow,
            RiskProfile = Json.WriteOptional(request.RiskProfile) ?? world.RiskProfile,
            Data = Json.WriteOptional(request.Data) ?? world.Data,
            Extras = Json.WriteOptional(request.Extras) ?? world.Extras,
        };
        Check(updated, request.RiskProfile, request.Data);
        WorldSectors.Check(request.Extras);
        return updated;
    }

    public static void CheckId(string id)
    {
        if (!Id().IsMatch(id)) throw Refuse.Field("/id", $"must be 1 to 64 characters of a-z, 0-9, '_' and '-', starting with a letter, digit or '_'; was '{Shown(id)}'");
    }

    private static void Check(WorldRow world, RiskProfile? profile, WorldData? data)
    {
        if (world.Name.Length is 0 or > 200) throw Refuse.Field("/name", $"must be 1 to 200 characters, was {world.Name.Length}");
        if (world.Owner.Length is 0 or > 200) throw Refuse.Field("/owner", $"must be 1 to 200 characters, was {world.Owner.Length}");
        if (profile is not null && !Tiers.Contains(profile.Tier, StringComparer.Ordinal)) throw Refuse.Field("/risk_profile/tier", $"must be low, medium or high, was '{profile.Tier}'");
        RiskLimits.Read(profile);
        if (data is not null) CheckPresets(data);
    }

    private static void CheckPresets(WorldData data)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < data.Presets.Count; i++)
        {
            var preset = data.Presets[i];
            if (preset.Id.Length == 0) throw Refuse.Field($"/data/presets/{i}/id", "must name the data set");
            if (!ids.Add(preset.Id)) throw Refuse.Field($"/data/presets/{i}/id", $"'{preset.Id}' stands twice");
            if (preset.Preset.Length == 0) throw Refuse.Field($"/data/presets/{i}/preset", "must be the key of a provider preset");
        }
    }

    private static string CheckState(string state) =>
        state is WorldStates.Active or WorldStates.Suspended
            ? state
            : throw Refuse.Field("/state", $"must be {WorldStates.Active} or {WorldStates.Suspended}, was '{state}'; to delete a world use DELETE");

    private static string Slug(string name)
    {
        var slug = NotInSlug().Replace(name.ToLowerInvariant(), "_").Trim('_');
        return slug.Length <= 64 ? slug : slug[..64];
    }

    private static string Shown(string id) => id.Length <= 80 ? id : id[..80] + "...";

    [GeneratedRegex("^[a-z0-9_][a-z0-9_-]{0,63}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Id();

    [GeneratedRegex("[^a-z0-9-]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NotInSlug();
}
