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

/// <summary>One immutable node of an expression. Its text and its identity follow from those of its inputs, and are made when somebody asks for them.</summary>
internal sealed partial class Node
{
    private Node(NodeRole role, Node[] arguments, bool delays = false)
    {
        Role = role;
        Arguments = arguments;
        Delayed = delays || Array.Exists(arguments, static argument => argument.Delayed);
        Streams = role == NodeRole.Stream ? [this] : StreamsOf(arguments);
    }

    public NodeRole Role { get; }

    /// <summary>The inputs in the order of the operator's arguments, constants among them.</summary>
    public Node[] Arguments { get; }

    /// <summary>The bar streams that this depends on.</summary>
    public IReadOnlyList<Node> Streams { get; }

    public Kernel? Kernel { get; private init; }

    /// <summary>What stands for the kernel's code; empty where there is no kernel.</summary>
    public NodeCode Code { get; private init; }

    /// <summary>The kernel's parameters; null when it has none.</summary>
    public CanonicalValue? Config { get; private init; }

    public double Value { get; private init; }

    public string Instrument { get; private init; } = "";

    public string Column { get; private init; } = "";

    /// <summary>The instrument of a tag query that this is computed for; empty outside of tag queries.</summary>
    public string Member { get; private init; } = "";

    /// <summary>The tag query that found this stream; null for any other node.</summary>
    public TagQueryInfo? Query { get; private init; }

    public int Interval { get; private init; }

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
        if (name.Length is 0 or > MaxText) throw Refuse.Graph(Text, $"must have a name of 1 to {MaxText} characters, was {name.Length}");
        var named = (Node)MemberwiseClone();
        named._text = name;
        named._spec = null;
        return named;
    }

    /// <summary>
    /// True when the two do the same, whatever to: with equal inputs their identities are equal, and so, in a tag query, are their members. What
    /// an identity is made of is compared, which is far cheaper than making it.
    /// </summary>
    public bool DoesTheSame(Node other) =>
        Role == other.Role && Interval == other.Interval && OutputIndex == other.OutputIndex && Code == other.Code && Kernel?.Period == other.Kernel?.Period
        && Same(Instrument, other.Instrument) && Same(Column, other.Column) && Same(Member, other.Member)
        && Equals(Config, other.Config) && Equals(Query, other.Query);

    /// <summary>How the node that makes this delayed comes in, as text: "... &lt;- sma(label(...)) &lt;- label(...)". Each step holds the text of the next.</summary>
    public string DelayPath()
    {
        const int Steps = 2, StepLength = 60;
        var path = new List<string> { Text };
        for (var at = Arguments.FirstOrDefault(argument => argument.Delayed); at is not null; at = at.Arguments.FirstOrDefault(argument => argument.Delayed))
            path.Add(at.Text);
        var last = string.Join(" <- ", path.TakeLast(Steps).Select(text => Refuse.Brief(text, StepLength)));
        return path.Count > Steps ? "... <- " + last : last;
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.Ordinal);

    // Most expressions are over one instrument, and share its list.
    private static IReadOnlyList<Node> StreamsOf(Node[] arguments)
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

/// <summary>A tag query, as the streams that it found know it.</summary>
/// <param name="Tags">The tags, sorted.</param>
/// <param name="Match">Whether one of them is enough.</param>
/// <param name="Members">How many members there are; no part of the identity.</param>
internal sealed record TagQueryInfo(IReadOnlyList<string> Tags, TagMatch Match, int Members)
{
    /// <inheritdoc/>
    public bool Equals(TagQueryInfo? other) => other is not null && Match == other.Match && Tags.SequenceEqual(other.Tags, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Match, Tags.Count);
}
