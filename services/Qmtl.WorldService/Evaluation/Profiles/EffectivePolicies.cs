using System.Collections.Concurrent;
using System.Text;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Calendars;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation.Profiles;

/// <summary>A policy as it judges the runs of one stage in one world.</summary>
/// <param name="Version">Its version in the world.</param>
/// <param name="Document">The policy, with the limits of the profile and the strictness of the world in it.</param>
/// <param name="Profile">The profile of the stage; null when the policy has none.</param>
/// <param name="RulesetHash">"blake3:" and 64 hex digits over the canonical policy.</param>
/// <param name="Strict">Whether what is missing or cannot be computed always fails.</param>
/// <param name="Calendar">When the market of the world's data is open.</param>
internal sealed record EffectivePolicy(int Version, PolicyDocument Document, ProfileRules? Profile, string RulesetHash, bool Strict, TradingCalendar Calendar);

/// <summary>Makes policies ready to judge, each once.</summary>
internal sealed class EffectivePolicies(PolicyStore policies)
{
    private const int CacheLimit = 1_024;
    private readonly ConcurrentDictionary<(string Checksum, int Version, string Stage, string? RiskProfile, string? Data, string? Extras), EffectivePolicy> _ready = new();

    /// <summary>The policy in force for runs of a stage.</summary>
    /// <exception cref="RefusalException">The world has no policy.</exception>
    public async Task<EffectivePolicy> LoadAsync(ISession session, WorldRow world, string stage)
    {
        var row = world.DefaultPolicyVersion == 0 ? null : await PolicyStore.FindAsync(session, world.WorldId, world.DefaultPolicyVersion);
        if (row is null) throw new RefusalException(ReasonCodes.PolicyUnknown, $"World '{world.WorldId}' has no policy to judge by; upload one with POST /worlds/{world.WorldId}/policies.");
        var document = policies.Read(row);
        var key = (row.Checksum, row.Version, stage, world.RiskProfile, world.Data, WorldSectors.ExtrasFor(document, world));
        if (_ready.TryGetValue(key, out var known)) return known;
        var policy = Prepare(row, WorldSectors.AddTo(document, world), world, stage);
        if (_ready.Count >= CacheLimit) _ready.Clear();
        _ready[key] = policy;
        return policy;
    }

    private static EffectivePolicy Prepare(PolicyRow row, PolicyDocument document, WorldRow world, string stage)
    {
        var strict = IsStrict(world);
        if (strict) document = document with { Validation = new ValidationPolicy(Fail: true, MissingMetric.Fail) };
        var profile = ProfileChoice.Choose(document, stage) is { } chosen ? new ProfileRules(chosen) : null;
        var hash = NodeId.Prefix + Blake3.HashHex(Encoding.UTF8.GetBytes(row.Payload));
        return new EffectivePolicy(row.Version, profile?.AddTo(document) ?? document, profile, hash, strict, WorldCalendar.MarketOf(world));
    }

    /// <summary>Clients depend on the world and much is at stake: nothing that could not be judged may pass.</summary>
    private static bool IsStrict(WorldRow world) =>
        world.RiskProfile is { } json && Json.Read<RiskProfile>(json) is { ClientCritical: true } profile && string.Equals(profile.Tier, "high", StringComparison.OrdinalIgnoreCase);
}
