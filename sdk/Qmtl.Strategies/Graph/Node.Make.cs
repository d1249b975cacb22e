using System.Collections.Frozen;
using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <content>Making nodes of each kind; what of them is hashed.</content>
internal sealed partial class Node
{
    private const string OhlcvSchema = "ohlcv-v1", SeriesSchema = "series-v1", PanelSchema = "panel-v1", TargetSchema = "position-target-v1";

    private static readonly FrozenDictionary<string, string> SchemaHashes = new[] { OhlcvSchema, SeriesSchema, PanelSchema, TargetSchema }
        .ToFrozenDictionary(schema => schema, schema => ContentHash.Sha256Hex(CanonicalValue.Of(schema)), StringComparer.Ordinal);

    public static Node Constant(double value) => double.IsFinite(value)
        ? new Node(NodeRole.Constant, [], value.ToString("R", CultureInfo.InvariantCulture)) { Value = value }
        : throw Refuse.Graph("constant", "must be a finite number; a missing value cannot be written down");

    public static Node Stream(string instrument, int interval)
    {
        var text = $"{instrument}@{Strategies.Interval.Format(interval)}";
        var spec = Seal(new NodeSpec
        {
            NodeType = "StreamInput",
            Interval = interval,
            Period = 1,
            Params = CanonicalValue.Map(("instrument", CanonicalValue.Of(instrument))),
            SchemaCompatId = OhlcvSchema,
            CodeHash = NodeCode.BuiltIn("stream").Hash,
            Name = text,
        });
        return new Node(NodeRole.Stream, [], text) { Instrument = instrument, Interval = interval, Spec = spec };
    }

    /// <summary>The bars of one member of a tag query. The identity names the query: which members it finds is no part of it.</summary>
    public static Node Tagged(string instrument, IReadOnlyList<string> tags, TagMatch match, int interval, int members)
    {
        var mode = match == TagMatch.All ? "all" : "any";
        var text = $"tags({string.Join(match == TagMatch.All ? " & " : " | ", tags)})@{Strategies.Interval.Format(interval)}";
        var spec = Seal(new NodeSpec
        {
            NodeType = NodeSpec.TagQueryType,
            Interval = interval,
            Period = 1,
            Params = CanonicalValue.Map(
                ("interval", CanonicalValue.Of(interval)), ("match_mode", CanonicalValue.Of(mode)), ("query_tags", CanonicalValue.List(tags.Select(CanonicalValue.Of)))),
            SchemaCompatId = OhlcvSchema,
            CodeHash = NodeCode.BuiltIn("tag_query").Hash,
            Tags = tags,
            MatchMode = mode,
            Name = text,
        });
        return new Node(NodeRole.Stream, [], text) { Instrument = instrument, Member = instrument, QueryMembers = members, Interval = interval, Spec = spec };
    }

    public static Node Field(Node stream, string column)
    {
        var text = $"{column}({stream.Text})";
        return new Node(NodeRole.Field, [stream], text)
        {
            Instrument = stream.Instrument,
            Member = stream.Member,
            Interval = stream.Interval,
            Column = column,
            Spec = Seal(new NodeSpec
            {
                NodeType = "ProcessingNode",
                Interval = stream.Interval,
                Period = 1,
                Params = CanonicalValue.Map(("op", CanonicalValue.Of("field")), ("field", CanonicalValue.Of(column))),
                Dependencies = [stream.Id!],
                SchemaCompatId = SeriesSchema,
                CodeHash = NodeCode.BuiltIn("field").Hash,
                Name = text,
            }),
        };
    }

    public static Node Of(Kernel kernel, params Node[] arguments)
    {
        var code = kernel.Code;
        var text = $"{code.Name}({string.Join(", ", TextArguments(kernel, arguments))})";
        var interval = CommonInterval(text, arguments);
        var identified = kernel.CrossesMembers ? MembersAsOne(text, arguments) : arguments;
        return new Node(kernel is PanelKernel ? NodeRole.Panel : NodeRole.Operator, arguments, text, kernel.IsDelayed)
        {
            Kernel = kernel,
            Member = kernel.CrossesMembers ? "" : CommonMember(text, arguments),
            Interval = interval,
            Warmup = (kernel.Lookback * Array.Find(arguments, argument => argument.Role != NodeRole.Constant)!.BarsPerBar) + arguments.Max(argument => argument.Warmup),
            Spec = Seal(new NodeSpec
            {
                NodeType = "ProcessingNode",
                Interval = interval,
                Period = kernel.Period,
                Params = OperatorParams(kernel, code, identified),
                Dependencies = [.. identified.Where(argument => argument.Role != NodeRole.Constant).Select(argument => argument.Id!)],
                SchemaCompatId = kernel is PanelKernel ? PanelSchema : SeriesSchema,
                CodeHash = code.Hash,
                Name = text,
            }),
        };
    }

    /// <summary>Output <paramref name="index"/> of a panel.</summary>
    public static Node Output(Node panel, int index)
    {
        var kernel = (PanelKernel)panel.Kernel!;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, kernel.OutputCount);
        var text = $"{panel.Text}.{kernel.OutputName(index)}";
        var member = kernel.CrossesMembers ? panel.Arguments[index].Member : panel.Member;
        // Which member of a tag query an output belongs to is found at run time, so it is no part of the identity.
        var which = kernel.CrossesMembers && member.Length > 0
            ? CanonicalValue.Map(("op", CanonicalValue.Of("output")))
            : CanonicalValue.Map(("op", CanonicalValue.Of("output")), ("output", CanonicalValue.Of((long)index)));
        return new Node(NodeRole.Output, [panel], text)
        {
            OutputIndex = index,
            Member = member,
            Interval = panel.Interval,
            Warmup = panel.Warmup + ((kernel.LookbackOf(index) - kernel.Lookback) * panel.BarsPerBar),
            Spec = Seal(new NodeSpec
            {
                NodeType = "ProcessingNode",
                Interval = panel.Interval,
                Period = 1,
                Params = which,
                Dependencies = [panel.Id!],
                SchemaCompatId = SeriesSchema,
                CodeHash = NodeCode.BuiltIn("output").Hash,
                Name = text,
            }),
        };
    }

    public static Node Target(Node stream, Node weight)
    {
        var text = $"target({stream.Text}, {weight.Text})";
        if (weight.Delayed)
            throw Refuse.Graph(text, $"would trade on what is known only later: {weight.DelayPath()}; labels are for training, keep them with Output(name, series)");
        Node[] arguments = [stream, weight];
        var interval = CommonInterval(text, arguments);
        return new Node(NodeRole.Target, arguments, text)
        {
            Instrument = stream.Instrument,
            Member = CommonMember(text, arguments),
            Interval = interval,
            Warmup = weight.Warmup,
            Spec = Seal(new NodeSpec
            {
                NodeType = "PositionTargetNode",
                Interval = interval,
                Period = 1,
                Params = stream.Member.Length > 0
                    ? CanonicalValue.Map(("args", ArgumentList(arguments)))
                    : CanonicalValue.Map(("instrument", CanonicalValue.Of(stream.Instrument)), ("args", ArgumentList(arguments))),
                Dependencies = [.. arguments.Where(argument => argument.Role != NodeRole.Constant).Select(argument => argument.Id!)],
                SchemaCompatId = TargetSchema,
                CodeHash = NodeCode.BuiltIn("position_target").Hash,
                Name = text,
            }),
        };
    }

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

    // Dependencies are hashed in sorted order, so an operator that tells its arguments apart must also say which is which.
    private static CanonicalValue OperatorParams(Kernel kernel, NodeCode code, Node[] arguments)
    {
        var members = new List<(string, CanonicalValue)> { ("op", CanonicalValue.Of(code.Name)) };
        if (kernel.Parameters.Count > 0) members.Add(("config", CanonicalObject.From(kernel.Parameters.ToDictionary(p => p.Key, object? (p) => p.Value, StringComparer.Ordinal))));
        var constants = arguments.Any(argument => argument.Role == NodeRole.Constant);
        if (constants && kernel.Commutative) members.Add(("args", CanonicalValue.Set(ArgumentList(arguments).Items)));
        else if (constants || (arguments.Length > 1 && !kernel.Commutative)) members.Add(("args", ArgumentList(arguments)));
        return CanonicalValue.Map([.. members]);
    }

    private static CanonicalValue ArgumentList(Node[] arguments) =>
        CanonicalValue.List(arguments.Select(argument => argument.Role == NodeRole.Constant ? CanonicalValue.Of(argument.Value) : CanonicalValue.Of(argument.Id!)));

    private static int CommonInterval(string text, Node[] arguments)
    {
        var series = arguments.Where(argument => argument.Role != NodeRole.Constant).ToArray();
        if (series.Length == 0) throw Refuse.Graph(text, "has only constants as inputs; at least one must be a series");
        var other = Array.Find(series, argument => argument.Interval != series[0].Interval);
        if (other is null) return series[0].Interval;
        var (fine, coarse) = other.Interval < series[0].Interval ? (other, series[0]) : (series[0], other);
        throw Refuse.Graph(
            text, $"mixes clocks: {fine.Text} comes every {Strategies.Interval.Format(fine.Interval)}, {coarse.Text} every {Strategies.Interval.Format(coarse.Interval)}; write coarse.AsOf(fine) to see its last complete bar on the finer clock, or fine.Resample(\"{Strategies.Interval.Format(coarse.Interval)}\") to go to the coarser");
    }

    // Members share the identity of their query, so an expression over two of them would have the same identity whichever two they are.
    private static string CommonMember(string text, Node[] arguments)
    {
        if (Array.TrueForAll(arguments, argument => argument.Member.Length == 0)) return "";
        var members = arguments.Select(argument => argument.Member).Where(member => member.Length > 0).Distinct(StringComparer.Ordinal).ToArray();
        return members.Length switch
        {
            0 => "",
            1 => members[0],
            _ => throw Refuse.Graph(
                text, $"mixes {members[0]} and {members[1]}, two members of a tag query; compare members across the panel (Rank, ZScore, Mean), or name the instruments with Price(instrument)"),
        };
    }

    // The members of a tag query are all computed alike, so that one of them stands for however many there are.
    private static Node[] MembersAsOne(string text, Node[] arguments)
    {
        if (arguments.All(argument => argument.Member.Length == 0)) return arguments;
        var other = Array.Find(arguments, argument => argument.Member.Length == 0 || argument.Id != arguments[0].Id);
        // Part of the members would have the identity of all of them.
        var all = arguments[0].Streams.Max(stream => stream.QueryMembers);
        if (other is null && arguments.Length != all)
            throw Refuse.Graph(text, $"compares {arguments.Length} of the {all} members of a tag query; a panel holds all of them, ask for fewer by another tag");
        return other is null
            ? [arguments[0]]
            : throw Refuse.Graph(text, $"compares {arguments[0].Text} with {other.Text}; a panel of a tag query must hold the same expression of every member, and nothing else");
    }

    private static NodeSpec Seal(NodeSpec spec)
    {
        ContextKeys.Refuse(spec.Params);
        return (spec with { Name = Short(spec.Name ?? ""), SchemaHash = SchemaHashes[spec.SchemaCompatId!] }).Seal();
    }
}
