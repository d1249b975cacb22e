using System.Buffers;
using Qmtl.Identity;

namespace Qmtl.DagManager.Queues;

/// <summary>Names of node topics: <c>{world}.{domain}.{asset}_{node_type}_{short}_{version}[_sim]</c>.</summary>
/// <remarks>
/// <c>short</c> starts as eight hexadecimal digits of the node's digest and grows by two until the name is free; a digest that
/// is used up grows a number. A name is lower case throughout, so that no two topics differ by case alone.
/// </remarks>
internal static class TopicNames
{
    /// <summary>Digits of the digest in the shortest name.</summary>
    public const int ShortestDigest = 8;
    private const int DigestStep = 2;
    private static readonly SearchValues<char> Clean = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>The first free topic for a node in a context.</summary>
    /// <param name="node">The node the topic carries.</param>
    /// <param name="context">World and domain, which make the namespace.</param>
    /// <param name="version">Version label of the submission, such as <c>v1</c>.</param>
    /// <param name="isTaken">Whether a full topic name is in use.</param>
    /// <param name="skip">So many names are passed over unseen: those that the node's queues of other contexts in this world and domain have taken, as a rule.</param>
    public static string FirstFree(NodeSpec node, ComputeContext context, string version, Func<string, bool> isTaken, int skip = 0)
    {
        var asset = AssetOf(node);
        var digest = DigestOf(node.NodeId!);
        var scope = context.WorldId.Length == 0 ? "" : $"{Sanitise(context.WorldId)}.{context.Domain.ToToken()}.";
        var head = $"{scope}{asset}_{Sanitise(node.NodeType ?? "node")}_";
        var tail = $"_{Sanitise(version)}{(context.Domain == ExecutionDomain.Dryrun ? "_sim" : "")}";

        var lengths = digest.Length < ShortestDigest ? 1 : ((digest.Length - ShortestDigest) / DigestStep) + 1;
        for (var place = skip; place < lengths; place++)
        {
            var name = string.Concat(head, digest.AsSpan(0, Math.Min(digest.Length, ShortestDigest + (place * DigestStep))), tail);
            if (!isTaken(name)) return name;
        }

        for (var number = 2 + Math.Max(0, skip - lengths); ; number++)
        {
            var name = $"{head}{digest}{tail}_{number}";
            if (!isTaken(name)) return name;
        }
    }

    private static string AssetOf(NodeSpec node)
    {
        for (var i = 0; i < node.Tags.Count; i++)
        {
            if (Sanitise(node.Tags[i]) is { Length: > 0 } tag) return tag;
        }

        return "asset";
    }

    /// <summary>The hexadecimal digest of a node id.</summary>
    public static string DigestOf(string nodeId) =>
        nodeId.StartsWith(NodeId.Prefix, StringComparison.Ordinal) ? nodeId[NodeId.Prefix.Length..] : Sanitise(nodeId);

    /// <summary>Lower case, with everything outside <c>[a-z0-9._-]</c> replaced by a dash.</summary>
    public static string Sanitise(string text)
    {
        // Most tags are clean as they are.
        if (text.AsSpan().IndexOfAnyExcept(Clean) < 0) return text;
        var lower = text.Trim().ToLowerInvariant();
        return lower.AsSpan().IndexOfAnyExcept(Clean) < 0 ? lower : string.Create(lower.Length, lower, static (clean, dirty) =>
        {
            for (var i = 0; i < clean.Length; i++) clean[i] = Clean.Contains(dirty[i]) ? dirty[i] : '-';
        });
    }
}
