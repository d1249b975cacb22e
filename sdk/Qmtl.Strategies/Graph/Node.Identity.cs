using System.Collections.Frozen;
using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <content>How a node reads, and what of it is hashed. A replay needs neither.</content>
internal sealed partial class Node
{
    private const int MaxText = 200;

    private const string OhlcvSchema = "ohlcv-v1", SeriesSchema = "series-v1", PanelSchema = "panel-v1", TargetSchema = "position-target-v1";

    private static readonly FrozenDictionary<string, string> SchemaHashes = new[] { OhlcvSchema, SeriesSchema, PanelSchema, TargetSchema }
        .ToFrozenDictionary(schema => schema, schema => ContentHash.Sha256Hex(CanonicalValue.Of(schema)), StringComparer.Ordinal);

    private string? _text;
    private NodeSpec? _spec;

    /// <summary>The expression as a person would write it, for messages and default names.</summary>
    public string Text
    {
        get
        {
            if (_text is null) MakeInputsFirst(this, static node => node._text is not null, static node => node._text ??= Short(node.MakeText()));
            return _text!;
        }
    }

    /// <summary>What a submission says of the node, its identity included; null for a constant.</summary>
    public NodeSpec? Spec
    {
        get
        {
            if (Role == NodeRole.Constant) return null;
            if (_spec is null) MakeInputsFirst(this, static node => node._spec is not null || node.Role == NodeRole.Constant, static node => node._spec ??= node.MakeSpec());
            return _spec;
        }
    }

    /// <summary>The canonical identity; null for a constant.</summary>
    public string? Id => Spec?.NodeId;

    /// <summary>
    /// What tells the values of two nodes apart in a run. Outside of tag queries it is the identity; the members of a tag query are found at run
    /// time and share the identity of the query, but each has values of its own.
    /// </summary>
    public string? Key => Member.Length == 0 ? Id : $"{Id}#{Member}";

    // Without recursion: a loop can chain more operators than the stack has room for.
    private static void MakeInputsFirst(Node root, Predicate<Node> isMade, Action<Node> make)
    {
        var open = new Stack<Node>([root]);
        while (open.TryPeek(out var node))
        {
            var waiting = open.Count;
            foreach (var argument in node.Arguments)
            {
                if (!isMade(argument)) open.Push(argument);
            }

            if (open.Count > waiting) continue;
            make(node);
            open.Pop();
        }
    }

    // A text holds those of its inputs, so one that uses an input twice would double with every step; a submitted name has at most 200 characters.
    private static string Short(string text) => Refuse.Brief(text, MaxText);

    private string MakeText() => Role switch
    {
        NodeRole.Constant => Value.ToString("R", CultureInfo.InvariantCulture),
        NodeRole.Stream => $"{StreamName}@{Strategies.Interval.Format(Interval)}",
        NodeRole.Field => $"{Column}({Arguments[0].Text})",
        NodeRole.Output => $"{Arguments[0].Text}.{((PanelKernel)Arguments[0].Kernel!).OutputName(OutputIndex)}",
        _ => TextOf(Kernel, Arguments),
    };

    private string StreamName => Query is null ? Instrument : $"tags({string.Join(Query.Match == TagMatch.All ? " & " : " | ", Query.Tags)})";

    /// <summary>The text of an operator over its arguments, or of a target where there is none.</summary>
    private static string TextOf(Kernel? kernel, Node[] arguments) => kernel is null
        ? $"target({arguments[0].Text}, {arguments[1].Text})"
        : $"{kernel.Code.Name}({string.Join(", ", TextArguments(kernel, arguments))})";

    private static IEnumerable<string> TextArguments(Kernel kernel, Node[] arguments)
    {
        // A universe of hundreds is named by its first members.
        const int MostShown = 3;
        var shown = kernel.CrossesMembers ? MostShown : arguments.Length;
        foreach (var argument in arguments.Take(shown)) yield return argument.Text;
        if (shown < arguments.Length) yield return string.Create(CultureInfo.InvariantCulture, $"... {arguments.Length} members");
        if (kernel.Period > 1) yield return kernel.Period.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in kernel.Parameters) yield return string.Create(CultureInfo.InvariantCulture, $"{name}={value}");
    }

    private NodeSpec MakeSpec()
    {
        var (type, code, schema, parameters) = Role switch
        {
            NodeRole.Stream when Query is not null => (NodeSpec.TagQueryType, NodeCode.BuiltIn("tag_query"), OhlcvSchema, QueryParams(Query)),
            NodeRole.Stream => ("StreamInput", NodeCode.BuiltIn("stream"), OhlcvSchema, CanonicalValue.Map(("instrument", CanonicalValue.Of(Instrument)))),
            NodeRole.Field => ("ProcessingNode", NodeCode.BuiltIn("field"), SeriesSchema, CanonicalValue.Map(("op", CanonicalValue.Of("field")), ("field", CanonicalValue.Of(Column)))),
            NodeRole.Output => ("ProcessingNode", NodeCode.BuiltIn("output"), SeriesSchema, OutputParams()),
            NodeRole.Target => ("PositionTargetNode", NodeCode.BuiltIn("position_target"), TargetSchema, TargetParams()),
            NodeRole.Panel => ("ProcessingNode", Code, PanelSchema, OperatorParams(Kernel!)),
            _ => ("ProcessingNode", Code, SeriesSchema, OperatorParams(Kernel!)),
        };
        return new NodeSpec
        {
            NodeType = type,
            Interval = Interval,
            Period = Kernel?.Period ?? 1,
            Params = parameters,
            Dependencies = [.. Identified.Where(argument => argument.Role != NodeRole.Constant).Select(argument => argument.Id!)],
            SchemaCompatId = schema,
            SchemaHash = SchemaHashes[schema],
            CodeHash = code.Hash,
            Tags = Query?.Tags ?? [],
            MatchMode = Query is null ? null : ModeOf(Query),
            Name = Text,
        }.Seal();
    }

    /// <summary>The arguments that enter the identity. Members of a tag query are all computed alike, so that one stands for however many there are.</summary>
    private Node[] Identified => Kernel is { CrossesMembers: true } && Arguments[0].Member.Length > 0 ? [Arguments[0]] : Arguments;

    private static string ModeOf(TagQueryInfo query) => query.Match == TagMatch.All ? "all" : "any";

    private CanonicalValue QueryParams(TagQueryInfo query) => CanonicalValue.Map(
        ("interval", CanonicalValue.Of(Interval)), ("match_mode", CanonicalValue.Of(ModeOf(query))), ("query_tags", CanonicalValue.List(query.Tags.Select(CanonicalValue.Of))));

    // Which member of a tag query an output belongs to is found at run time, so it is no part of the identity.
    private CanonicalValue OutputParams() => Arguments[0].Kernel!.CrossesMembers && Member.Length > 0
        ? CanonicalValue.Map(("op", CanonicalValue.Of("output")))
        : CanonicalValue.Map(("op", CanonicalValue.Of("output")), ("output", CanonicalValue.Of((long)OutputIndex)));

    private CanonicalValue TargetParams() => Arguments[0].Member.Length > 0
        ? CanonicalValue.Map(("args", ArgumentList(Arguments)))
        : CanonicalValue.Map(("instrument", CanonicalValue.Of(Instrument)), ("args", ArgumentList(Arguments)));

    // Dependencies are hashed in sorted order, so an operator that tells its arguments apart must also say which is which.
    private CanonicalValue OperatorParams(Kernel kernel)
    {
        var arguments = Identified;
        var members = new List<(string, CanonicalValue)> { ("op", CanonicalValue.Of(Code.Name)) };
        if (Config is not null) members.Add(("config", Config));
        var constants = Array.Exists(arguments, argument => argument.Role == NodeRole.Constant);
        if (constants && kernel.Commutative) members.Add(("args", CanonicalValue.Set(ArgumentList(arguments).Items)));
        else if (constants || (arguments.Length > 1 && !kernel.Commutative)) members.Add(("args", ArgumentList(arguments)));
        return CanonicalValue.Map([.. members]);
    }

    private static CanonicalValue ArgumentList(Node[] arguments) =>
        CanonicalValue.List(arguments.Select(argument => argument.Role == NodeRole.Constant ? CanonicalValue.Of(argument.Value) : CanonicalValue.Of(argument.Id!)));
}
