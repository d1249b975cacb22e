namespace Qmtl.Identity;

/// <summary>A dependency that no node of the document satisfies.</summary>
/// <param name="Index">Position of the node in the document.</param>
/// <param name="Dependency">The dependency as written.</param>
public readonly record struct UnknownDependency(int Index, string Dependency);

/// <summary>The graph that the nodes of one document form.</summary>
public sealed class NodeGraph
{
    private NodeGraph(IReadOnlyList<NodeSpec> nodes, int[] order, int[] cycle, IReadOnlyList<UnknownDependency> unknown)
    {
        Nodes = nodes;
        Order = order;
        Cycle = cycle;
        Unknown = unknown;
    }

    /// <summary>The nodes in document order.</summary>
    public IReadOnlyList<NodeSpec> Nodes { get; }

    /// <summary>Positions of the nodes, every node behind its dependencies, otherwise in document order. Shorter than the document when there is a cycle.</summary>
    public IReadOnlyList<int> Order { get; }

    /// <summary>Positions of the nodes of one cycle, each depending on the next and the last on the first; empty when there is none.</summary>
    public IReadOnlyList<int> Cycle { get; }

    /// <summary>Dependencies on nodes that the document does not hold.</summary>
    public IReadOnlyList<UnknownDependency> Unknown { get; }

    /// <summary>Finds order, cycle and unknown dependencies. A dependency is an identity or a name of a node in the document.</summary>
    public static NodeGraph Of(IReadOnlyList<NodeSpec> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var byKey = new Dictionary<string, int>(StringComparer.Ordinal);
        // Identities before names: a name that looks like another node's identity does not capture it.
        for (var i = 0; i < nodes.Count; i++) Remember(byKey, nodes[i].NodeId, i);
        for (var i = 0; i < nodes.Count; i++) Remember(byKey, nodes[i].Name, i);

        var upstream = new List<int>[nodes.Count];
        var unknown = new List<UnknownDependency>();
        for (var i = 0; i < nodes.Count; i++)
        {
            upstream[i] = [];
            foreach (var dependency in nodes[i].Dependencies)
            {
                if (byKey.TryGetValue(dependency, out var j)) upstream[i].Add(j);
                else unknown.Add(new UnknownDependency(i, dependency));
            }
        }

        var order = Sort(upstream);
        return new NodeGraph(nodes, order, order.Length == nodes.Count ? [] : FindCycle(upstream, order), unknown);
    }

    /// <summary>The graph's nodes with identities computed in dependency order; names in dependencies become identities. In document order.</summary>
    /// <exception cref="RefusalException">There is a cycle, or a dependency is neither an identity nor a node of the document.</exception>
    public IReadOnlyList<NodeSpec> Resolve()
    {
        ThrowIfCyclic();
        var strays = Unknown.Where(stray => !stray.Dependency.StartsWith(NodeId.Prefix, StringComparison.Ordinal)).ToArray();
        if (strays.Length > 0) throw RefuseUnknown(strays);

        var resolved = new NodeSpec[Nodes.Count];
        var idOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var i in Order)
        {
            var spec = Nodes[i];
            // A dependency written as an identity is hashed as written; only names are replaced.
            var dependencies = spec.Dependencies.Select(dependency => idOf.GetValueOrDefault(dependency, dependency)).ToArray();
            resolved[i] = (spec with { Dependencies = dependencies }).Seal();
            if (!string.IsNullOrEmpty(spec.Name)) idOf.TryAdd(spec.Name, resolved[i].NodeId!);
        }

        return resolved;
    }

    /// <summary>Refuses a cyclic graph and names its cycle.</summary>
    public void ThrowIfCyclic()
    {
        if (Cycle.Count == 0) return;
        var path = string.Join(" -> ", Cycle.Append(Cycle[0]).Select(i => Nodes[i].Label));
        throw new RefusalException(
            ReasonCodes.Cycle,
            $"The nodes depend on each other in a circle: {path}. Remove one of these dependencies.",
            [.. Cycle.Select(i => new FieldError($"{JsonPointer.Append("/nodes", i)}/dependencies", "is part of the circle"))],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["cycle"] = path });
    }

    /// <summary>Refuses a graph with dependencies that the document does not hold.</summary>
    public void ThrowIfIncomplete()
    {
        if (Unknown.Count > 0) throw RefuseUnknown(Unknown);
    }

    private RefusalException RefuseUnknown(IReadOnlyList<UnknownDependency> strays) => new(
        ReasonCodes.UnknownDependency,
        $"Node {Nodes[strays[0].Index].Label} depends on \"{strays[0].Dependency}\", which the document does not hold; add that node or correct the reference.",
        [.. strays.Select(stray => new FieldError(
            $"{JsonPointer.Append("/nodes", stray.Index)}/dependencies", $"names \"{stray.Dependency}\", which the document does not hold"))]);

    private static void Remember(Dictionary<string, int> byKey, string? key, int index)
    {
        if (!string.IsNullOrEmpty(key)) byKey.TryAdd(key, index);
    }

    // Kahn's algorithm with the lowest position first, so that the order depends on the document alone.
    private static int[] Sort(List<int>[] upstream)
    {
        var open = new int[upstream.Length];
        var downstream = new List<int>[upstream.Length];
        for (var i = 0; i < upstream.Length; i++) downstream[i] = [];
        for (var i = 0; i < upstream.Length; i++)
        {
            open[i] = upstream[i].Count;
            foreach (var j in upstream[i]) downstream[j].Add(i);
        }

        var ready = new PriorityQueue<int, int>();
        for (var i = 0; i < open.Length; i++)
        {
            if (open[i] == 0) ready.Enqueue(i, i);
        }

        var order = new List<int>(upstream.Length);
        while (ready.TryDequeue(out var i, out _))
        {
            order.Add(i);
            foreach (var j in downstream[i])
            {
                if (--open[j] == 0) ready.Enqueue(j, j);
            }
        }

        return [.. order];
    }

    // Every node outside the order has a dependency outside it, so walking those must come back to a node already seen.
    private static int[] FindCycle(List<int>[] upstream, int[] order)
    {
        var sorted = order.ToHashSet();
        var at = Enumerable.Range(0, upstream.Length).First(i => !sorted.Contains(i));
        var path = new List<int>();
        while (!path.Contains(at))
        {
            path.Add(at);
            at = upstream[at].First(j => !sorted.Contains(j));
        }

        return [.. path[path.IndexOf(at)..]];
    }
}
