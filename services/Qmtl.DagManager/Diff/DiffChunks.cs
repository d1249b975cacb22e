using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Qmtl.DagManager.Graph;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.DagManager.Diff;

/// <summary>Cuts a plan into messages of at most 100 mappings and 1 MiB.</summary>
internal static class DiffChunks
{
    /// <summary>Mappings in one chunk.</summary>
    public const int MaxMappings = 100;

    /// <summary>Bytes of one chunk.</summary>
    public const int MaxBytes = 1024 * 1024;

    // Generous upper bound for tags and lengths of one mapping in the encoded message.
    private const int Overhead = 64;

    /// <summary>The chunks of a plan, numbered from 0. The same plan gives the same chunks, so that a broken stream can go on.</summary>
    public static IReadOnlyList<DiffChunk> Cut(DiffPlan plan, string diffId)
    {
        var chunks = new List<DiffChunk>();
        var bytes = 0;
        foreach (var node in plan.Nodes)
        {
            var key = PartitionKey(node, plan.Submission.Context);
            var size = (2 * (Encoding.UTF8.GetByteCount(key) + node.Topic.Length + node.NodeId.Length)) + Overhead + node.Tags.Sum(tag => tag.Length);
            if (chunks.Count == 0 || chunks[^1].QueueMap.Count == MaxMappings || bytes + size > MaxBytes)
            {
                chunks.Add(Empty(plan, diffId, chunks.Count));
                bytes = 0;
            }

            bytes += size;
            Add(chunks[^1], plan, node, key);
        }

        if (chunks.Count == 0) chunks.Add(Empty(plan, diffId, 0));
        chunks[0].Crc32 = Crc32.OfNodeIds(plan.Submission.Nodes.Select(node => node.NodeId!));
        chunks[^1].Last = true;
        return chunks;
    }

    /// <summary><c>{node_id}:{interval}:{bucket}#ck={compute_key}</c>; a mapping stands for all buckets, so its bucket is 0.</summary>
    public static string PartitionKey(PlannedNode node, Identity.ComputeContext context) =>
        string.Create(CultureInfo.InvariantCulture, $"{node.NodeId}:{node.Node.Interval}:0#ck={node.ComputeKeyIn(context)}");

    private static DiffChunk Empty(DiffPlan plan, string diffId, int number) => new()
    {
        SentinelId = plan.Submission.SentinelId,
        Version = plan.Submission.Version,
        DiffId = diffId,
        ChunkId = number,
        Revision = GraphIndex.ToWire(plan.Revision),
        Stale = plan.IsStale,
    };

    private static void Add(DiffChunk chunk, DiffPlan plan, PlannedNode planned, string key)
    {
        chunk.QueueMap[key] = planned.Topic;
        chunk.NodeQueues[planned.NodeId] = planned.Topic;
        if (planned.Case == DiffCase.New) chunk.NewNodes.Add(planned.NodeId);
        if (planned.Case != DiffCase.Buffer) return;
        var node = planned.Node;
        var buffer = new BufferInstruction
        {
            NodeId = planned.NodeId,
            NodeType = node.NodeType,
            CodeHash = node.CodeHash,
            SchemaHash = node.SchemaHash,
            Interval = node.Interval,
            Period = node.Period,
            Lag = node.Period,
            SchemaCompatId = node.EffectiveSchemaId,
            BufferingSince = plan.BufferingSince(planned) is { } since ? Timestamp.FromDateTimeOffset(since) : null,
        };
        buffer.Tags.AddRange(node.Tags);
        chunk.BufferNodes.Add(buffer);
    }
}
