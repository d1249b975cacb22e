namespace Qmtl.Strategies;

/// <summary>The nodes of the graphs that are computed together, equal ones once.</summary>
internal sealed class PlanNodes
{
    private readonly int[][]? _places;

    private PlanNodes(IReadOnlyList<StrategyGraph> graphs, NodeTable table, int[][]? places)
    {
        Graphs = graphs;
        Table = table;
        _places = places;
    }

    public IReadOnlyList<StrategyGraph> Graphs { get; }

    public NodeTable Table { get; }

    public static PlanNodes Of(IReadOnlyList<StrategyGraph> graphs)
    {
        // A graph by itself has each node once already.
        if (graphs.Count == 1) return new PlanNodes(graphs, graphs[0].Table, null);
        if (graphs.Count == 0) throw Refuse.Graph("plan", "has no graph; give it at least one");
        var table = new NodeTable();
        return new PlanNodes(graphs, table, [.. graphs.Select(graph => graph.Ordered.Select(table.Add).ToArray())]);
    }

    /// <summary>Where node <paramref name="index"/> of graph <paramref name="graph"/> stands in the table.</summary>
    public int PlaceOf(int graph, int index) => _places is null ? index : _places[graph][index];

    /// <summary>Positions in the table of the targets and outputs of all graphs.</summary>
    public IEnumerable<int> Ends() => Graphs.Index().SelectMany(pair => EndsOf(pair.Item).Select(end => PlaceOf(pair.Index, end)));

    /// <summary>Positions of the targets and outputs of a graph, in its own order.</summary>
    public static IEnumerable<int> EndsOf(StrategyGraph graph) => graph.Targets.Select(target => target.Index).Concat(graph.Outputs.Select(output => output.Index));
}
