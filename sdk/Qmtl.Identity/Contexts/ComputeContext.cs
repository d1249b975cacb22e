using System.Text;

namespace Qmtl.Identity;

/// <summary>Where and when a computation runs, and whether it had to fall back to something safer.</summary>
/// <param name="WorldId">The world; empty for none.</param>
/// <param name="Domain">The execution domain.</param>
/// <param name="AsOf">The moment a backtest is pinned to, ISO 8601 UTC. Null when not pinned.</param>
/// <param name="Partition">The partition. Null for none.</param>
/// <param name="DatasetFingerprint">The data's fingerprint. Carried along, not part of the compute key.</param>
/// <param name="Downgraded">Whether the domain is a fallback.</param>
/// <param name="DowngradeReason">Why it is a fallback.</param>
/// <param name="SafeMode">Whether nothing may leave the process.</param>
public sealed record ComputeContext(
    string WorldId,
    ExecutionDomain Domain,
    string? AsOf = null,
    string? Partition = null,
    string? DatasetFingerprint = null,
    bool Downgraded = false,
    DowngradeReason? DowngradeReason = null,
    bool SafeMode = false)
{
    /// <summary>The key under which results of <paramref name="nodeId"/> in this context are kept.</summary>
    public string ComputeKeyOf(string nodeId) => ComputeKey.Create(nodeId, WorldId, Domain, AsOf, Partition);
}

/// <summary>Compute keys: a node's identity together with the context it runs in. Results are never shared between two of them.</summary>
public static class ComputeKey
{
    private const char Separator = '\u001f';

    /// <summary><c>"blake3:" + hex(BLAKE3(node_id␟world_id␟execution_domain␟as_of␟partition))</c>; what is absent is empty.</summary>
    /// <param name="nodeId">The node's identity.</param>
    /// <param name="worldId">The world; null for none.</param>
    /// <param name="domain">The execution domain; null means backtest.</param>
    /// <param name="asOf">The pinned moment; null for none.</param>
    /// <param name="partition">The partition; null for none.</param>
    public static string Create(string nodeId, string? worldId, ExecutionDomain? domain = null, string? asOf = null, string? partition = null)
    {
        ArgumentNullException.ThrowIfNull(nodeId);
        var domainText = (domain ?? ExecutionDomain.Backtest).ToToken();
        return SeparatedHash.Of(Separator, nodeId, worldId ?? "", domainText, asOf ?? "", partition ?? "");
    }
}

/// <summary>What a validation verdict depends on; a change in any part makes the verdict void.</summary>
/// <param name="WorldId">The world.</param>
/// <param name="NodeId">The node's identity.</param>
/// <param name="Domain">The execution domain.</param>
/// <param name="ContractId">The contract validated against.</param>
/// <param name="DatasetFingerprint">The data's fingerprint.</param>
/// <param name="CodeVersion">The validating code's version.</param>
/// <param name="ResourcePolicy">The resource policy.</param>
public sealed record EvalKey(
    string WorldId, string NodeId, ExecutionDomain Domain, string ContractId, string DatasetFingerprint, string CodeVersion, string ResourcePolicy)
{
    /// <summary><c>"blake3:" + hex(BLAKE3("validation-cache"\0...))</c> over all parts.</summary>
    public string Compute() => SeparatedHash.Of(
        '\0', "validation-cache", WorldId, NodeId, Domain.ToToken(), ContractId, DatasetFingerprint, CodeVersion, ResourcePolicy);
}

/// <summary>The hash of parts joined by a control character that no part may contain.</summary>
internal static class SeparatedHash
{
    public static string Of(char separator, params ReadOnlySpan<string> parts)
    {
        foreach (var part in parts)
        {
            // A part that contained the separator could pose as two parts, and two contexts would share results.
            if (part.Contains(separator, StringComparison.Ordinal))
                throw new RefusalException(ReasonCodes.InvalidArgument, $"\"{part.Replace(separator, '?')}\" contains a control character; remove it.");
        }

        return Identity.NodeId.Prefix + Blake3.HashHex(Encoding.UTF8.GetBytes(string.Join(separator, parts)));
    }
}
