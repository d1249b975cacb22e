using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>What a node is to the engine.</summary>
internal enum NodeRole
{
    /// <summary>A literal; an argument of other nodes, never a node of the graph.</summary>
    Constant,

    /// <summary>The bars of an instrument.</summary>
    Stream,

    /// <summary>A column of those bars, loaded from the data.</summary>
    Field,

    /// <summary>Computed by a kernel.</summary>
    Operator,

    /// <summary>Computed by a kernel with several outputs; has no values of its own.</summary>
    Panel,

    /// <summary>One of the outputs of a panel.</summary>
    Output,

    /// <summary>A position target: where the graph ends.</summary>
    Target,
}

/// <summary>One immutable node of an expression. Its identity is computed when it is made, from those of its inputs.</summary>
internal sealed partial class Node
{
    private Node(NodeRole role, IReadOnlyList<Node> arguments, string text, bool delays = false)
    {
        Role = role;
        Arguments = arguments;
        Text = Short(text);
        Delayed = delays || arguments.Any(argument => argument.Delayed);
        Streams = role == NodeRole.Stream ? [this] : StreamsOf(arguments);
    }

    public NodeRole Role { get; }

    /// <summary>The inputs in the order of the operator's arguments, constants among them.</summary>
    public IReadOnlyList<Node> Arguments { get; }

    /// <summary>The expression as a person would write it, for messages and default names.</summary>
    public string Text { get; private set; }

    /// <summary>The bar streams that this depends on.</summary>
    public IReadOnlyList<Node> Streams { get; }

    public Kernel? Kernel { get; private init; }

    public double Value { get; private init; }

    public string Instrument { get; private init; } = "";

    public string Column { get; private init; } = "";

    /// <summary>The instrument of a tag query that this is computed for; empty outside of tag queries.</summary>
    public string Member { get; private init; } = "";

    /// <summary>How many members the tag query of this stream found; 0 for any other node.</summary>
    public int QueryMembers { get; private init; }

    public string? Name { get; private set; }

    public int Interval { get; private init; }

    public NodeSpec? Spec { get; private set; }

    /// <summary>The canonical identity; null for a constant.</summary>
    public string? Id => Spec?.NodeId;

    /// <summary>
    /// What tells the values of two nodes apart in a run. Outside of tag queries it is the identity; the members of a tag query are found at run
    /// time and share the identity of the query, but each has values of its own.
    /// </summary>
    public string? Key => Member.Length == 0 ? Id : $"{Id}#{Member}";

    /// <summary>
    /// Bars of the data before the first value: own lookback on top of the slowest input. On a coarser clock it is what may pass at most,
    /// whichever part of a long bar the data begins in.
    /// </summary>
    public int Warmup { get; private init; }

    /// <summary>Which output of the panel this picks.</summary>
    public int OutputIndex { get; private init; }

    /// <summary>True when this, or anything it is computed from, is known only after the bar it speaks of.</summary>
    public bool Delayed { get; }

    /// <summary>The same node under another name; names are no part of the identity.</summary>
    public Node Named(string name)
    {
        if (name.Length is 0 or > 200) throw Refuse.Graph(Text, $"must have a name of 1 to 200 characters, was {name.Length}");
        var named = (Node)MemberwiseClone();
        named.Name = name;
        named.Text = name;
        named.Spec = Spec is null ? null : Spec with { Name = name };
        return named;
    }

    // A text holds those of its inputs, so one that uses an input twice would double with every step; a submitted name has at most 200 characters.
    private static string Short(string text)
    {
        const int Most = 200, Head = 120;
        return text.Length <= Most ? text : $"{text.AsSpan(0, Head)}...{text.AsSpan(text.Length - (Most - Head - 3))}";
    }

    /// <summary>From here to the node that makes this delayed, as text: "a &lt;- b &lt;- label(...)".</summary>
    public string DelayPath()
    {
        var path = new List<string> { Text };
        for (var at = Arguments.FirstOrDefault(argument => argument.Delayed); at is not null; at = at.Arguments.FirstOrDefault(argument => argument.Delayed))
            path.Add(at.Text);
        return string.Join(" <- ", path);
    }

    // Most expressions are over one instrument, and share its list.
    private static IReadOnlyList<Node> StreamsOf(IReadOnlyList<Node> arguments)
    {
        IReadOnlyList<Node> streams = [];
        foreach (var argument in arguments)
        {
            if (argument.Streams.Count == 0 || ReferenceEquals(argument.Streams, streams)) continue;
            if (streams.Count > 0) return [.. arguments.SelectMany(one => one.Streams).DistinctBy(stream => stream.Key, StringComparer.Ordinal)];
            streams = argument.Streams;
        }

        return streams;
    }
}
