using System.Text;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.DagManager.Snapshots;

/// <summary>What a snapshot says, apart from when it was taken: its order, its hash, and whether it is true to itself.</summary>
internal static class SnapshotContent
{
    public const string SchemaVersion = "v1";

    /// <summary>Puts everything in order and hashes it. The same graph gives the same hash, whenever and wherever it is frozen.</summary>
    public static DagSnapshot Seal(DagSnapshot snapshot)
    {
        Sort(snapshot.Nodes, node => node.NodeId);
        Sort(snapshot.Contexts, context => string.Join('\u001f', context.WorldId, context.ExecutionDomain, context.AsOf, context.Partition));
        foreach (var context in snapshot.Contexts) Sort(context.Queues, queue => queue.NodeId);
        snapshot.ContentHash = HashOf(snapshot);
        return snapshot;
    }

    /// <summary>The hash over everything but the hash itself, the revision and the time.</summary>
    public static string HashOf(DagSnapshot snapshot)
    {
        var content = snapshot.Clone();
        content.ContentHash = "";
        content.Revision = 0;
        content.FrozenAt = null;
        using var document = CanonicalJson.Parse(Encoding.UTF8.GetBytes(ProtoJson.Write(content)));
        return ContentHash.Stable(CanonicalJson.Read(document.RootElement));
    }

    /// <summary>The identity that a node's content gives.</summary>
    /// <exception cref="RefusalException">Its parameters are not JSON.</exception>
    public static string IdentityOf(SnapshotNode node)
    {
        using var document = CanonicalJson.Parse(Encoding.UTF8.GetBytes(node.Params));
        return NodeId.Compute(new NodeSpec
        {
            NodeType = node.NodeType,
            Interval = node.Interval,
            Period = node.Period,
            Params = CanonicalJson.Read(document.RootElement, "/params"),
            Dependencies = node.Dependencies,
            SchemaCompatId = node.SchemaCompatId,
            CodeHash = node.CodeHash,
        });
    }

    private static void Sort<T>(Google.Protobuf.Collections.RepeatedField<T> items, Func<T, string> key)
    {
        T[] sorted = [.. items.OrderBy(key, StringComparer.Ordinal)];
        items.Clear();
        items.AddRange(sorted);
    }
}
