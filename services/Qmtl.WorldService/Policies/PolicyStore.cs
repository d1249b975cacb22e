using System.Collections.Concurrent;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Policies;

/// <summary>A row of <c>ws_policies</c>.</summary>
internal sealed record PolicyRow
{
    public string WorldId { get; init; } = "";

    public int Version { get; init; }

    /// <summary>The document as it was uploaded.</summary>
    public string Source { get; init; } = "";

    /// <summary>Its canonical form, which is what is evaluated.</summary>
    public string Payload { get; init; } = "";

    public string Checksum { get; init; } = "";

    public string Status { get; init; } = "";

    public string Preset { get; init; } = "";

    public string PresetMode { get; init; } = "";

    public string PresetVersion { get; init; } = "";

    public string Overrides { get; init; } = "{}";

    public DateTimeOffset CreatedAt { get; init; }

    public Dictionary<string, double> ReadOverrides() => JsonSerializer.Deserialize<Dictionary<string, double>>(Overrides)!;

    public WorldPolicy ToMessage(PolicyDocument document, int defaultVersion)
    {
        var policy = new WorldPolicy
        {
            WorldId = WorldId,
            Version = Version,
            Payload = Struct.Parser.ParseJson(Payload),
            Checksum = Checksum,
            Status = Status,
            Preset = Preset,
            PresetMode = PresetMode,
            PresetVersion = PresetVersion,
            CreatedAt = Timestamp.FromDateTimeOffset(CreatedAt),
            Human = PolicySummary.Write(document),
            IsDefault = Version == defaultVersion,
        };
        policy.Overrides.Add(ReadOverrides());
        return policy;
    }
}

internal static class PolicyStatuses
{
    public const string Draft = "DRAFT";
    public const string Active = "ACTIVE";
    public const string Deprecated = "DEPRECATED";
}

/// <summary>The table <c>ws_policies</c>, and the policies in it ready for use.</summary>
internal sealed class PolicyStore(PolicyLoader loader)
{
    // Far more than the versions in force; emptied when it is exceeded, since rereading one costs little.
    private const int CacheLimit = 1_024;

    private readonly ConcurrentDictionary<string, PolicyDocument> _documents = new(StringComparer.Ordinal);

    public static Task<PolicyRow?> FindAsync(ISession session, string worldId, int version) =>
        session.FirstOrDefaultAsync<PolicyRow>("SELECT * FROM ws_policies WHERE world_id = @worldId AND version = @version", new { worldId, version });

    public static Task<IReadOnlyList<PolicyRow>> ListAsync(ISession session, string worldId) =>
        session.QueryAsync<PolicyRow>("SELECT * FROM ws_policies WHERE world_id = @worldId ORDER BY version DESC", new { worldId });

    public static async Task<int> NextVersionAsync(ISession session, string worldId) =>
        await session.ScalarAsync<int>("SELECT COALESCE(MAX(version), 0) FROM ws_policies WHERE world_id = @worldId", new { worldId }) + 1;

    public static Task InsertAsync(IUnitOfWork unit, PolicyRow policy) => unit.ExecuteAsync(
        """
        INSERT INTO ws_policies (world_id, version, source, payload, checksum, status, preset, preset_mode, preset_version, overrides, created_at)
        VALUES (@WorldId, @Version, @Source, @Payload, @Checksum, @Status, @Preset, @PresetMode, @PresetVersion, @Overrides, @CreatedAt)
        """,
        policy);

    public static Task SetStatusAsync(IUnitOfWork unit, string worldId, int version, string status) =>
        unit.ExecuteAsync("UPDATE ws_policies SET status = @status WHERE world_id = @worldId AND version = @version", new { worldId, version, status });

    /// <summary>The policy in force; null when the world has none.</summary>
    public async Task<PolicyDocument?> FindDefaultAsync(ISession session, WorldRow world)
    {
        if (world.DefaultPolicyVersion == 0) return null;
        return await FindAsync(session, world.WorldId, world.DefaultPolicyVersion) is { } row ? Read(row) : null;
    }

    public PolicyDocument Read(PolicyRow row)
    {
        if (_documents.TryGetValue(row.Checksum, out var known)) return known;
        var document = loader.LoadCanonical(row.Payload);
        if (_documents.Count >= CacheLimit) _documents.Clear();
        _documents[row.Checksum] = document;
        return document;
    }
}
