using System.Globalization;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.DagManager.Snapshots;

/// <summary>Finds every difference between a frozen snapshot and the graph as it is. Pure.</summary>
internal sealed class SnapshotComparison
{
    /// <summary>Findings that are listed.</summary>
    public const int Most = 200;

    private readonly List<SnapshotDrift> _drifts = [];

    private SnapshotComparison()
    {
    }

    /// <summary>Compares.</summary>
    /// <param name="frozen">What was frozen, as it was handed in.</param>
    /// <param name="current">What is there now; null when the strategy or its version is gone.</param>
    public static SnapshotVerdict Compare(DagSnapshot frozen, DagSnapshot? current)
    {
        var comparison = new SnapshotComparison();
        comparison.Inspect(frozen);
        comparison.Compare("", frozen, current ?? new DagSnapshot());
        var verdict = new SnapshotVerdict
        {
            Ok = comparison._drifts.Count == 0,
            ExpectedHash = frozen.ContentHash,
            FoundHash = current?.ContentHash ?? "",
            Truncated = comparison._drifts.Count > Most,
        };
        verdict.Drifts.AddRange(comparison._drifts.Take(Most));
        return verdict;
    }

    /// <summary>Whether the snapshot is true to itself: its hash, and the identity of each node.</summary>
    private void Inspect(DagSnapshot frozen)
    {
        Changed("content_hash", "/content_hash", frozen.ContentHash, SnapshotContent.HashOf(frozen));
        foreach (var node in frozen.Nodes)
        {
            string identity;
            try
            {
                identity = SnapshotContent.IdentityOf(node);
            }
            catch (RefusalException refusal)
            {
                identity = refusal.Detail;
            }

            Changed("identity", $"/nodes/{node.NodeId}/node_id", node.NodeId, identity);
        }
    }

    private void Compare(string at, DagSnapshot frozen, DagSnapshot current)
    {
        Changed("changed", $"{at}/version", frozen.Version, current.Version);
        Pair($"{at}/nodes", frozen.Nodes, current.Nodes, node => node.NodeId, node => node.NodeType, Compare);
        Pair($"{at}/contexts", frozen.Contexts, current.Contexts, context => $"{context.WorldId}|{context.ExecutionDomain}|{context.AsOf}|{context.Partition}", context => context.WorldId, Compare);
    }

    private void Compare(string at, SnapshotNode frozen, SnapshotNode current)
    {
        Changed("changed", $"{at}/node_type", frozen.NodeType, current.NodeType);
        Changed("changed", $"{at}/interval", Text(frozen.Interval), Text(current.Interval));
        Changed("changed", $"{at}/period", Text(frozen.Period), Text(current.Period));
        Changed("changed", $"{at}/params", frozen.Params, current.Params);
        Changed("changed", $"{at}/dependencies", string.Join(',', frozen.Dependencies), string.Join(',', current.Dependencies));
        Changed("changed", $"{at}/schema_compat_id", frozen.SchemaCompatId, current.SchemaCompatId);
        Changed("changed", $"{at}/code_hash", frozen.CodeHash, current.CodeHash);
    }

    private void Compare(string at, SnapshotContext frozen, SnapshotContext current) =>
        Pair($"{at}/queues", frozen.Queues, current.Queues, queue => queue.NodeId, queue => queue.Topic, Compare);

    private void Compare(string at, SnapshotQueue frozen, SnapshotQueue current)
    {
        Changed("changed", $"{at}/topic", frozen.Topic, current.Topic);
        Changed("changed", $"{at}/tags", string.Join(',', frozen.Tags), string.Join(',', current.Tags));
        Changed("changed", $"{at}/schema_hash", frozen.SchemaHash, current.SchemaHash);
        Changed("changed", $"{at}/topic_class", frozen.TopicClass, current.TopicClass);
        Changed("changed", $"{at}/version", frozen.Version, current.Version);
    }

    private void Pair<T>(string at, IEnumerable<T> frozen, IEnumerable<T> current, Func<T, string> key, Func<T, string> label, Action<string, T, T> compare)
    {
        var found = current.ToLookup(key, StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in frozen)
        {
            var place = $"{at}/{key(item)}";
            if (!seen.Add(key(item))) _drifts.Add(new SnapshotDrift { Kind = "changed", Pointer = place, Expected = "listed twice" });
            else if (found[key(item)].FirstOrDefault() is { } other) compare(place, item, other);
            else _drifts.Add(new SnapshotDrift { Kind = "missing", Pointer = place, Expected = label(item) });
        }

        foreach (var item in found.Where(item => !seen.Contains(item.Key))) _drifts.Add(new SnapshotDrift { Kind = "added", Pointer = $"{at}/{item.Key}", Found = label(item.First()) });
    }

    private void Changed(string kind, string pointer, string expected, string found)
    {
        if (!string.Equals(expected, found, StringComparison.Ordinal)) _drifts.Add(new SnapshotDrift { Kind = kind, Pointer = pointer, Expected = expected, Found = found });
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
