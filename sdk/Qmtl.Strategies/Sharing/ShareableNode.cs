namespace Qmtl.Strategies;

/// <summary>A node whose values one session may compute for all.</summary>
public sealed class ShareableNode
{
    internal ShareableNode(int index, string nodeId, int outputs, ColumnSet columns)
    {
        Index = index;
        NodeId = nodeId;
        Outputs = outputs;
        Columns = columns;
    }

    /// <summary>Where it stands in its graph.</summary>
    public int Index { get; }

    /// <summary>Its identity.</summary>
    public string NodeId { get; }

    /// <summary>How many values it has at each bar: one, unless it is a panel.</summary>
    public int Outputs { get; }

    /// <summary>The columns of the data that its values depend on, directly or through others.</summary>
    public ColumnSet Columns { get; }
}

/// <summary>Columns of the data, each once, in one order whatever graph they are found in.</summary>
public sealed class ColumnSet
{
    private ColumnSet(DataColumn[] columns) => Columns = columns;

    /// <summary>The columns, ordered by instrument and name.</summary>
    public IReadOnlyList<DataColumn> Columns { get; }

    /// <summary>No column: what only looks at the clock.</summary>
    internal static ColumnSet None { get; } = new([]);

    internal static ColumnSet Of(DataColumn column) => new([column]);

    /// <summary>All columns of both; one of the two itself where it has them all, so that most nodes of a graph share a few sets.</summary>
    internal static ColumnSet Union(ColumnSet a, ColumnSet b)
    {
        if (ReferenceEquals(a, b) || b.Columns.Count == 0) return a;
        if (a.Columns.Count == 0) return b;
        DataColumn[] all = [.. a.Columns.Union(b.Columns).OrderBy(column => column.Instrument, StringComparer.Ordinal).ThenBy(column => column.Name, StringComparer.Ordinal)];
        if (all.Length == a.Columns.Count) return a;
        return all.Length == b.Columns.Count ? b : new ColumnSet(all);
    }
}

/// <summary>A column of one instrument.</summary>
/// <param name="Instrument">The instrument.</param>
/// <param name="Name">The column, such as "close".</param>
public readonly record struct DataColumn(string Instrument, string Name);
