namespace Qmtl.Strategies;

/// <summary>Which nodes of a graph sessions may compute for each other.</summary>
public static class GraphSharing
{
    /// <summary>
    /// The nodes whose values follow from their identity and the bars alone: computed by a kernel, one value at every bar of the data. Longer bars are
    /// left to whoever needs them (a block of the data completes any number of them), and so is what comes of a tag query: its members are found at run
    /// time and are no part of the identity.
    /// </summary>
    public static IReadOnlyList<ShareableNode> NodesOf(StrategyGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var table = graph.Table;
        var seconds = table.Nodes.FirstOrDefault(node => node.Role == NodeRole.Stream)?.Interval ?? 0;
        var columns = new ColumnSet[table.Nodes.Count];
        var found = new List<ShareableNode>();
        for (var place = 0; place < columns.Length; place++)
        {
            var node = table.Nodes[place];
            columns[place] = ColumnsOf(node, table.InputsOf(place), columns);
            if (node.Kernel is not { } kernel || node.Interval != seconds || node.Streams.Any(stream => stream.Query is not null)) continue;
            found.Add(new ShareableNode(place, node.Id!, kernel is PanelKernel panel ? panel.OutputCount : 1, columns[place]));
        }

        return found;
    }

    private static ColumnSet ColumnsOf(Node node, ReadOnlySpan<int> inputs, ColumnSet[] known)
    {
        if (node.Role == NodeRole.Field) return ColumnSet.Of(new DataColumn(node.Instrument, node.Column));
        var all = ColumnSet.None;
        foreach (var input in inputs)
        {
            if (input != NodeTable.Constant) all = ColumnSet.Union(all, known[input]);
        }

        return all;
    }
}
