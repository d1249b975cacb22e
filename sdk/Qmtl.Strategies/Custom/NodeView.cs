namespace Qmtl.Strategies;

/// <summary>A node of your own: the value of a bar from the windows of its inputs. Equal windows must give equal values.</summary>
/// <param name="view">The windows, which end at this bar.</param>
/// <returns>The value; NaN, or anything not finite, is missing.</returns>
public delegate double NodeFunction(NodeView view);

/// <summary>A node of your own that remembers: like <see cref="NodeFunction"/>, with numbers that stay from bar to bar.</summary>
/// <param name="view">The windows, which end at this bar.</param>
/// <param name="state">Zero before the first call; snapshots carry it. Nothing else may be remembered.</param>
/// <returns>The value; NaN, or anything not finite, is missing.</returns>
public delegate double StatefulNodeFunction(NodeView view, Span<double> state);

/// <summary>What a node function sees: the last <see cref="Period"/> values of each input. It lives for one call and copies nothing.</summary>
public readonly ref struct NodeView
{
    private readonly NodeShape _shape;
    private readonly ReadOnlySpan<double> _rings;
    private readonly int _start;

    internal NodeView(NodeShape shape, ReadOnlySpan<double> rings, int start)
    {
        _shape = shape;
        _rings = rings;
        _start = start;
    }

    /// <summary>How many inputs there are.</summary>
    public int Count => _shape.Inputs;

    /// <summary>How many values a window has.</summary>
    public int Period => _shape.Period;

    /// <summary>The window of an input: exactly <see cref="Period"/> values, oldest first.</summary>
    public ReadOnlySpan<double> this[int input] => _rings.Slice((input * 2 * _shape.Period) + _start, _shape.Period);

    /// <summary>The present value of an input.</summary>
    public double Latest(int input) => _rings[(input * 2 * _shape.Period) + _start + _shape.Period - 1];

    /// <summary>A parameter by its position in the list given to Compute.</summary>
    public double Parameter(int index) => _shape.Values[index];

    /// <summary>A parameter by its name: a short search, fine outside of inner loops.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public double Parameter(string name)
    {
        var index = Array.IndexOf(_shape.Names, name);
        return index >= 0
            ? _shape.Values[index]
            : throw new ArgumentException($"There is no parameter {name}; there are: {string.Join(", ", _shape.Names)}.", nameof(name));
    }
}

/// <summary>What does not change from bar to bar.</summary>
internal sealed record NodeShape(int Inputs, int Period, string[] Names, double[] Values);
