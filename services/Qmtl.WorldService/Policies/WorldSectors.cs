using Google.Protobuf.WellKnownTypes;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Policies;

/// <summary>
/// The sectors of symbols as a world states them: <c>extras.sectors: {BTC: money}</c>. A policy's own map goes first; a symbol in neither
/// stays in the sector <c>unknown</c>, under the same cap. Pure.
/// </summary>
internal static class WorldSectors
{
    public const string Name = "sectors";

    /// <summary>The part of a world's extras that a policy's outcome depends on; null when there is none, or the policy caps no sector.</summary>
    public static string? ExtrasFor(PolicyDocument policy, WorldRow world) => policy.Exposure?.SectorCap is null ? null : world.Extras;

    /// <summary>The policy with the world's sectors behind its own.</summary>
    public static PolicyDocument AddTo(PolicyDocument policy, WorldRow world)
    {
        if (policy.Exposure is not { } exposure || ExtrasFor(policy, world) is not { } extras || SectionOf(Json.ReadOptional<Struct>(extras)) is not { } section) return policy;
        var sectors = section.Fields.ToDictionary(pair => pair.Key, pair => pair.Value.StringValue, StringComparer.Ordinal);
        foreach (var (symbol, sector) in exposure.Sectors) sectors[symbol] = sector;
        return policy with { Exposure = exposure with { Sectors = sectors } };
    }

    /// <summary>Refuses sectors that are not a map of symbols to names.</summary>
    /// <exception cref="Qmtl.Identity.RefusalException">They are not.</exception>
    public static void Check(Struct? extras)
    {
        if (extras is null || !extras.Fields.TryGetValue(Name, out var value)) return;
        if (SectionOf(extras) is not { } section) throw Refuse.Field("/extras/sectors", $"must map each symbol to the name of its sector, was {value.KindCase}");
        foreach (var (symbol, sector) in section.Fields)
        {
            if (sector is not { KindCase: Value.KindOneofCase.StringValue, StringValue.Length: > 0 }) throw Refuse.Field(Documents.JsonPointer.Child("/extras/sectors", symbol), "must be the name of a sector");
        }
    }

    private static Struct? SectionOf(Struct? extras) =>
        extras is not null && extras.Fields.TryGetValue(Name, out var value) && value.KindCase == Value.KindOneofCase.StructValue ? value.StructValue : null;
}
