using System.Reflection;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>Calls an author's function with the windows of its inputs.</summary>
/// <remarks>
/// Each window is a ring written twice, one period apart, so that its last values always lie side by side and need no copy.
/// State: [0] where the next bar goes, [1] bars in the windows, then the function's own numbers, then two periods per input.
/// </remarks>
internal sealed class FunctionKernel : Kernel
{
    private const int At = 0, Filled = 1, Header = 2;

    private readonly NodeCode _code;
    private readonly MethodInfo _source;
    private readonly NodeShape _shape;
    private readonly NodeFunction? _function;
    private readonly StatefulNodeFunction? _stateful;
    private readonly int _memory;
    private readonly bool _allowMissing;

    public FunctionKernel(Delegate function, NodeShape shape, int memory, bool allowMissing)
    {
        _source = function.Method;
        _code = NodeCode.DeclaredBy(_source);
        FunctionCheck.ThrowIfImpure(_code.Name, function);
        _function = function as NodeFunction;
        _stateful = function as StatefulNodeFunction;
        _shape = shape;
        _memory = memory;
        _allowMissing = allowMissing;
        var parameters = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < shape.Names.Length; i++)
        {
            if (!parameters.TryAdd(shape.Names[i], shape.Values[i])) throw Refuse.Graph(_code.Name, $"is given the parameter {shape.Names[i]} twice; leave one out");
            if (!double.IsFinite(shape.Values[i])) throw Refuse.Graph(_code.Name, $"is given a parameter {shape.Names[i]} that is not finite");
        }

        if (allowMissing) parameters.Add("allow_missing", true);
        Parameters = parameters;
    }

    internal override NodeCode Code => _code;

    internal override MemberInfo Source => _source;

    public override int Period => _shape.Period;

    public override int StateLength => Header + _memory + (2 * _shape.Period * _shape.Inputs);

    public override IReadOnlyDictionary<string, object> Parameters { get; }

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var period = _shape.Period;
        var memory = state.Slice(Header, _memory);
        var rings = state[(Header + _memory)..];
        var at = (int)state[At];
        var filled = (int)state[Filled];
        try
        {
            for (var i = 0; i < output.Length; i++)
            {
                var present = Write(inputs, i, rings, at);
                filled = present || _allowMissing ? Math.Min(filled + 1, period) : 0;
                output[i] = filled < period ? double.NaN : Missing.UnlessFinite(Call(new NodeView(_shape, rings, at + 1), memory));
                if (++at == period) at = 0;
            }
        }
        catch (Exception problem) when (problem is not RefusalException)
        {
            throw Refuse.Thrown(_code.Name, "its code", problem);
        }

        state[At] = at;
        state[Filled] = filled;
    }

    private double Call(NodeView view, Span<double> memory) => _function is not null ? _function(view) : _stateful!(view, memory);

    private bool Write(in KernelInputs inputs, int bar, Span<double> rings, int at)
    {
        var period = _shape.Period;
        var present = true;
        for (var input = 0; input < _shape.Inputs; input++)
        {
            var value = inputs[input][bar];
            var ring = rings.Slice(input * 2 * period, 2 * period);
            ring[at] = value;
            ring[at + period] = value;
            present &= !double.IsNaN(value);
        }

        return present;
    }
}
