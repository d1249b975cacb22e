using System.Runtime.InteropServices;

namespace Qmtl.Strategies;

/// <summary>Nodes, each once and behind its inputs: what graphs and plans are made from.</summary>
/// <remarks>
/// Two nodes are one when they do the same to the same inputs, which is when their identities (and, in a tag query, their members) are equal. Inputs are
/// numbers here, so that nothing downstream compares text.
/// </remarks>
internal sealed class NodeTable
{
    /// <summary>Stands for a constant among the inputs of a node.</summary>
    public const int Constant = -1;

    private readonly List<Node> _nodes = [];
    private readonly List<int[]> _inputs = [];
    private readonly Dictionary<Node, int> _placeOf = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Operation, int> _placeOfOperation = new(new OperationComparer());

    /// <summary>The nodes, in the order in which they were first asked for.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Where the arguments of node <paramref name="place"/> stand in the table; <see cref="Constant"/> for those that are constants.</summary>
    public ReadOnlySpan<int> InputsOf(int place) => _inputs[place];

    /// <summary>Where <paramref name="node"/> stands; it is added, behind its inputs, if it is new.</summary>
    /// <exception cref="Identity.RefusalException">A node of the same identity runs other code of its author's.</exception>
    public int Add(Node node)
    {
        if (_placeOf.TryGetValue(node, out var known)) return known;
        var arguments = node.Arguments;
        var inputs = new int[arguments.Length];
        for (var i = 0; i < inputs.Length; i++) inputs[i] = arguments[i].Role == NodeRole.Constant ? Constant : Add(arguments[i]);
        ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(_placeOfOperation, new Operation(node, inputs), out var exists);
        if (!exists)
        {
            place = _nodes.Count;
            _nodes.Add(node);
            _inputs.Add(inputs);
        }
        else if (node.Kernel is not null)
        {
            CodeSource.ThrowIfDifferent(_nodes[place], node);
        }

        _placeOf.Add(node, place);
        return place;
    }

    /// <summary>What a node does, and to which nodes.</summary>
    private readonly record struct Operation(Node Node, int[] Inputs);

    private sealed class OperationComparer : IEqualityComparer<Operation>
    {
        public bool Equals(Operation x, Operation y) =>
            x.Node.DoesTheSame(y.Node) && x.Inputs.Length == y.Inputs.Length
            && (SameInOrder(x, y) || (x.Node.Kernel is { Commutative: true } && SameInAnyOrder(x, y)));

        // The order of inputs is left out, because for some operators it does not matter.
        public int GetHashCode(Operation obj)
        {
            var inputs = obj.Inputs.Length;
            for (var i = 0; i < obj.Inputs.Length; i++) inputs += obj.Inputs[i] == Constant ? ValueOf(obj, i).GetHashCode() : (obj.Inputs[i] + 1) * 0x2545_F491;
            var node = obj.Node;
            var kind = HashCode.Combine(node.Role, node.Interval, node.OutputIndex, node.Kernel?.Period ?? 0);
            return HashCode.Combine(inputs, kind, Hash(node.Role is NodeRole.Operator or NodeRole.Panel ? node.Code.Name : node.Instrument), Hash(node.Column), Hash(node.Member));
        }

        private static int Hash(string text) => text.Length == 0 ? 0 : string.GetHashCode(text, StringComparison.Ordinal);

        private static bool SameInOrder(Operation x, Operation y)
        {
            for (var i = 0; i < x.Inputs.Length; i++)
            {
                if (Compare(x, i, y, i) != 0) return false;
            }

            return true;
        }

        private static bool SameInAnyOrder(Operation x, Operation y)
        {
            var mine = Enumerable.Range(0, x.Inputs.Length).ToArray();
            var its = Enumerable.Range(0, y.Inputs.Length).ToArray();
            Array.Sort(mine, (a, b) => Compare(x, a, x, b));
            Array.Sort(its, (a, b) => Compare(y, a, y, b));
            for (var i = 0; i < mine.Length; i++)
            {
                if (Compare(x, mine[i], y, its[i]) != 0) return false;
            }

            return true;
        }

        private static int Compare(Operation x, int i, Operation y, int j) => x.Inputs[i] == Constant && y.Inputs[j] == Constant
            ? ValueOf(x, i).CompareTo(ValueOf(y, j))
            : x.Inputs[i].CompareTo(y.Inputs[j]);

        // Both zeros are written as 0.0 in an identity.
        private static double ValueOf(Operation operation, int i) => operation.Node.Arguments[i].Value + 0.0;
    }
}
