namespace Qmtl.Strategies;

/// <summary>Cuts graphs into parts that can be computed side by side.</summary>
internal static class PlanParts
{
    public static IReadOnlyList<ComputePlan> Of(PlanNodes graphs, int count)
    {
        var partOf = Distribute(graphs.Table.Nodes, Connected(graphs.Table), count, out var parts);
        return [.. Enumerable.Range(0, parts).Select(part => new PlanCompiler(graphs, Array.ConvertAll(partOf, other => other == part)).Compile())];
    }

    /// <summary>The first node of the group that each node belongs to: nodes that are joined by a computed one.</summary>
    private static int[] Connected(NodeTable table)
    {
        var group = Enumerable.Range(0, table.Nodes.Count).ToArray();
        for (var i = 0; i < group.Length; i++)
        {
            foreach (var input in table.InputsOf(i))
            {
                // Columns are only read, so that several parts may read the same.
                if (input == NodeTable.Constant || table.Nodes[input].Role is NodeRole.Stream or NodeRole.Field) continue;
                int mine = Find(group, i), its = Find(group, input);
                group[Math.Max(mine, its)] = Math.Min(mine, its);
            }
        }

        for (var i = 0; i < group.Length; i++) group[i] = Find(group, i);
        return group;
    }

    private static int Find(int[] group, int at)
    {
        while (group[at] != at) at = group[at] = group[group[at]];
        return at;
    }

    /// <summary>The most expensive group first, each to the part that has least to do.</summary>
    private static int[] Distribute(IReadOnlyList<Node> nodes, int[] groups, int count, out int parts)
    {
        var costs = nodes.Index().Where(pair => pair.Item.Kernel is not null || pair.Item.Role == NodeRole.Target)
            .GroupBy(pair => groups[pair.Index], pair => (double)CostOf(pair.Item))
            .Select(group => (Group: group.Key, Cost: group.Sum()))
            .OrderByDescending(group => group.Cost).ThenBy(group => group.Group).ToArray();
        parts = Math.Clamp(costs.Length, 1, count);
        var load = new double[parts];
        var partOfGroup = new Dictionary<int, int>();
        foreach (var (group, cost) in costs)
        {
            var least = Array.IndexOf(load, load.Min());
            load[least] += cost;
            partOfGroup.Add(group, least);
        }

        return Array.ConvertAll(groups, group => partOfGroup.GetValueOrDefault(group, 0));
    }

    private static int CostOf(Node node) => node.Kernel switch
    {
        null => 0,
        { CrossesMembers: true } => node.Arguments.Length,
        PanelKernel panel => panel.OutputCount,
        _ => 1,
    };
}
