using Qmtl.DagManager.Queues;

namespace Qmtl.DagManager.Diff;

/// <summary>Decides what a submission shares with the graph and what it adds. Pure: same snapshot, same plan.</summary>
internal static class DiffPlanner
{
    /// <summary>Plans a submission against what the graph holds of its nodes.</summary>
    /// <remarks>The schema compatibility id is part of a node's identity, so another schema under the same identity is a compatible one.</remarks>
    public static DiffPlan Plan(DiffSubmission submission, GraphSnapshot graph)
    {
        var planned = new List<PlannedNode>(submission.Nodes.Count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var fresh = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in submission.Nodes)
        {
            // Identical nodes of one submission are one node.
            if (!seen.Add(node.NodeId!)) continue;
            var computeKey = submission.Context.ComputeKeyOf(node.NodeId!);
            if (graph.Queues.TryGetValue((node.NodeId!, computeKey), out var queue))
            {
                // Still buffering: the answer stays the same until the content is recomputed, so that a repeated diff says what the first one said.
                var changed = !string.Equals(queue.SchemaHash, node.SchemaHash, StringComparison.Ordinal);
                planned.Add(new PlannedNode(node, computeKey, changed || queue.BufferingSince is not null ? DiffCase.Buffer : DiffCase.Reuse, queue.Topic, StartsBuffering: changed));
                continue;
            }

            var topic = TopicNames.FirstFree(node, submission.Context, submission.Version, name => graph.TakenTopics.Contains(name) || fresh.Contains(name));
            fresh.Add(topic);
            planned.Add(new PlannedNode(node, computeKey, graph.Nodes.Contains(node.NodeId!) ? DiffCase.NewContext : DiffCase.New, topic));
        }

        return new DiffPlan(submission, planned);
    }
}
