using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Qmtl.Identity;

/// <summary>Hashes of content other than nodes: configurations, code versions, snapshots, state.</summary>
public static class ContentHash
{
    /// <summary>SHA-256 of the canonical JSON, hexadecimal: configuration and schema hashes.</summary>
    public static string Sha256Hex(CanonicalValue value) => Sha256Hex(CanonicalJson.Write(value));

    /// <summary>SHA-256 of UTF-8 text, hexadecimal.</summary>
    public static string Sha256Hex(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The code hash of a built-in operator: SHA-256 of <c>qmtl.op/name/version</c>. It changes only when the operator's results do.</summary>
    public static string OfOperator(string name, string version) => Sha256Hex($"qmtl.op/{name}/{version}");

    /// <summary>The code hash of a node an author wrote, from the name and version that node declares.</summary>
    public static string OfNodeCode(string name, string version) => Sha256Hex($"qmtl.node/{name}/{version}");

    /// <summary><c>"blake3:"</c> and the BLAKE3 of the canonical JSON with characters outside ASCII escaped.</summary>
    public static string Stable(CanonicalValue value) => NodeId.Prefix + Blake3.HashHex(Encoding.ASCII.GetBytes(CanonicalJson.WriteAscii(value)));

    /// <summary>The hash of a risk snapshot: its stable hash without the members <c>hash</c> and <c>created_at</c>.</summary>
    public static string OfRiskSnapshot(JsonElement snapshot)
    {
        if (snapshot.ValueKind != JsonValueKind.Object) throw CanonicalJson.Refuse("", "must be an object that holds a risk snapshot");
        return OfRiskSnapshot(CanonicalJson.Read(snapshot));
    }

    /// <summary>The hash of a risk snapshot: its stable hash without the members <c>hash</c> and <c>created_at</c>.</summary>
    public static string OfRiskSnapshot(CanonicalValue snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return Stable(CanonicalValue.Map(snapshot.Members.Where(member => member.Key is not ("hash" or "created_at"))));
    }
}

/// <summary>One strategy side's activation, as far as a consumer acts on it.</summary>
/// <param name="StrategyId">The strategy.</param>
/// <param name="Side"><c>long</c> or <c>short</c>.</param>
/// <param name="Active">Whether it may trade.</param>
/// <param name="Weight">Its weight, 0 to 1.</param>
/// <param name="Freeze">Whether it is frozen.</param>
/// <param name="Drain">Whether only open orders may finish.</param>
/// <param name="EffectiveMode">The mode the world granted.</param>
/// <param name="Version">The entry's version.</param>
public readonly record struct ActivationStateEntry(
    string StrategyId, string Side, bool Active, double Weight, bool Freeze, bool Drain, EffectiveMode EffectiveMode, long Version);

/// <summary>Hashes by which two holders of a world's state find out that they hold the same.</summary>
public static class StateHash
{
    /// <summary>The hash of a world's activation table, whatever the order of <paramref name="entries"/>.</summary>
    public static string OfActivation(string worldId, IEnumerable<ActivationStateEntry> entries) => ContentHash.Stable(CanonicalValue.Map(
        ("world_id", CanonicalValue.Of(worldId)),
        ("entries", CanonicalValue.List(entries
            .OrderBy(entry => entry.StrategyId, CodePointComparer.Instance)
            .ThenBy(entry => entry.Side, CodePointComparer.Instance)
            .Select(ToValue)))));

    private static CanonicalValue ToValue(ActivationStateEntry entry) => CanonicalValue.Map(
        ("strategy_id", CanonicalValue.Of(entry.StrategyId)),
        ("side", CanonicalValue.Of(entry.Side)),
        ("active", CanonicalValue.Of(entry.Active)),
        ("weight", CanonicalValue.Of(entry.Weight)),
        ("freeze", CanonicalValue.Of(entry.Freeze)),
        ("drain", CanonicalValue.Of(entry.Drain)),
        ("effective_mode", CanonicalValue.Of(entry.EffectiveMode.ToToken())),
        ("version", CanonicalValue.Of(entry.Version)));
}
