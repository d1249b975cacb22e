using Qmtl.DagManager.Graph;
using Qmtl.Identity;

namespace Qmtl.DagManager.Diff;

/// <summary>What becomes of a node.</summary>
internal enum DiffCase
{
    /// <summary>Known, with a queue in this context: the queue is shared.</summary>
    Reuse,

    /// <summary>Known, but never computed in this context: it gets a queue of its own here.</summary>
    NewContext,

    /// <summary>Known, with a compatible change of schema: the queue is shared, and newer content is buffered until it is recomputed.</summary>
    Buffer,

    /// <summary>Never seen.</summary>
    New,
}

/// <summary>One node of a plan.</summary>
/// <param name="Node">The node.</param>
/// <param name="Case">What becomes of it.</param>
/// <param name="Topic">Where it publishes.</param>
internal sealed record PlannedNode(NodeSpec Node, DiffCase Case, string Topic)
{
    /// <summary>The node's identity; submissions are checked to carry one before they are planned.</summary>
    public string NodeId => Node.NodeId!;

    /// <summary>The node as the graph knows it; null when it does not.</summary>
    public NodeEntry? Entry { get; init; }

    /// <summary>The queue that is shared; null when it has to be created.</summary>
    public QueueEntry? Queue { get; init; }

    /// <summary>Tags of the queue, in ordinal order: those of all submissions that share it.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Whether its queue begins to wait for being recomputed.</summary>
    public bool StartsBuffering { get; init; }

    /// <summary>Whether the topic has to be created.</summary>
    public bool CreatesQueue => Queue is null;

    /// <summary>Whether the queue stays but something about it changes.</summary>
    public bool ChangesQueue => Queue is not null && (StartsBuffering || !ReferenceEquals(Tags, Queue.Tags));

    /// <summary>Its key in the submission's context.</summary>
    public string ComputeKeyIn(ComputeContext context) => Queue?.ComputeKey ?? context.ComputeKeyOf(NodeId);
}

/// <summary>A submission to compare with the graph.</summary>
/// <param name="StrategyId">The submitter; names the version boundary.</param>
/// <param name="Nodes">Nodes, each behind its dependencies, identities verified.</param>
/// <param name="Context">World, domain, as-of and partition.</param>
/// <param name="Version">Version label for new topics, such as <c>v1</c>.</param>
internal sealed record DiffSubmission(string StrategyId, IReadOnlyList<NodeSpec> Nodes, ComputeContext Context, string Version)
{
    /// <summary>The id of the version boundary.</summary>
    public string SentinelId => $"{StrategyId}-sentinel";
}

/// <summary>What a submission changes in the graph, and where each of its nodes publishes.</summary>
/// <param name="Submission">What was submitted.</param>
/// <param name="Nodes">Its nodes, each once, in its order.</param>
/// <param name="Context">The context as the graph knows it; null when it does not.</param>
/// <param name="Revision">The revision of the graph that this was planned on; once it was written, the one that holds it.</param>
internal sealed record DiffPlan(DiffSubmission Submission, IReadOnlyList<PlannedNode> Nodes, ContextEntry? Context, long Revision)
{
    /// <summary>Whether it was answered from memory while the store was away; what others did since is not in it.</summary>
    public bool IsStale { get; init; }

    /// <summary>When it was written; null when nothing had to be, or it was only planned.</summary>
    public DateTimeOffset? WrittenAt { get; init; }

    /// <summary>Since when the queue of a node has waited for being recomputed; null when it does not.</summary>
    public DateTimeOffset? BufferingSince(PlannedNode planned) => planned.Queue?.BufferingSince ?? (planned.StartsBuffering ? WrittenAt : null);

    /// <summary>Whether queues have to be created or changed.</summary>
    public bool Changes => Nodes.Any(node => node.CreatesQueue || node.ChangesQueue);
}
