using System.Buffers;
using System.Globalization;
using System.Text;

namespace Qmtl.Identity;

/// <summary>Node identities: what a node computes, as a hash. Two strategies that need the same node share it.</summary>
/// <remarks>
/// <c>"blake3:" + hex(BLAKE3(node_type|interval|period|params|dependencies|schema_compat_id|code_hash))</c>. World, execution domain, names and
/// discovered queues are not part of it.
/// </remarks>
public static class NodeId
{
    /// <summary>What every identity starts with.</summary>
    public const string Prefix = "blake3:";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The identity of a node.</summary>
    /// <exception cref="RefusalException">The node's two schema ids contradict each other.</exception>
    public static string Compute(NodeSpec spec) => Hash(PreImage(spec));

    /// <summary>The identity of a node among others: while the plain one is taken, longer hashes that also cover a counter are tried.</summary>
    public static string Compute(NodeSpec spec, IReadOnlySet<string> taken)
    {
        ArgumentNullException.ThrowIfNull(taken);
        var plain = Compute(spec);
        if (!taken.Contains(plain)) return plain;
        var preImage = PreImage(spec);
        for (var n = 1; ; n++)
        {
            var bytes = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{preImage}|collision:{n}"));
            var id = Prefix + Blake3.HashHex(bytes, 2 * Blake3.DigestBytes);
            if (!taken.Contains(id)) return id;
        }
    }

    /// <summary>The text that is hashed.</summary>
    public static string PreImage(NodeSpec spec) => PreImage(spec, written: null);

    /// <summary>The parameters as they are hashed: canonical, without context keys; those of a tag query are its question.</summary>
    public static string CanonicalParams(NodeSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return CanonicalJson.Write(spec.IsTagQuery ? TagQuery.Params(spec) : ContextKeys.Strip(spec.Params));
    }

    /// <summary>The identity of a node whose parameters have already been written as canonical JSON.</summary>
    internal static string Compute(NodeSpec spec, string written) => Hash(PreImage(spec, written));

    private static string Hash(string preImage)
    {
        const int MostOnStack = 1024;
        Span<byte> buffer = stackalloc byte[MostOnStack];
        return Prefix + Blake3.HashHex(Encoding.UTF8.TryGetBytes(preImage, buffer, out var written) ? buffer[..written] : Encoding.UTF8.GetBytes(preImage));
    }

    private static string PreImage(NodeSpec spec, string? written)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.HasSchemaConflict)
        {
            throw new RefusalException(
                ReasonCodes.SchemaCompatMismatch,
                $"Node {spec.Label} gives schema_compat_id \"{spec.SchemaCompatId}\" and the older schema_id \"{spec.LegacySchemaId}\"; remove schema_id.");
        }

        var parameters = spec.IsTagQuery ? TagQuery.Params(spec) : ContextKeys.Strip(spec.Params);
        if (written is null || !ReferenceEquals(parameters, spec.Params)) written = CanonicalJson.Write(parameters);
        var dependencies = spec.Dependencies is [{ Length: > 0 } only] ? only : string.Join(',', spec.Dependencies.Where(id => id.Length > 0).Order(CodePointComparer.Instance));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{spec.NodeType}|{spec.Interval}|{spec.Period}|{written}|{dependencies}|{spec.EffectiveSchemaId}|{spec.CodeHash}");
    }

    /// <summary>Whether <paramref name="text"/> has the form of an identity: the prefix and 64 or 128 lower-case hexadecimal digits.</summary>
    public static bool IsWellFormed(string? text) => text is not null
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text.Length - Prefix.Length is 64 or 128
        && text.AsSpan(Prefix.Length).IndexOfAnyExcept(HexDigits) < 0;
}
