using System.Text;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>What a strategy asks to be computed: nodes in an order in which each stands behind its inputs, targets, outputs.</summary>
public sealed class StrategyGraph
{
    private StrategyGraph(string name, IReadOnlyList<Node> nodes, IReadOnlyList<TargetInfo> targets, IReadOnlyList<OutputInfo> outputs)
    {
        Name = name;
        Ordered = nodes;
        Targets = targets;
        Outputs = outputs;
        Nodes = [.. nodes.Select(node => node.Spec!).DistinctBy(spec => spec.NodeId, StringComparer.Ordinal)];
        Instruments = [.. nodes.Where(node => node.Role == NodeRole.Stream).Select(node => node.Instrument).Distinct(StringComparer.Ordinal)];
        Warmup = nodes.Count == 0 ? 0 : nodes.Max(node => node.Warmup);
        NodeIdsCrc32 = Crc32.OfNodeIds(Nodes.Select(spec => spec.NodeId!));
    }

    /// <summary>The strategy's name.</summary>
    public string Name { get; }

    /// <summary>The nodes, each behind its dependencies. Equal expressions are one node, and so are those of a tag query's members.</summary>
    public IReadOnlyList<NodeSpec> Nodes { get; }

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
    public uint NodeIdsCrc32 { get; }

    internal IReadOnlyList<Node> Ordered { get; }

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
        var slots = new Dictionary<string, int>(StringComparer.Ordinal);
        var nodes = new List<Node>();
        foreach (var root in targets.Concat(outputs.Select(output => output.Node))) Visit(root, slots, nodes);
        return new StrategyGraph(
            name,
            nodes,
            [.. targets.Select(target => new TargetInfo(target.Instrument, target.Id!, target.Text, slots[target.Key!]))],
            [.. outputs.Select(output => new OutputInfo(output.Name, output.Node.Id!, slots[output.Node.Key!]))]);
    }

    private static void Visit(Node node, Dictionary<string, int> slots, List<Node> nodes)
    {
        if (node.Role == NodeRole.Constant || slots.ContainsKey(node.Key!)) return;
        // An expression is built from finished inputs, so its depth is bounded by its text; cycles cannot be written.
        foreach (var argument in node.Arguments) Visit(argument, slots, nodes);
        slots.Add(node.Key!, nodes.Count);
        nodes.Add(node);
    }
}

/// <summary>A position target of a graph.</summary>
/// <param name="Instrument">What to hold.</param>
/// <param name="NodeId">The node that says how much.</param>
/// <param name="Text">The target as text.</param>
/// <param name="Index">Where a run keeps its values: what <see cref="PlanRun.Values(int)"/> takes.</param>
public sealed record TargetInfo(string Instrument, string NodeId, string Text, int Index);

/// <summary>A named output of a graph.</summary>
/// <param name="Name">The name.</param>
/// <param name="NodeId">The node.</param>
/// <param name="Index">Where a run keeps its values: what <see cref="PlanRun.Values(int)"/> takes.</param>
public sealed record OutputInfo(string Name, string NodeId, int Index);
