namespace Qmtl.Strategies;

/// <summary>Which nodes of a graph are computed here, and which are read from elsewhere instead.</summary>
/// <remarks>
/// Only what the targets and outputs need is computed or read: a node is not read when everything that uses it is read itself. What is computed is divided
/// into groups by the read nodes that it depends on, so that each group runs as soon as those are there. Two sessions that read from each other need that:
/// if one waited for all it reads before it computed anything, and so did the other, both would wait for ever.
/// </remarks>
public sealed class GraphCut
{
    private GraphCut(StrategyGraph graph, int[] read, int[] offered, int[] groupOf, CutGroup[] groups)
    {
        Graph = graph;
        Read = read;
        Offered = offered;
        GroupOf = groupOf;
        Groups = groups;
    }

    /// <summary>The graph.</summary>
    public StrategyGraph Graph { get; }

    /// <summary>The nodes that are read, by index.</summary>
    public IReadOnlyList<int> Read { get; }

    /// <summary>The nodes that are computed and offered to others, by index.</summary>
    public IReadOnlyList<int> Offered { get; }

    /// <summary>What is computed, in an order in which each group stands behind those it depends on.</summary>
    public IReadOnlyList<CutGroup> Groups { get; }

    /// <summary>How many nodes are computed.</summary>
    public int NodesComputed => Groups.Sum(group => group.Nodes.Count);

    /// <summary>Group of each node; -1 for what is not computed.</summary>
    internal int[] GroupOf { get; }

    /// <summary>Cuts a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="readable">Nodes that can be read, by index.</param>
    /// <param name="offered">Nodes that are to be offered to others, if they are computed; by index.</param>
    public static GraphCut Of(StrategyGraph graph, IEnumerable<int> readable, IEnumerable<int> offered)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var table = graph.Table;
        var canRead = readable.ToHashSet();
        var needed = NeededOf(graph, canRead);
        var read = Enumerable.Range(0, needed.Length).Where(place => needed[place] && canRead.Contains(place)).ToArray();
        var computed = Enumerable.Range(0, needed.Length).Where(place => needed[place] && table.Nodes[place].Kernel is not null && !canRead.Contains(place)).ToArray();
        var waits = WaitsOf(table, read);

        var groups = computed.GroupBy(place => waits[place], ReferenceEqualityComparer.Instance)
            .Select(group => new CutGroup((int[])group.Key!, [.. group]))
            // What waits for less comes first: nothing in a group depends on one that waits for more, or for something else.
            .OrderBy(group => group.WaitsFor.Count).ThenBy(group => group.Nodes[0]).ToArray();
        var groupOf = new int[needed.Length];
        Array.Fill(groupOf, -1);
        foreach (var (number, group) in groups.Index())
        {
            foreach (var place in group.Nodes) groupOf[place] = number;
        }

        return new GraphCut(graph, read, [.. offered.Where(place => groupOf[place] >= 0).Order()], groupOf, groups);
    }

    private static bool[] NeededOf(StrategyGraph graph, HashSet<int> canRead)
    {
        var needed = new bool[graph.Table.Nodes.Count];
        foreach (var end in PlanNodes.EndsOf(graph)) needed[end] = true;
        // Every node stands behind its inputs.
        for (var place = needed.Length - 1; place >= 0; place--)
        {
            if (!needed[place] || canRead.Contains(place)) continue;
            foreach (var input in graph.Table.InputsOf(place))
            {
                if (input != NodeTable.Constant) needed[input] = true;
            }
        }

        return needed;
    }

    /// <summary>The read nodes that each node depends on; equal sets are one array.</summary>
    private static int[][] WaitsOf(NodeTable table, int[] read)
    {
        int[] none = [];
        var waits = new int[table.Nodes.Count][];
        var unions = new Dictionary<(int[], int[]), int[]>(PairComparer.Instance);
        var known = new Dictionary<string, int[]>(StringComparer.Ordinal) { [""] = none };
        var isRead = read.ToHashSet();
        for (var place = 0; place < waits.Length; place++)
        {
            if (isRead.Contains(place))
            {
                waits[place] = Known([place], known);
                continue;
            }

            var all = none;
            foreach (var input in table.InputsOf(place))
            {
                if (input == NodeTable.Constant || ReferenceEquals(waits[input], all) || waits[input].Length == 0) continue;
                all = Union(all, waits[input], unions, known);
            }

            waits[place] = all;
        }

        return waits;
    }

    private static int[] Union(int[] a, int[] b, Dictionary<(int[], int[]), int[]> unions, Dictionary<string, int[]> known)
    {
        if (unions.TryGetValue((a, b), out var union)) return union;
        return unions[(a, b)] = Known([.. a.Union(b).Order()], known);
    }

    private static int[] Known(int[] set, Dictionary<string, int[]> known)
    {
        var text = string.Join(',', set);
        return known.TryGetValue(text, out var same) ? same : known[text] = set;
    }

    private sealed class PairComparer : IEqualityComparer<(int[] A, int[] B)>
    {
        public static PairComparer Instance { get; } = new();

        public bool Equals((int[] A, int[] B) x, (int[] A, int[] B) y) => ReferenceEquals(x.A, y.A) && ReferenceEquals(x.B, y.B);

        public int GetHashCode((int[] A, int[] B) obj) =>
            HashCode.Combine(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(obj.A), System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(obj.B));
    }
}

/// <summary>Nodes of a cut that depend on the same read nodes.</summary>
public sealed class CutGroup
{
    internal CutGroup(int[] waitsFor, int[] nodes)
    {
        WaitsFor = waitsFor;
        Nodes = nodes;
    }

    /// <summary>The read nodes that must be there, by index.</summary>
    public IReadOnlyList<int> WaitsFor { get; }

    /// <summary>The nodes, by index.</summary>
    public IReadOnlyList<int> Nodes { get; }
}
