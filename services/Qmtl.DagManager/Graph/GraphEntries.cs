using Qmtl.Identity;

namespace Qmtl.DagManager.Graph;

/// <summary>A node of the graph. Nodes are never changed and never removed.</summary>
/// <param name="key">Its key in the store.</param>
/// <param name="nodeId">Its identity.</param>
/// <param name="nodeType">Its class, such as <c>StreamInput</c>.</param>
/// <param name="interval">Seconds between bars; 0 for none.</param>
internal sealed class NodeEntry(long key, string nodeId, string nodeType, int interval)
{
    public long Key { get; } = key;

    public string NodeId { get; } = nodeId;

    public string NodeType { get; } = nodeType;

    public int Interval { get; } = interval;

    /// <summary>Its queues in all contexts, in no order. Changed by <see cref="GraphState"/> only.</summary>
    public List<QueueEntry> Queues { get; } = [];
}

/// <summary>A context that queues exist in.</summary>
/// <param name="Key">Its key in the store.</param>
/// <param name="WorldId">The world; empty for shared queues.</param>
/// <param name="Domain">The execution domain.</param>
/// <param name="AsOf">The moment the data is pinned to; empty for none.</param>
/// <param name="Partition">The partition; empty for none.</param>
internal sealed record ContextEntry(long Key, string WorldId, ExecutionDomain Domain, string AsOf, string Partition)
{
    /// <summary>What tells one context from another.</summary>
    public (string WorldId, ExecutionDomain Domain, string AsOf, string Partition) Identity => (WorldId, Domain, AsOf, Partition);

    /// <summary>Whether this is the context of a submission.</summary>
    public bool IsOf(ComputeContext context) =>
        Domain == context.Domain
        && string.Equals(WorldId, context.WorldId, StringComparison.Ordinal)
        && string.Equals(AsOf, context.AsOf ?? "", StringComparison.Ordinal)
        && string.Equals(Partition, context.Partition ?? "", StringComparison.Ordinal);

    /// <summary>The context of a submission.</summary>
    public static ContextEntry Of(long key, ComputeContext context) => new(key, context.WorldId, context.Domain, context.AsOf ?? "", context.Partition ?? "");
}

/// <summary>Where a node publishes in one context. Replaced, never changed.</summary>
internal sealed record QueueEntry
{
    private string? _computeKey;

    public required long Key { get; init; }

    public required NodeEntry Node { get; init; }

    public required ContextEntry Context { get; init; }

    public required string Topic { get; init; }

    /// <summary>In ordinal order, each once.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Version label of the submission that created it.</summary>
    public required string Version { get; init; }

    /// <summary>The schema its content was computed with.</summary>
    public required string SchemaHash { get; init; }

    /// <summary>Since when it waits for being recomputed; null when it does not.</summary>
    public DateTimeOffset? BufferingSince { get; init; }

    /// <summary>The revision of the graph that touched it last.</summary>
    public long Revision { get; init; }

    /// <summary>The node's key in this context.</summary>
    public string ComputeKey => _computeKey ??= Identity.ComputeKey.Create(Node.NodeId, Context.WorldId, Context.Domain, Context.AsOf, Context.Partition);

    /// <summary>Whether it carries all of <paramref name="tags"/>.</summary>
    public bool Carries(IReadOnlyList<string> tags)
    {
        for (var i = 0; i < tags.Count; i++)
        {
            if (!Carries(tags[i])) return false;
        }

        return true;
    }

    private bool Carries(string tag)
    {
        for (var i = 0; i < Tags.Count; i++)
        {
            if (string.Equals(Tags[i], tag, StringComparison.Ordinal)) return true;
        }

        return false;
    }
}

/// <summary>What one committed revision did to the queues.</summary>
/// <param name="Revision">The revision.</param>
/// <param name="Queues">Queues that are new or were replaced, as they are now.</param>
/// <param name="Removed">Keys of queues that are gone.</param>
internal sealed record GraphChange(long Revision, IReadOnlyList<QueueEntry> Queues, IReadOnlyList<long> Removed);
