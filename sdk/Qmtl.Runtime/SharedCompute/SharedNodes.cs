using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>What a session is to each node of its graph that can be shared.</summary>
internal sealed class SharedNodes
{
    // A block of one node travels as one record, which has a limit.
    private const int MostValues = 100 * 1024;

    private readonly MarketData _data;
    private readonly InputLineage _lineage;
    private readonly Dictionary<int, ShareableNode> _nodes;
    private readonly Dictionary<int, NodeGrant> _grants = [];
    private readonly HashSet<int> _alone = [];
    private readonly SortedSet<string> _fallbacks = new(StringComparer.Ordinal);

    public SharedNodes(StrategyGraph graph, MarketData data, int block)
    {
        _data = data;
        _lineage = new InputLineage(data, block);
        _nodes = GraphSharing.NodesOf(graph).Where(node => (long)node.Outputs * block <= MostValues).ToDictionary(node => node.Index);
    }

    /// <summary>Why nodes are computed here for nobody else.</summary>
    public IReadOnlyCollection<string> Fallbacks => _fallbacks;

    /// <summary>Nodes that were gained after the first acquisition.</summary>
    public int TakenOver { get; private set; }

    /// <summary>Whether the session may ask for anything.</summary>
    public bool HasAny => _nodes.Count > _alone.Count;

    public ShareableNode this[int index] => _nodes[index];

    /// <summary>Nodes whose values another session publishes, or has published to the last bar.</summary>
    public IEnumerable<int> Readable => _grants.Where(grant => !_alone.Contains(grant.Key) && (!grant.Value.IsHeld || IsComplete(grant.Value))).Select(grant => grant.Key);

    /// <summary>Nodes that this session publishes, should it compute them.</summary>
    public IEnumerable<int> Offerable => _grants.Where(grant => !_alone.Contains(grant.Key) && grant.Value.IsHeld && !IsComplete(grant.Value)).Select(grant => grant.Key);

    public NodeGrant GrantOf(int index) => _grants[index];

    /// <summary>Asks for every node that is not computed for this session alone.</summary>
    /// <returns>Whether a node is this session's that was not before.</returns>
    public async Task<bool> AcquireAsync(INodeExchange exchange, bool isFirst, CancellationToken cancellationToken)
    {
        var asked = _nodes.Values.Where(node => !_alone.Contains(node.Index)).ToArray();
        if (asked.Length == 0) return false;
        var grants = await exchange.AcquireAsync([.. asked.Select(node => new NodeRequest(node.NodeId, _lineage.Inputs(node.Columns)))], cancellationToken).ConfigureAwait(false);
        var gained = 0;
        for (var i = 0; i < asked.Length; i++)
        {
            if (grants[i].IsHeld && !(_grants.TryGetValue(asked[i].Index, out var before) && before.IsHeld)) gained++;
            _grants[asked[i].Index] = grants[i];
        }

        if (!isFirst) TakenOver += gained;
        return gained > 0;
    }

    /// <summary>Forgets held nodes that a cut does not publish; another session may have them.</summary>
    /// <returns>Their streams.</returns>
    public IReadOnlyList<string> Spare(GraphCut cut)
    {
        var offered = cut.Offered.ToHashSet();
        var spare = _grants.Where(grant => grant.Value.IsHeld && !offered.Contains(grant.Key)).ToArray();
        foreach (var (index, grant) in spare)
        {
            if (IsComplete(grant)) _grants[index] = grant with { IsHeld = false };
            else _grants.Remove(index);
        }

        return [.. spare.Select(grant => grant.Value.StreamId)];
    }

    /// <summary>Computes a node for this session alone from now on.</summary>
    public void ComputeAlone(int index, string reason)
    {
        _alone.Add(index);
        _fallbacks.Add(reason);
    }

    /// <summary>Computes everything for this session alone from now on.</summary>
    public void ComputeAlone(RefusalException reason)
    {
        foreach (var index in _nodes.Keys) _alone.Add(index);
        _fallbacks.Add($"{reason.Code}: {reason.Detail}");
    }

    /// <summary>Whether a batch holds what this session would have computed for a block.</summary>
    public bool Fits(int index, NodeBatch batch, int start, int length) =>
        batch.FirstBar == start && batch.Columns.Count == _nodes[index].Outputs && batch.Bars == length && string.Equals(batch.InputWindowHash, HashAt(index, start + length), StringComparison.Ordinal);

    /// <summary>Fingerprint of a node's inputs before a bar.</summary>
    public string HashAt(int index, int end) => _lineage.At(_nodes[index].Columns, end);

    private bool IsComplete(NodeGrant grant) => grant.NextBar >= _data.Count;
}
