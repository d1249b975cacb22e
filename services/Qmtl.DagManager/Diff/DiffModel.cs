using Qmtl.Identity;

namespace Qmtl.DagManager.Diff;

/// <summary>A queue the graph has already: one for each node and compute key.</summary>
internal sealed record KnownQueue
{
    public string NodeId { get; init; } = "";

    public string ComputeKey { get; init; } = "";

    public string Topic { get; init; } = "";

    /// <summary>The schema its content was computed with.</summary>
    public string SchemaHash { get; init; } = "";

    /// <summary>Since when it waits for being recomputed; null when it does not.</summary>
    public DateTimeOffset? BufferingSince { get; init; }
}

/// <summary>What the graph says about the nodes of one submission.</summary>
internal sealed record GraphSnapshot(
    IReadOnlySet<string> Nodes,
    IReadOnlyDictionary<(string NodeId, string ComputeKey), KnownQueue> Queues,
    IReadOnlySet<string> TakenTopics);

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
/// <param name="ComputeKey">Its key in the submission's context.</param>
/// <param name="Case">What becomes of it.</param>
/// <param name="Topic">Where it publishes.</param>
/// <param name="StartsBuffering">Whether its queue begins to wait for being recomputed.</param>
internal sealed record PlannedNode(NodeSpec Node, string ComputeKey, DiffCase Case, string Topic, bool StartsBuffering = false)
{
    /// <summary>The node's identity; submissions are checked to carry one before they are planned.</summary>
    public string NodeId => Node.NodeId!;

    /// <summary>Whether the topic has to be created.</summary>
    public bool CreatesQueue => Case is DiffCase.New or DiffCase.NewContext;
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
internal sealed record DiffPlan(DiffSubmission Submission, IReadOnlyList<PlannedNode> Nodes)
{
    /// <summary>Whether the graph has to be written to at all.</summary>
    public bool Changes => Nodes.Any(node => node.CreatesQueue || node.StartsBuffering);
}
