using System.Security.Cryptography;
using System.Text;
using Qmtl.Identity;

namespace Qmtl.Gateway.Submissions;

/// <summary>What a client would like the context to be. Hints never win over what a world decides.</summary>
internal sealed record ContextHints(string? AsOf, string? Partition, string? DatasetFingerprint);

/// <summary>A submission that passed every check that needs nobody else.</summary>
/// <param name="DagJson">The graph as it came, UTF-8 JSON.</param>
/// <param name="Nodes">Its nodes.</param>
/// <param name="Crc">Checksum over the node ids.</param>
/// <param name="WorldIds">Worlds to bind, each once, in the order given.</param>
/// <param name="MetaJson">Free facts, as JSON.</param>
/// <param name="Hints">What the facts say about the context.</param>
/// <param name="Name">How the strategy calls itself; empty when it does not.</param>
internal sealed record Submission(
    string DagJson,
    IReadOnlyList<NodeSpec> Nodes,
    uint Crc,
    IReadOnlyList<string> WorldIds,
    string MetaJson,
    ContextHints Hints,
    string Name)
{
    private const int LongestName = 32;

    /// <summary>Who brought it.</summary>
    public Submitter Submitter { get; init; } = Submitter.Unknown;

    /// <summary>SHA-256 over the canonical form of the graph: order of keys and spacing do not matter.</summary>
    public string DagHash { get; } = Convert.ToHexStringLower(SHA256.HashData(NodeDocument.Write(Nodes)));

    /// <summary>Two submissions with the same key are the same: graph, worlds and context.</summary>
    public string DedupeKey(ComputeContext context)
    {
        var text = string.Join('\n', DagHash, string.Join(',', WorldIds.Order(StringComparer.Ordinal)), context.Domain.ToToken(), context.AsOf, context.Partition, context.DatasetFingerprint);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>A new id: readable by its name, unique by the rest.</summary>
    public string NewStrategyId(Guid unique)
    {
        var slug = new string([.. Name.ToLowerInvariant().Take(LongestName).Select(character => char.IsAsciiLetterOrDigit(character) ? character : '-')]).Trim('-');
        return $"{(slug.Length == 0 ? "strategy" : slug)}-{unique.ToString("N")[16..]}";
    }
}
