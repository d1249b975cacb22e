using Qmtl.DagManager.Queues;
using Qmtl.Identity;

namespace Qmtl.DagManager.Diff;

/// <summary>Decides what a submission shares with the graph and what it adds. Pure: same snapshot, same plan.</summary>
internal static class DiffPlanner
{
    /// <summary>Plans a submission against what the graph holds of its nodes.</summary>
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
                planned.Add(new PlannedNode(node, computeKey, SchemaChanged(graph, node) ? DiffCase.Buffer : DiffCase.Reuse, queue.Topic));
                continue;
            }

            var topic = TopicNames.FirstFree(node, submission.Context, submission.Version, name => graph.TakenTopics.Contains(name) || fresh.Contains(name));
            fresh.Add(topic);
            planned.Add(new PlannedNode(node, computeKey, graph.Nodes.ContainsKey(node.NodeId!) ? DiffCase.NewContext : DiffCase.New, topic));
        }

        return new DiffPlan(submission, planned);
    }

    /// <summary>A schema with the same compatibility id but another hash is a compatible change.</summary>
    private static bool SchemaChanged(GraphSnapshot graph, NodeSpec node) =>
        graph.Nodes.TryGetValue(node.NodeId!, out var known) && !string.Equals(known.SchemaHash, node.SchemaHash, StringComparison.Ordinal);
}
