using Qmtl.DagManager.Graph;
using Qmtl.DagManager.Queues;
using Qmtl.Identity;

namespace Qmtl.DagManager.Diff;

/// <summary>Decides what a submission shares with the graph and what it adds. Pure: same graph, same plan.</summary>
internal static class DiffPlanner
{
    /// <summary>Plans a submission against the graph.</summary>
    /// <remarks>The schema compatibility id is part of a node's identity, so another schema under the same identity is a compatible one.</remarks>
    public static DiffPlan Plan(DiffSubmission submission, GraphState graph)
    {
        var context = graph.FindContext(submission.Context);
        var planned = new List<PlannedNode>(submission.Nodes.Count);
        var seen = new HashSet<string>(submission.Nodes.Count, StringComparer.Ordinal);
        var fresh = new HashSet<string>(StringComparer.Ordinal);
        Func<string, bool> isTaken = name => graph.IsTaken(name) || fresh.Contains(name);
        foreach (var node in submission.Nodes)
        {
            // Identical nodes of one submission are one node.
            if (!seen.Add(node.NodeId!)) continue;
            var entry = graph.FindNode(node.NodeId!);
            if (entry is not null && context is not null && graph.FindQueue(entry, context) is { } queue)
            {
                planned.Add(Share(node, entry, queue));
                continue;
            }

            var topic = TopicNames.FirstFree(node, submission.Context, submission.Version, isTaken, entry is null ? 0 : GraphState.CountQueues(entry, submission.Context));
            fresh.Add(topic);
            planned.Add(new PlannedNode(node, entry is null ? DiffCase.New : DiffCase.NewContext, topic) { Entry = entry, Tags = InOrder(node.Tags) });
        }

        return new DiffPlan(submission, planned, context, graph.Revision);
    }

    /// <summary>The plan of a submission that was planned before, from the queues it was bound to then.</summary>
    /// <param name="submission">The submission.</param>
    /// <param name="bindings">Keys of the queues, in the order of its nodes.</param>
    /// <param name="revision">The revision of the graph that they were bound at.</param>
    /// <param name="graph">The graph.</param>
    /// <returns>Null when a queue was touched since: the submission has to be planned anew.</returns>
    public static DiffPlan? Recall(DiffSubmission submission, IReadOnlyList<long> bindings, long revision, GraphState graph)
    {
        var planned = new List<PlannedNode>(bindings.Count);
        var seen = new HashSet<string>(bindings.Count, StringComparer.Ordinal);
        foreach (var node in submission.Nodes)
        {
            if (!seen.Add(node.NodeId!)) continue;
            if (planned.Count == bindings.Count || graph.FindQueue(bindings[planned.Count]) is not { } queue) return null;
            if (queue.Revision > revision || !string.Equals(queue.Node.NodeId, node.NodeId, StringComparison.Ordinal)) return null;
            planned.Add(Known(node, queue.Node, queue, startsBuffering: false));
        }

        return planned.Count == bindings.Count ? new DiffPlan(submission, planned, graph.FindContext(submission.Context), graph.Revision) : null;
    }

    /// <summary>The nodes of a plan that would share a queue of another context; there must be none, whatever the store holds.</summary>
    public static IReadOnlyList<PlannedNode> CrossContext(DiffPlan plan)
    {
        List<PlannedNode>? found = null;
        foreach (var planned in plan.Nodes)
        {
            if (planned.Queue is { } queue && !queue.Context.IsOf(plan.Submission.Context)) (found ??= []).Add(planned);
        }

        return found ?? [];
    }

    private static PlannedNode Share(NodeSpec node, NodeEntry entry, QueueEntry queue)
    {
        var planned = Known(node, entry, queue, startsBuffering: !string.Equals(queue.SchemaHash, node.SchemaHash, StringComparison.Ordinal));
        return queue.Carries(node.Tags) ? planned : planned with { Tags = InOrder([.. queue.Tags, .. node.Tags]) };
    }

    // Still buffering: the answer stays the same until the content is recomputed, so that a repeated diff says what the first one said.
    private static PlannedNode Known(NodeSpec node, NodeEntry entry, QueueEntry queue, bool startsBuffering) =>
        new(node, startsBuffering || queue.BufferingSince is not null ? DiffCase.Buffer : DiffCase.Reuse, queue.Topic)
        {
            Entry = entry,
            Queue = queue,
            Tags = queue.Tags,
            StartsBuffering = startsBuffering,
        };

    private static string[] InOrder(IReadOnlyList<string> tags) => tags.Count < 2 ? [.. tags] : [.. tags.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
