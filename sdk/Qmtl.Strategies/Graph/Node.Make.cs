using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <content>Making nodes of each kind; what would be a mistake is refused here.</content>
internal sealed partial class Node
{
    public static Node Constant(double value) => double.IsFinite(value)
        ? new Node(NodeRole.Constant, []) { Value = value }
        : throw Refuse.Graph("constant", "must be a finite number; a missing value cannot be written down");

    public static Node Stream(string instrument, int interval) => new(NodeRole.Stream, []) { Instrument = instrument, Interval = interval };

    /// <summary>The bars of one member of a tag query. The identity names the query: which members it finds is no part of it.</summary>
    public static Node Tagged(string instrument, IReadOnlyList<string> tags, TagMatch match, int interval, int members) => new(NodeRole.Stream, [])
    {
        Instrument = instrument,
        Member = instrument,
        Query = new TagQueryInfo(tags, match, members),
        Interval = interval,
    };

    public static Node Field(Node stream, string column) => new(NodeRole.Field, [stream])
    {
        Instrument = stream.Instrument,
        Member = stream.Member,
        Interval = stream.Interval,
        Column = column,
    };

    public static Node Of(Kernel kernel, params Node[] arguments)
    {
        var code = kernel.Code;
        var first = FirstSeries(kernel, arguments);
        ThrowIfClocksMix(kernel, arguments, first);
        if (kernel.CrossesMembers) ThrowIfNotOnePanel(kernel, arguments);
        return new Node(kernel is PanelKernel ? NodeRole.Panel : NodeRole.Operator, arguments, kernel.IsDelayed)
        {
            Kernel = kernel,
            Code = code,
            Config = ConfigOf(kernel),
            Member = kernel.CrossesMembers ? "" : CommonMember(kernel, arguments),
            Interval = first.Interval,
            Warmup = (kernel.Lookback * first.BarsPerBar) + LongestWarmup(arguments),
        };
    }

    /// <summary>Output <paramref name="index"/> of a panel.</summary>
    public static Node Output(Node panel, int index)
    {
        var kernel = (PanelKernel)panel.Kernel!;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, kernel.OutputCount);
        return new Node(NodeRole.Output, [panel])
        {
            OutputIndex = index,
            Member = kernel.CrossesMembers ? panel.Arguments[index].Member : panel.Member,
            Interval = panel.Interval,
            Warmup = panel.Warmup + ((kernel.LookbackOf(index) - kernel.Lookback) * panel.BarsPerBar),
        };
    }

    public static Node Target(Node stream, Node weight)
    {
        Node[] arguments = [stream, weight];
        if (weight.Delayed)
        {
            throw Refuse.Graph(
                TextOf(null, arguments), $"would trade on what is known only later: {weight.DelayPath()}; labels are for training, keep them with Output(name, series)");
        }

        ThrowIfClocksMix(null, arguments, stream);
        return new Node(NodeRole.Target, arguments)
        {
            Instrument = stream.Instrument,
            Member = CommonMember(null, arguments),
            Interval = stream.Interval,
            Warmup = weight.Warmup,
        };
    }

    /// <summary>The kernel's parameters in canonical form, or null when it has none.</summary>
    /// <exception cref="RefusalException">A name speaks of a context, or a value has no canonical form.</exception>
    private static CanonicalValue? ConfigOf(Kernel kernel)
    {
        var parameters = kernel.Parameters;
        if (parameters.Count == 0) return null;
        var config = CanonicalObject.From(parameters.ToDictionary(p => p.Key, object? (p) => p.Value, StringComparer.Ordinal));
        ContextKeys.Refuse(config, "/params/config");
        return config;
    }

    private static int LongestWarmup(Node[] arguments)
    {
        var longest = 0;
        foreach (var argument in arguments) longest = Math.Max(longest, argument.Warmup);
        return longest;
    }

    private static Node FirstSeries(Kernel kernel, Node[] arguments) =>
        Array.Find(arguments, static argument => argument.Role != NodeRole.Constant)
            ?? throw Refuse.Graph(TextOf(kernel, arguments), "has only constants as inputs; at least one must be a series");

    private static void ThrowIfClocksMix(Kernel? kernel, Node[] arguments, Node first)
    {
        foreach (var other in arguments)
        {
            if (other.Role == NodeRole.Constant || other.Interval == first.Interval) continue;
            var (fine, coarse) = other.Interval < first.Interval ? (other, first) : (first, other);
            throw Refuse.Graph(
                TextOf(kernel, arguments),
                $"mixes clocks: {Inner(fine)} comes every {Strategies.Interval.Format(fine.Interval)}, {Inner(coarse)} every {Strategies.Interval.Format(coarse.Interval)}; write coarse.AsOf(fine) for its last complete bar, or fine.Resample(\"{Strategies.Interval.Format(coarse.Interval)}\")");
        }

        // The whole expression holds both already.
        static string Inner(Node node) => Refuse.Brief(node.Text, 52);
    }

    // Members share the identity of their query, so an expression over two of them would have the same identity whichever two they are.
    private static string CommonMember(Kernel? kernel, Node[] arguments)
    {
        var member = "";
        foreach (var argument in arguments)
        {
            if (argument.Member.Length == 0 || Same(argument.Member, member)) continue;
            if (member.Length > 0)
            {
                throw Refuse.Graph(
                    TextOf(kernel, arguments),
                    $"mixes {member} and {argument.Member}, two members of a tag query; compare members across the panel (Rank, ZScore, Mean), or name the instruments with Price(instrument)");
            }

            member = argument.Member;
        }

        return member;
    }

    /// <summary>Refuses a panel with members of a tag query in which they are not all there, or not all computed alike.</summary>
    private static void ThrowIfNotOnePanel(Kernel kernel, Node[] arguments)
    {
        if (Array.TrueForAll(arguments, static argument => argument.Member.Length == 0)) return;
        var other = Array.Find(arguments, argument => argument.Member.Length == 0 || !Same(argument.Id!, arguments[0].Id!));
        if (other is not null)
        {
            throw Refuse.Graph(
                TextOf(kernel, arguments),
                $"compares {Refuse.Brief(arguments[0].Text, 60)} with {Refuse.Brief(other.Text, 60)}; a panel of a tag query must hold the same expression of every member, and nothing else");
        }

        // Part of the members would have the identity of all of them.
        var all = arguments[0].Streams.Max(stream => stream.Query?.Members ?? 0);
        if (arguments.Length != all)
            throw Refuse.Graph(TextOf(kernel, arguments), $"compares {arguments.Length} of the {all} members of a tag query; a panel holds all of them, ask for fewer by another tag");
    }
}
