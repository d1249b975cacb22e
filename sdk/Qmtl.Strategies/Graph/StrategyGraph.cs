using System.Text;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>What a strategy asks to be computed: nodes in an order in which each stands behind its inputs, targets, outputs.</summary>
public sealed class StrategyGraph
{
    private readonly Lazy<IReadOnlyList<NodeSpec>> _specs;
    private readonly Lazy<uint> _crc;

    private StrategyGraph(string name, NodeTable table, IReadOnlyList<TargetInfo> targets, IReadOnlyList<OutputInfo> outputs)
    {
        Name = name;
        Table = table;
        Targets = targets;
        Outputs = outputs;
        Instruments = [.. table.Nodes.Where(node => node.Role == NodeRole.Stream).Select(node => node.Instrument).Distinct(StringComparer.Ordinal)];
        Warmup = table.Nodes.Max(node => node.Warmup);
        _specs = new Lazy<IReadOnlyList<NodeSpec>>(() => [.. table.Nodes.Select(node => node.Spec!).DistinctBy(spec => spec.NodeId, StringComparer.Ordinal)]);
        _crc = new Lazy<uint>(() => Crc32.OfNodeIds(Nodes.Select(spec => spec.NodeId!)));
    }

    /// <summary>The strategy's name.</summary>
    public string Name { get; }

    /// <summary>The nodes, each behind its dependencies. Equal expressions are one node, and so are those of a tag query's members.</summary>
    /// <remarks>Their identities are computed when they are first asked for: a submission needs them, a replay does not.</remarks>
    public IReadOnlyList<NodeSpec> Nodes => _specs.Value;

    /// <summary>The instruments whose bars are read, in the order of first use.</summary>
    public IReadOnlyList<string> Instruments { get; }

    /// <summary>The position targets.</summary>
    public IReadOnlyList<TargetInfo> Targets { get; }

    /// <summary>The named outputs.</summary>
    public IReadOnlyList<OutputInfo> Outputs { get; }

    /// <summary>The outputs that are written to an artifact store.</summary>
    public IReadOnlyList<ArtifactInfo> Artifacts { get; internal set; } = [];

    /// <summary>Bars before every node has its first value, derived from the graph.</summary>
    public int Warmup { get; }

    /// <summary>CRC-32 over the identities in order.</summary>
    public uint NodeIdsCrc32 => _crc.Value;

    internal IReadOnlyList<Node> Ordered => Table.Nodes;

    internal NodeTable Table { get; }

    /// <summary>The graph as a JSON document: <c>{"node_ids_crc32":...,"nodes":[...],"schema_version":"v1"}</c>, canonical.</summary>
    public string Serialize() => CanonicalJson.Write(CanonicalValue.Map(
        ("schema_version", CanonicalValue.Of(NodeDocument.SchemaVersion)),
        ("nodes", CanonicalValue.List(Nodes.Select(node => node.ToValue()))),
        ("node_ids_crc32", CanonicalValue.Of((long)NodeIdsCrc32))));

    /// <summary>The same as UTF-8.</summary>
    public byte[] SerializeToUtf8() => Encoding.UTF8.GetBytes(Serialize());

    /// <summary>Collects what targets and outputs need, once each, inputs first.</summary>
    internal static StrategyGraph From(string name, IReadOnlyList<Node> targets, IReadOnlyList<(string Name, Node Node)> outputs)
    {
        var table = new NodeTable();
        TargetInfo[] targetInfos = [.. targets.Select(target => new TargetInfo(target, table.Add(target)))];
        OutputInfo[] outputInfos = [.. outputs.Select(output => new OutputInfo(output.Name, output.Node, table.Add(output.Node)))];
        return new StrategyGraph(name, table, targetInfos, outputInfos);
    }
}

/// <summary>A position target of a graph.</summary>
public sealed class TargetInfo
{
    private readonly Node _node;

    internal TargetInfo(Node node, int index)
    {
        _node = node;
        Index = index;
    }

    /// <summary>What to hold.</summary>
    public string Instrument => _node.Instrument;

    /// <summary>The node that says how much.</summary>
    public string NodeId => _node.Id!;

    /// <summary>The target as text.</summary>
    public string Text => _node.Text;

    /// <summary>Where a run keeps its values: what <see cref="PlanRun.Values(int)"/> takes.</summary>
    public int Index { get; }
}

/// <summary>A named output of a graph.</summary>
public sealed class OutputInfo
{
    private readonly Node _node;

    internal OutputInfo(string name, Node node, int index)
    {
        _node = node;
        Name = name;
        Index = index;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The node.</summary>
    public string NodeId => _node.Id!;

    /// <summary>Where a run keeps its values: what <see cref="PlanRun.Values(int)"/> takes.</summary>
    public int Index { get; }
}
