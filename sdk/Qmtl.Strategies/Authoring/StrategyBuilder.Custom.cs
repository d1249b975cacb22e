using System.Reflection;

namespace Qmtl.Strategies;

public sealed partial class StrategyBuilder
{
    private const int MaxInputs = 64;
    private const int MaxState = 100_000;

    private readonly Dictionary<NodeCode, MemberInfo> _codes = [];

    /// <summary>A node of your own, written as a lambda over the windows of its inputs.</summary>
    /// <remarks>
    /// <code>
    /// var range = s.Compute(20, [price.High, price.Low], [NodeCode("acme.range", "1")] static (view) =>
    ///     TensorPrimitives.Max(view[0]) - TensorPrimitives.Min(view[1]));
    /// </code>
    /// The function is called once per bar, in a replay as in a live run. It sees the windows and the parameters and nothing else: captured variables,
    /// members of objects and static fields that can change are refused, because equal identities would no longer mean equal results.
    /// </remarks>
    /// <param name="period">Values per window, the present one included; part of the identity.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="function">Carries <see cref="NodeCodeAttribute"/>; its name and version stand for its code in the identity.</param>
    /// <param name="parameters">Named numbers, part of the identity, read by <see cref="NodeView.Parameter(string)"/>.</param>
    /// <param name="allowMissing">False: called only while all windows are full of present values, missing otherwise. True: called once the windows are full; values may be NaN.</param>
    /// <exception cref="Identity.RefusalException">The attribute is missing, something is captured, or an argument is out of range.</exception>
    public Series Compute(
        int period, ReadOnlySpan<Series> inputs, NodeFunction function, IReadOnlyList<(string Name, double Value)>? parameters = null, bool allowMissing = false) =>
        Custom(period, inputs, function, parameters ?? [], 0, allowMissing);

    /// <summary>A node of your own that remembers <paramref name="stateLength"/> numbers from bar to bar.</summary>
    /// <param name="period">Values per window, the present one included; part of the identity.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="stateLength">How many numbers it remembers, 1..100000.</param>
    /// <param name="function">Carries <see cref="NodeCodeAttribute"/>.</param>
    /// <param name="parameters">Named numbers, part of the identity.</param>
    /// <param name="allowMissing">As in the overload without state.</param>
    /// <exception cref="Identity.RefusalException">The attribute is missing, something is captured, or an argument is out of range.</exception>
    public Series Compute(
        int period, ReadOnlySpan<Series> inputs, int stateLength, StatefulNodeFunction function, IReadOnlyList<(string Name, double Value)>? parameters = null, bool allowMissing = false) =>
        stateLength is >= 1 and <= MaxState
            ? Custom(period, inputs, function, parameters ?? [], stateLength, allowMissing)
            : throw Refuse.Graph(_strategy, $"computes a node with a state of {stateLength} numbers; must be 1..{MaxState}");

    /// <summary>A node of your own: <paramref name="kernel"/> over <paramref name="inputs"/>. Its class needs a <see cref="NodeCodeAttribute"/>.</summary>
    /// <exception cref="Identity.RefusalException">The attribute is missing, or another class has the same one.</exception>
    public Series Compute(Kernel kernel, params ReadOnlySpan<Series> inputs)
    {
        Declare(kernel.Code, kernel.GetType());
        return new Series(Node.Of(kernel, NodesOf(kernel.Code.Name, inputs)));
    }

    private Series Custom(int period, ReadOnlySpan<Series> inputs, Delegate function, IReadOnlyList<(string Name, double Value)> parameters, int stateLength, bool allowMissing)
    {
        if (period is < 1 or > Kernel.MaxPeriod) throw Refuse.Graph(_strategy, $"computes a node over {period} bars; the period must be a whole number 1..{Kernel.MaxPeriod}");
        var shape = new NodeShape(inputs.Length, period, [.. parameters.Select(p => p.Name)], [.. parameters.Select(p => p.Value)]);
        var kernel = new FunctionKernel(function, shape, stateLength, allowMissing);
        Declare(kernel.Code, function.Method);
        return new Series(Node.Of(kernel, NodesOf(kernel.Code.Name, inputs)));
    }

    // Name and version stand for the code: two pieces of code under one name would be one node, and the second would never be called.
    private void Declare(NodeCode code, MemberInfo source)
    {
        if (_codes.TryAdd(code, source) || _codes[code] == source) return;
        throw Refuse.Graph(code.Name, $"is the name and version of two pieces of code in {_strategy}; give each [NodeCode] a name of its own, or share one static method");
    }

    private Node[] NodesOf(string node, ReadOnlySpan<Series> inputs)
    {
        if (inputs.Length is < 1 or > MaxInputs) throw Refuse.Graph(node, $"is computed by {_strategy} from {inputs.Length} inputs; must be 1..{MaxInputs}");
        var nodes = new Node[inputs.Length];
        for (var i = 0; i < nodes.Length; i++) nodes[i] = inputs[i].Node;
        return nodes;
    }
}
