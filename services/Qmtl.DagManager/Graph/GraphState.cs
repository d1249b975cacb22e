using Qmtl.DagManager.TagQueries;
using Qmtl.Identity;

namespace Qmtl.DagManager.Graph;

/// <summary>The graph in memory, as of one revision: what plans and tag queries are answered from. Not safe for use by several threads; see <see cref="GraphIndex"/>.</summary>
internal sealed class GraphState
{
    private readonly Dictionary<string, NodeEntry> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, ExecutionDomain, string, string), ContextEntry> _contexts = [];
    private readonly Dictionary<long, QueueEntry> _queues = [];
    private readonly Dictionary<(long Node, long Context), QueueEntry> _bindings = [];
    private readonly Dictionary<string, QueueEntry> _topics = new(StringComparer.Ordinal);

    /// <summary>The revision of the graph that this is.</summary>
    public long Revision { get; set; }

    public TagIndex Tags { get; } = new();

    public int NodeCount => _nodes.Count;

    public int QueueCount => _queues.Count;

    public NodeEntry? FindNode(string nodeId) => _nodes.GetValueOrDefault(nodeId);

    public ContextEntry? FindContext(ComputeContext context) => _contexts.GetValueOrDefault((context.WorldId, context.Domain, context.AsOf ?? "", context.Partition ?? ""));

    public QueueEntry? FindQueue(long key) => _queues.GetValueOrDefault(key);

    public QueueEntry? FindQueue(NodeEntry node, ContextEntry context) => _bindings.GetValueOrDefault((node.Key, context.Key));

    /// <summary>Whether a topic of this name exists.</summary>
    public bool IsTaken(string topic) => _topics.ContainsKey(topic);

    /// <summary>How many queues a node has in a world and domain, whatever their as-of and partition: so many of its names are likely taken.</summary>
    public static int CountQueues(NodeEntry node, ComputeContext context)
    {
        var count = 0;
        foreach (var queue in node.Queues)
        {
            if (queue.Context.Domain == context.Domain && string.Equals(queue.Context.WorldId, context.WorldId, StringComparison.Ordinal)) count++;
        }

        return count;
    }

    /// <summary>Adds a node, unless it is known.</summary>
    public void Add(NodeEntry node) => _nodes.TryAdd(node.NodeId, node);

    /// <summary>Adds a context, unless it is known.</summary>
    public void Add(ContextEntry context) => _contexts.TryAdd(context.Identity, context);

    /// <summary>The node and context as this state knows them; those of the caller when it does not know them yet.</summary>
    private (NodeEntry Node, ContextEntry Context) Intern(NodeEntry node, ContextEntry context)
    {
        if (!_nodes.TryGetValue(node.NodeId, out var known)) _nodes.Add(node.NodeId, known = node);
        if (!_contexts.TryGetValue(context.Identity, out var knownContext)) _contexts.Add(context.Identity, knownContext = context);
        return (known, knownContext);
    }

    /// <summary>Adds queues whose keys are not known yet.</summary>
    public void Add(IReadOnlyList<QueueEntry> queues)
    {
        var added = new QueueEntry[queues.Count];
        for (var i = 0; i < added.Length; i++) added[i] = Bind(queues[i]);
        Tags.Add(added);
    }

    /// <summary>Removes a queue; does nothing when there is none with this key.</summary>
    public void Remove(long key)
    {
        if (!_queues.Remove(key, out var queue)) return;
        _bindings.Remove((queue.Node.Key, queue.Context.Key));
        _topics.Remove(queue.Topic);
        queue.Node.Queues.Remove(queue);
        Tags.Remove(queue);
    }

    /// <summary>Takes over what a revision did.</summary>
    public void Apply(GraphChange change)
    {
        // Before anything is added: a revision may give the name of a queue that it removed to another one.
        foreach (var key in change.Removed) Remove(key);
        foreach (var queue in change.Queues) Remove(queue.Key);
        Add(change.Queues);
        Revision = change.Revision;
    }

    private QueueEntry Bind(QueueEntry queue)
    {
        var (node, context) = Intern(queue.Node, queue.Context);
        if (!ReferenceEquals(node, queue.Node) || !ReferenceEquals(context, queue.Context)) queue = queue with { Node = node, Context = context };
        _queues.Add(queue.Key, queue);
        _bindings.Add((node.Key, context.Key), queue);
        _topics.Add(queue.Topic, queue);
        node.Queues.Add(queue);
        return queue;
    }
}
